# TURN, for people whose network lets no UDP through: a coturn of our own, with a secret that it shares with Prosody.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalExpression
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  turn = cfg.turn;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  tls = cfg.tls.files;
  # Nobody may use the relay to reach into this host's networks; the bridges are what it is for.
  configFile = pkgs.writeText "meet-turn.conf" (
    ''
      use-auth-secret
      realm=${cfg.hostName}
      listening-port=${toString turn.port}
      min-port=${toString turn.relayPorts.from}
      max-port=${toString turn.relayPorts.to}
      fingerprint
      no-cli
      no-multicast-peers
      no-tcp-relay
      simple-log
      log-file=stdout
      pidfile=/run/meet-turn/turnserver.pid
      userdb=/run/meet-turn/turndb
      denied-peer-ip=0.0.0.0-0.255.255.255
      denied-peer-ip=10.0.0.0-10.255.255.255
      denied-peer-ip=100.64.0.0-100.127.255.255
      denied-peer-ip=127.0.0.0-127.255.255.255
      denied-peer-ip=169.254.0.0-169.254.255.255
      denied-peer-ip=172.16.0.0-172.31.255.255
      denied-peer-ip=192.0.0.0-192.0.0.255
      denied-peer-ip=192.168.0.0-192.168.255.255
      denied-peer-ip=198.18.0.0-198.19.255.255
      denied-peer-ip=240.0.0.0-255.255.255.255
      denied-peer-ip=::-::1
      denied-peer-ip=::ffff:0:0-::ffff:ffff:ffff
      denied-peer-ip=64:ff9b::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff
      denied-peer-ip=2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
      denied-peer-ip=fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
      denied-peer-ip=fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    ''
    + lib.concatMapStrings (address: "allowed-peer-ip=${address}\n") (
      map (bridge: bridge.address) (builtins.filter (bridge: !bridge.isLocal) (builtins.attrValues cfg.bridges))
      ++ cfg.bridge.nat.localAddresses
    )
    + (if tls == null then "no-tls\nno-dtls\n" else "tls-listening-port=${toString turn.tlsPort}\n")
  );
  server = type: port: transport: {
    inherit type port transport;
    host = turn.host;
    secret_file = "turn-secret";
  };
