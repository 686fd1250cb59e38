# Caddy in front, instead of nginx; it gets its certificate by itself.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.meet;
  prosody = "127.0.0.1:${toString cfg.prosody.httpPort}";
  tls =
    if cfg.tls.files != null then
      "tls ${cfg.tls.files.cert} ${cfg.tls.files.key}\n"
    else
      "";
in
{
  options.services.meet.caddy.enable = mkOption {
    type = types.bool;
    default = false;
    example = true;
    description = ''
      Whether to set up a virtual host of Caddy for {option}`services.meet.hostName`. Change it further through
      `services.caddy.virtualHosts`.
    '';
  };

  config = mkIf cfg.caddy.enable {
    assertions = [
      {
        assertion = cfg.web.enable;
        message = "services.meet.caddy.enable needs services.meet.web.enable on the same host.";
      }
    ];

    services.caddy.enable = true;
    services.caddy.virtualHosts.${cfg.hostName}.extraConfig = ''
      ${tls}handle /xmpp-websocket {
        reverse_proxy ${prosody}
      }
      handle /http-bind {
        reverse_proxy ${prosody}
      }
      handle /conference-request/v1 {
        reverse_proxy 127.0.0.1:${toString cfg.focus.settings.http_port}
      }
      @tenant_socket path_regexp ^/[A-Za-z0-9._-]+/xmpp-websocket$
      handle @tenant_socket {
        rewrite * /xmpp-websocket
        reverse_proxy ${prosody}
      }
      @tenant_bosh path_regexp ^/[A-Za-z0-9._-]+/http-bind$
      handle @tenant_bosh {
        rewrite * /http-bind
        reverse_proxy ${prosody}
      }
    ''
    + lib.concatStrings (
      lib.mapAttrsToList (name: url: ''
        handle /colibri-ws/${name}/* {
          reverse_proxy ${lib.removePrefix "http://" url}
        }
        handle /colibri-relay-ws/${name}/* {
          reverse_proxy ${lib.removePrefix "http://" url}
        }
      '') cfg.bridgeUrls
    )
    + ''
      handle {
        reverse_proxy ${
          if lib.hasInfix ":" cfg.web.listenAddress then "[${cfg.web.listenAddress}]" else cfg.web.listenAddress
        }:${toString cfg.web.port}
      }
    '';

    systemd.services.caddy = mkIf cfg.tls.selfSigned {
      wants = [ "meet-tls.service" ];
      after = [ "meet-tls.service" ];
    };
  };
}
