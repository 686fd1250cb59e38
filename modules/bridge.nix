# A bridge (JVB's role), on the host of Prosody or on one of its own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalExpression
    literalMD
    mkDefault
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  bridge = cfg.bridge;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  credentials.xmpp__password =
    if cfg.prosody.enable then cfg.secrets.list."bridge-${bridge.name}".path else bridge.passwordFile;
  # A new generation comes up beside the running one: two places, of which the second has names and ports of its own.
  places = {
    meet-bridge = bridge.settings;
    meet-bridge-2 = bridge.settings // {
      nickname = "${bridge.name}-2";
      server_id = "${bridge.name}-2";
      relay_id = if bridge.settings.relay_id or null == null then null else "${bridge.settings.relay_id}-2";
      udp_port = bridge.port + 1;
      http_port = bridge.httpPort + 1;
    };
  };
  httpHost =
    if bridge.listenAddress == "0.0.0.0" || bridge.listenAddress == "::" then
      "127.0.0.1"
    else
      bridge.listenAddress;
  systemctl = "${config.systemd.package or pkgs.systemd}/bin/systemctl";
  # Whatever makes the running bridge another one than this. The settings' own `generation` can't be part of itself.
  generation = builtins.substring 0 12 (
    builtins.hashString "sha256" (
      builtins.toJSON [
        (removeAttrs bridge.settings [ "generation" ])
        (toString bridge.package)
        credentials
      ]
    )
  );