in
{
  options.services.meet.turn = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to run coturn on the meeting server, and tell clients of it. It helps people whose network lets no UDP through.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.coturn;
      defaultText = literalExpression "pkgs.coturn";
      example = literalExpression "pkgs.coturn";
      description = "The coturn to run.";
    };

    port = mkOption {
      type = types.port;
      default = 3478;
      example = 3480;
      description = "The UDP and TCP port of TURN.";
    };

    tlsPort = mkOption {
      type = types.port;
      default = 5349;
      example = 5350;
      description = "The TCP port of TURN over TLS, where there is a certificate.";
    };

    webPort = mkOption {
      type = types.port;
      default = 4443;
      example = 8443;
      description = "The loopback port of nginx's web side, where {option}`services.meet.turn.tls443` splits port 443.";
    };

    host = mkOption {
      type = types.str;
      default = if turn.tls443 then "turn.${cfg.hostName}" else cfg.hostName;
      defaultText = literalExpression ''"turn.''${hostName}" with tls443, hostName without'';
      example = "turn.example.org";
      description = "The name under which clients reach the TURN server. It needs a DNS record.";
    };

    tls443 = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether TURN over TLS is on port 443 too, for networks that let nothing else out. nginx then tells it from the web site
        by the name in {option}`services.meet.turn.host` (SNI), and all its virtual hosts are behind that split.
      '';
    };

    relayPorts = {
      from = mkOption {
        type = types.port;
        default = 49152;
        example = 50000;
        description = "The first UDP port of relayed media.";
      };
      to = mkOption {
        type = types.port;
        default = 65535;
        example = 51000;
        description = "The last UDP port of relayed media.";
      };
    };

    secretFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-turn";
      description = "The secret between coturn and Prosody, as the first line of a file. Null makes one.";
    };
  };

  config = mkIf turn.enable {
    assertions = [
      {
        assertion = cfg.prosody.enable;
        message = "services.meet.turn.enable needs services.meet.prosody.enable on the same host, which tells clients of it.";
      }
      {
        assertion = turn.tls443 -> cfg.nginx.enable && tls != null;
        message = "services.meet.turn.tls443 needs services.meet.nginx.enable and a certificate (services.meet.tls): nginx splits port 443.";
      }
      {
        assertion = turn.tls443 -> turn.host != cfg.hostName;
        message = "services.meet.turn.tls443 needs a services.meet.turn.host other than services.meet.hostName, by which nginx tells the two apart.";
      }
      {
        assertion = turn.relayPorts.from <= turn.relayPorts.to;
        message = "services.meet.turn.relayPorts: from is above to.";
      }
      {
        assertion = !(config.services.coturn.enable or false) || turn.port != 3478;
        message = "services.meet.turn.port must be another than 3478, because services.coturn is enabled on this host.";
      }
    ];

    services.meet.secrets.list.turn-secret = {
      file = turn.secretFile;
      option = "turn.secretFile";
    };

    services.meet.prosody.settings.ice_servers = [
      (server "turn" turn.port "udp")
      (server "turn" turn.port "tcp")
    ]
    ++ lib.optional (tls != null) (server "turns" (if turn.tls443 then 443 else turn.tlsPort) "tcp");

    # One port for two: what asks for the TURN server's name goes to it, all else to nginx's web side, which learns by the
    # PROXY protocol who asks.
    services.nginx = mkIf turn.tls443 {
      streamConfig = ''
        map $ssl_preread_server_name $meet_backend {
          ${turn.host} unix:/run/nginx/meet-turn.sock;
          default 127.0.0.1:${toString turn.webPort};
        }
        server {
          listen 443;
          listen [::]:443;
          ssl_preread on;
          proxy_pass $meet_backend;
          proxy_protocol on;
          proxy_timeout 1h;
        }
        # coturn knows no PROXY protocol over TLS, so it is taken off.
        server {
          listen unix:/run/nginx/meet-turn.sock proxy_protocol;
          proxy_pass 127.0.0.1:${toString turn.tlsPort};
          proxy_timeout 1h;
        }
      '';
      defaultListen = [
        {
          addr = "127.0.0.1";
          port = turn.webPort;
          ssl = true;
          proxyProtocol = true;
        }
        {
          addr = "0.0.0.0";
          port = 80;
        }
        {
          addr = "[::]";
          port = 80;
        }
      ];
      commonHttpConfig = ''
        set_real_ip_from 127.0.0.1;
        real_ip_header proxy_protocol;
      '';
    };
    security.acme.certs = mkIf (turn.tls443 && cfg.tls.acme) {
      ${cfg.hostName}.extraDomainNames = [ turn.host ];
    };

    networking.firewall = mkIf cfg.openFirewall {
      allowedTCPPorts = [ turn.port ] ++ lib.optional (tls != null) turn.tlsPort;
      allowedUDPPorts = [ turn.port ];
      allowedUDPPortRanges = [ { inherit (turn.relayPorts) from to; } ];
    };

    systemd.services.meet-turn = {
      description = "Meet's TURN server";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "meet-secrets.service"
        "meet-tls.service"
      ]
      ++ lib.optional cfg.tls.acme "acme-${cfg.hostName}.service";
      startLimitIntervalSec = 0;
      path = [ pkgs.coreutils ];
      # coturn reads its secret from its configuration only, so one with it is written where nobody else reads.
      script = ''
        {
          cat ${configFile}
          printf 'static-auth-secret='
          head -n 1 "$CREDENTIALS_DIRECTORY/turn-secret"
        ''
      + lib.optionalString (tls != null) ''
        echo "cert=$CREDENTIALS_DIRECTORY/tls-certificate"
        echo "pkey=$CREDENTIALS_DIRECTORY/tls-key"
      ''
      + ''
        } > /run/meet-turn/turnserver.conf
        exec ${lib.getExe' turn.package "turnserver"} -c /run/meet-turn/turnserver.conf
      '';
      serviceConfig = ours.hardening // {
        LoadCredential = [
          "turn-secret:${cfg.secrets.list.turn-secret.path}"
        ]
        ++ lib.optionals (tls != null) [
          "tls-certificate:${tls.cert}"
          "tls-key:${tls.key}"
        ];
        # To list the addresses that it listens on.
        RestrictAddressFamilies = ours.hardening.RestrictAddressFamilies ++ [ "AF_NETLINK" ];
        RuntimeDirectory = "meet-turn";
        Type = "exec"; # coturn tells nobody when it is ready
        Restart = "always";
        RestartSec = 1;
        RestartSteps = 5;
        RestartMaxDelaySec = 30;
        LimitNOFILE = 65536;
        Slice = "system-meet.slice";
      };
    };
  };
}
