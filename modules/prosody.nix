# Prosody: an instance of our own on loopback. An admin's services.prosody is left alone.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalExpression
    mkDefault
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  schema = lib.importJSON ./settings/prosody.json;
  remote = lib.filterAttrs (_: bridge: !bridge.isLocal) cfg.bridges;
  credentials = {
    focus-secret = cfg.secrets.list.focus-secret.path;
    rooms-secret = cfg.secrets.list.rooms-secret.path;
  }
  // lib.mapAttrs' (name: _: {
    name = "account-${name}";
    value = cfg.secrets.list."bridge-${name}".path;
  }) cfg.bridges
  // lib.optionalAttrs cfg.turn.enable { turn-secret = cfg.secrets.list.turn-secret.path; }
  // lib.optionalAttrs (remote != { } && cfg.tls.files != null) {
    tls-certificate = cfg.tls.files.cert;
    tls-key = cfg.tls.files.key;
  };

  # Rendered by the program that renders it for `pyjitsi up`, then judged by Prosody itself.
  configFile =
    pkgs.runCommand "meet-prosody.cfg.lua"
      {
        nativeBuildInputs = [
          cfg.package
          cfg.prosody.package
        ];
      }
      ''
        mkdir data credentials
        for name in ${lib.escapeShellArgs (builtins.attrNames credentials)}; do echo dummy > credentials/"$name"; done
        export CREDENTIALS_DIRECTORY=$PWD/credentials
        pyjitsi prosody --config ${
          ours.settingsFile "prosody" cfg.prosody.settings (builtins.attrNames credentials)
        } > prosody.cfg.lua
        prosodyctl --root --config "$PWD/prosody.cfg.lua" check config > report 2>&1 || { cat report >&2; exit 1; }
        cp prosody.cfg.lua $out
      '';
in
{
  options.services.meet.prosody = {
    enable = mkOption {
      type = types.bool;
      default = false;
      defaultText = literalExpression "config.services.meet.enable";
      example = true;
      description = "Whether to run the Prosody instance of the meeting server here.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs.prosody;
      defaultText = literalExpression "pkgs.prosody";
      example = literalExpression "pkgs.prosody.override { withCommunityModules = [ \"http_altconnect\" ]; }";
      description = "Prosody, 0.12 or 13.";
    };

    listenAddresses = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "10.0.0.1" ];
      description = ''
        Addresses of this host, beside loopback, on which bridges of other hosts log in: with TLS only, and through the
        firewall only from the addresses in {option}`services.meet.bridges`.
      '';
    };

    httpPort = mkOption {
      type = types.port;
      default = 5280;
      example = 5380;
      description = "The loopback port of web-sockets and BOSH, behind the web server.";
    };

    componentPort = mkOption {
      type = types.port;
      default = 5347;
      example = 5447;
      description = "The loopback port of the focus and the room services.";
    };

    settings = mkOption {
      type = (import ./schema.nix { inherit lib; }) schema;
      default = { };
      example = {
        client_rate = "128kb/s";
      };
      description = "Settings of the instance, as `pyjitsi schema prosody` prints them. A misspelt one is refused.";
    };
  };

  config = mkIf cfg.prosody.enable {
    warnings =
      let
        version = lib.getVersion cfg.prosody.package;
        mended = if lib.versionAtLeast version "13" then "13.0.5" else "0.12.6";
      in
      lib.optional (version != "" && lib.versionOlder version mended) ''
        services.meet.prosody.package is Prosody ${version}, which strangers can exhaust without logging in
        (CVE-2026-43506, CVE-2026-43507): take Prosody ${mended} or later, or one with the mends ported back.
      '';

    assertions = [
      {
        assertion = remote != { } -> cfg.prosody.listenAddresses != [ ];
        message = "services.meet.prosody.listenAddresses must have an address that the bridges ${lib.concatStringsSep ", " (builtins.attrNames remote)} of services.meet.bridges can reach.";
      }
      {
        assertion = cfg.prosody.listenAddresses != [ ] -> cfg.tls.files != null;
        message = "services.meet.prosody.listenAddresses needs a certificate: set services.meet.tls.acme, certFile with keyFile, or selfSigned.";
      }
      {
        assertion = !cfg.xmpp.isLocal -> !cfg.prosody.enable;
        message = "services.meet.xmpp.host names another host, yet services.meet.prosody.enable runs Prosody here; drop one of them.";
      }
    ];

    services.meet.secrets.list =
      lib.mapAttrs' (name: bridge: {
        name = "bridge-${name}";
        value = {
          file = bridge.passwordFile;
          option = "bridges.${name}.passwordFile";
        };
      }) cfg.bridges
      // {
        focus-secret = {
          file = cfg.focus.secretFile;
          option = "focus.secretFile";
        };
        rooms-secret = {
          file = cfg.roomServices.secretFile;
          option = "roomServices.secretFile";
        };
      };

    services.meet.xmpp.port = mkIf (
      config.services.prosody.enable or false || config.services.ejabberd.enable or false
    ) (mkDefault 5322);
    services.meet.prosody.httpPort = mkIf (config.services.prosody.enable or false) (mkDefault 5380);
    services.meet.prosody.componentPort = mkIf (config.services.prosody.enable or false) (mkDefault 5447);

    services.meet.prosody.settings = {
      domain = cfg.hostName;
      data_directory = "/run/meet-prosody";
      accounts = lib.mapAttrs (name: _: "account-${name}") cfg.bridges;
      interfaces = mkDefault ([ "127.0.0.1" ] ++ lib.optional config.networking.enableIPv6 "::1");
      c2s_port = cfg.xmpp.port;
      http_port = cfg.prosody.httpPort;
      component_port = cfg.prosody.componentPort;
      rooms_http_port = cfg.roomServices.settings.http_port;
      log_level = mkDefault (if cfg.logLevel == "warning" then "warn" else cfg.logLevel);
      c2s_interfaces = mkIf (remote != { }) cfg.prosody.listenAddresses;
      tls = mkIf (remote != { }) {
        certificate = "tls-certificate";
        key = "tls-key";
      };
    };

    systemd.services.meet-prosody =
      let
        base = ours.unit {
          description = "Meet's Prosody";
          role = "prosody";
          file = configFile;
          inherit credentials;
          serviceConfig = {
            ExecStart = "${lib.getExe' cfg.prosody.package "prosody"} -F --config ${configFile}";
            RuntimeDirectory = "meet-prosody";
            LimitNOFILE = 131072; # a socket for everybody in every meeting
            TasksMax = 256;
          };
        };
      in
      base
      // {
        after = [
          "network-online.target"
          "meet-secrets.service"
          "meet-tls.service"
        ]
        ++ lib.optional (remote != { } && cfg.tls.acme) "acme-${cfg.hostName}.service";
        stopIfChanged = false;
      };

    # A new certificate reaches Prosody by a restart, as credentials do. Clients come back by themselves.
    security.acme.certs = mkIf (remote != { } && cfg.tls.acme) {
      ${cfg.hostName}.postRun = "systemctl try-restart meet-prosody.service";
    };
  };
}
