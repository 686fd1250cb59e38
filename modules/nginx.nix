# nginx in front. Web-sockets go straight to the service that ends them, so that a restart of one service cuts no other's.
{
  config,
  lib,
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
  prosody = "http://127.0.0.1:${toString cfg.prosody.httpPort}";
  webSocket = proxyPass: {
    inherit proxyPass;
    proxyWebsockets = true;
    recommendedProxySettings = true;
    # Longer than any ping's interval; nginx would cut a silent socket after a minute.
    extraConfig = ''
      proxy_read_timeout 300s;
      proxy_send_timeout 300s;
      tcp_nodelay on;
    '';
  };
  # https://host/tenant/Room has its streams below the tenant's name; within, the room's address says the tenant.
  tenants = path: "~ ^/[A-Za-z0-9._-]+${path}$";
  below =
    path: base: location:
    lib.nameValuePair (tenants path) (
      location
      // {
        proxyPass = base;
        extraConfig = "rewrite ^ ${path} break;\n" + (location.extraConfig or "");
      }
    );
in
{
  options.services.meet.nginx.enable = mkOption {
    type = types.bool;
    default = false;
    defaultText = literalExpression "config.services.meet.enable && !config.services.meet.caddy.enable";
    example = false;
    description = ''
      Whether to set up a virtual host of nginx for {option}`services.meet.hostName`. Change it further through
      `services.nginx.virtualHosts`.
    '';
  };

  config = mkIf cfg.nginx.enable {
    assertions = [
      {
        assertion = cfg.web.enable;
        message = "services.meet.nginx.enable needs services.meet.web.enable on the same host.";
      }
      {
        assertion = cfg.tls.files != null;
        message = "services.meet.nginx.enable needs a certificate: set services.meet.tls.acme, tls.certFile with tls.keyFile, or tls.selfSigned.";
      }
      {
        assertion = !cfg.caddy.enable;
        message = "services.meet.nginx.enable and services.meet.caddy.enable exclude each other; choose one.";
      }
    ];

    services.nginx.enable = true;
    services.nginx.virtualHosts.${cfg.hostName} = {
      enableACME = mkDefault cfg.tls.acme;
      forceSSL = mkDefault true;
      sslCertificate = mkIf (!cfg.tls.acme) (mkDefault (cfg.tls.files.cert or null));
      sslCertificateKey = mkIf (!cfg.tls.acme) (mkDefault (cfg.tls.files.key or null));
      locations = {
        "/" = {
          proxyPass = "http://${
            if lib.hasInfix ":" cfg.web.listenAddress then "[${cfg.web.listenAddress}]" else cfg.web.listenAddress
          }:${toString cfg.web.port}";
          recommendedProxySettings = true;
        };
        "= /xmpp-websocket" = webSocket "${prosody}/xmpp-websocket";
        "= /http-bind" = {
          proxyPass = "${prosody}/http-bind";
          recommendedProxySettings = true;
          extraConfig = ''
            proxy_read_timeout 120s;
            proxy_buffering off;
          '';
        };
        "= /conference-request/v1" = {
          proxyPass = "http://127.0.0.1:${toString cfg.focus.settings.http_port}/conference-request/v1";
          recommendedProxySettings = true;
        };
      }
      // builtins.listToAttrs [
        (below "/xmpp-websocket" prosody (webSocket prosody))
        (below "/http-bind" prosody {
          recommendedProxySettings = true;
          extraConfig = ''
            proxy_read_timeout 120s;
            proxy_buffering off;
          '';
        })
        (below "/conference-request/v1" "http://127.0.0.1:${toString cfg.focus.settings.http_port}" {
          recommendedProxySettings = true;
        })
      ]
      // builtins.listToAttrs (
        lib.concatLists (
          lib.mapAttrsToList (
            name: url:
            map (path: lib.nameValuePair path (webSocket "${url}${path}")) [
              "/colibri-ws/${name}/"
              "/colibri-relay-ws/${name}/"
            ]
          ) cfg.bridgeUrls
        )
      );
    };

    systemd.services.nginx = mkIf cfg.tls.selfSigned {
      wants = [ "meet-tls.service" ];
      after = [ "meet-tls.service" ];
    };
  };
}