in
{
  options.services.meet.bridge = {
    enable = mkOption {
      type = types.bool;
      default = false;
      defaultText = literalExpression "config.services.meet.enable";
      example = true;
      description = "Whether to run a bridge here.";
    };

    package = ours.packageOption "bridge";

    name = mkOption {
      type = types.strMatching "[a-z0-9]([a-z0-9_-]*[a-z0-9])?";
      default =
        if config.networking.hostName == "" then "jvb" else lib.toLower config.networking.hostName;
      defaultText = literalExpression "config.networking.hostName";
      example = "eu1";
      description = ''
        This bridge's name: its account, its place in the brewery and its path on the web server. The meeting server's
        {option}`services.meet.bridges` has an entry of the same name.
      '';
    };

    region = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "eu";
      description = "Where this bridge is, for the focus's choice.";
    };

    passwordFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-eu1";
      description = ''
        The bridge's password, as the first line of a file: the same as the meeting server has for it. Needed where
        Prosody is on another host; where it is here, name the file in {option}`services.meet.bridges` or leave it out.
      '';
    };

    port = mkOption {
      type = types.port;
      default = 10000;
      example = 10010;
      description = ''
        The UDP port of all media. The one above it is for the next generation of the bridge, which comes up beside one
        that still has meetings.
      '';
    };

    listenAddress = mkOption {
      type = types.str;
      default = if cfg.xmpp.isLocal then "127.0.0.1" else "0.0.0.0";
      defaultText = literalMD "`\"127.0.0.1\"`, or `\"0.0.0.0\"` where Prosody is on another host";
      example = "10.0.0.11";
      description = "Where the bridge serves its channel, health and metrics over HTTP; the web server stands before it.";
    };

    httpPort = mkOption {
      type = types.port;
      default = 9090;
      example = 9091;
      description = "The TCP port of that; the one above it is for the next generation.";
    };

    allowFrom = mkOption {
      type = types.listOf types.str;
      default = lib.optional (
        !cfg.xmpp.isLocal && builtins.match "[0-9.]+|[0-9a-f:]+" cfg.xmpp.host != null
      ) cfg.xmpp.host;
      defaultText = literalExpression "[ config.services.meet.xmpp.host ]";
      example = [ "10.0.0.1" ];
      description = "Addresses from which the firewall lets the web server and Prometheus reach that port.";
    };

    nat.publicAddresses = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "203.0.113.7" ];
      description = ''
        Public addresses that are mapped to this host, where it has none of its own (most clouds, most homes). The UDP
        port must be forwarded unchanged. One for each address family at the most.
      '';
    };

    nat.localAddresses = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "10.0.0.5" ];
      description = "The addresses of this host to which the public ones are mapped, in the same order.";
    };

    nat.stunServers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "stun.example.org:3478" ];
      description = ''
        STUN servers that are asked for the public address instead, at the start and every five minutes after it, for
        hosts whose address changes. They learn this host's address; nobody else's is told them.
      '';
    };

    drainSeconds = mkOption {
      type = types.ints.unsigned;
      default = 3600;
      example = 10800;
      description = ''
        How long a bridge that is to end waits for its meetings: after `nixos-rebuild switch` brought a new generation,
        and when its unit is stopped. At a reboot it does not wait.
      '';
    };

    settings = mkOption {
      type = (import ./schema.nix { inherit lib; }) (lib.importJSON ./settings/bridge.json);
      default = { };
      example = {
        max_endpoints = 1000;
      };
      description = "Settings of the bridge, as `pyjitsi schema bridge` prints them. A misspelt one is refused.";
    };
  };

  config = mkIf bridge.enable {
    assertions = [
      {
        assertion = cfg.prosody.enable || !cfg.xmpp.isLocal;
        message = "services.meet.xmpp.host must name the meeting server: services.meet.bridge is enabled here, and Prosody is not.";
      }
      {
        assertion = cfg.prosody.enable || bridge.passwordFile != null;
        message = "services.meet.bridge.passwordFile must be set, because Prosody is on another host; it holds the password of services.meet.bridges.${bridge.name} there.";
      }
      {
        assertion = cfg.prosody.enable -> bridge.passwordFile == null;
        message = "services.meet.bridge.passwordFile has no effect beside Prosody; set services.meet.bridges.${bridge.name}.passwordFile.";
      }
      {
        assertion =
          builtins.length bridge.nat.publicAddresses == builtins.length bridge.nat.localAddresses;
        message = "services.meet.bridge.nat.publicAddresses and services.meet.bridge.nat.localAddresses belong together, address by address; they have ${toString (builtins.length bridge.nat.publicAddresses)} and ${toString (builtins.length bridge.nat.localAddresses)}.";
      }
      {
        assertion = cfg.xmpp.isLocal || cfg.xmpp.caFile == null || bridge.settings.xmpp.security == "required";
        message = "services.meet.bridge.settings.xmpp.security must stay \"required\": Prosody is on another host.";
      }
    ];

    services.meet.bridge.settings = {
      xmpp = {
        host = cfg.xmpp.host;
        port = cfg.xmpp.port;
        domain = cfg.domains.auth;
        username = bridge.name;
        security = if cfg.xmpp.isLocal then "disabled" else "required";
        server_name = mkIf (!cfg.xmpp.isLocal) cfg.hostName;
        ca_file = mkIf (cfg.xmpp.caFile != null) (toString cfg.xmpp.caFile);
      };
      brewery = "jvbbrewery@${cfg.domains.internal}";
      nickname = bridge.name;
      server_id = bridge.name;
      region = mkDefault bridge.region;
      relay_id = mkDefault bridge.name;
      udp_port = bridge.port;
      http_host = bridge.listenAddress;
      http_port = bridge.httpPort;
      websocket_base = mkDefault "wss://${cfg.hostName}/colibri-ws";
      static_mappings = mkIf (bridge.nat.publicAddresses != [ ]) (
        lib.zipListsWith (local_address: public_address: { inherit local_address public_address; }) bridge.nat.localAddresses bridge.nat.publicAddresses
      );
      stun_servers = bridge.nat.stunServers;
      drain_seconds = bridge.drainSeconds;
      inherit generation;
      log_level = mkDefault cfg.logLevel;
    };

    # Neither place is started by a target: meet-bridge-handover knows which of them is to run.
    systemd.services =
      lib.mapAttrs (
        unit: settings:
        ours.unit {
          description = "Meet's bridge${lib.optionalString (unit != "meet-bridge") ", in its second place"}";
          role = "bridge";
          file = ours.settingsFile "bridge" settings (builtins.attrNames credentials);
          inherit credentials;
          serviceConfig = {
            # To list the machine's addresses, which become its candidates.
            RestrictAddressFamilies = ours.hardening.RestrictAddressFamilies ++ [ "AF_NETLINK" ];
            # pyOpenSSL gives OpenSSL a function that judges certificates, through a trampoline that cffi writes at run time.
            # Without it no client's DTLS ever completes.
            MemoryDenyWriteExecute = false;
            # It drains when it is told to stop. A reboot can't wait for meetings: then it is told to leave at once.
            ExecStop = "+${pkgs.writeShellScript "meet-bridge-stop" ''
              if [ "$(${systemctl} is-system-running)" = stopping ]; then
                kill -INT "$MAINPID"
              fi
            ''}";
            # It ends with this status after a handover. A third generation may be waiting for its place.
            RestartPreventExitStatus = 75;
            SuccessExitStatus = 75;
            ExecStopPost = "+${pkgs.writeShellScript "meet-bridge-ended" ''
              if [ "$EXIT_STATUS" = 75 ]; then
                ${systemctl} --no-block --job-mode=fail restart meet-bridge-handover.service || true
              fi
            ''}";
            TimeoutStopSec = "${toString (builtins.ceil (bridge.settings.drain_seconds + 30))}s";
            Nice = -5; # media before everything else that runs here,
            # and the threads that forward it before the rest of the bridge: they ask the kernel for short turns.
            SystemCallFilter = ours.hardening.SystemCallFilter ++ [ "sched_setattr" ];
          };
        }
        // {
          wantedBy = [ ];
          # A switch leaves it alone, and says so; meet-bridge-handover sees to the rest.
          restartIfChanged = false;
        }
      ) places
      // {
        meet-bridge-handover = {
          description = "Bring up the installed generation of Meet's bridge, beside one that has meetings";
          wantedBy = [ "multi-user.target" ];
          after = [
            "network-online.target"
            "meet-secrets.service"
            "meet-prosody.service"
          ];
          wants = [ "network-online.target" ];
          serviceConfig = ours.hardening // {
            Type = "oneshot";
            RemainAfterExit = true;
            # Nobody but root may start units.
            DynamicUser = false;
            PrivateUsers = false;
            ExecStart = lib.concatStringsSep " " (
              [
                "${lib.getExe bridge.package} handover --generation ${generation} --systemctl ${systemctl}"
              ]
              ++ lib.mapAttrsToList (
                unit: settings: "--bridge ${unit}=http://${httpHost}:${toString settings.http_port}"
              ) places
            );
            IPAddressDeny = "any";
            IPAddressAllow = [
              "localhost"
              httpHost
            ];
            Slice = "system-meet.slice";
          };
        };
      };

    # One UDP socket carries every stream of every meeting; the kernel's default buffers hold some 100 packets of them.
    boot.kernel.sysctl = {
      "net.core.rmem_max" = mkDefault 16777216;
      "net.core.wmem_max" = mkDefault 16777216;
      "net.core.netdev_max_backlog" = mkDefault 10000;
    };
  };
}
