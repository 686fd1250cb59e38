# What `pyjitsi doctor` needs to know of this host; it holds no secret.
{ config, lib, ... }:
let
  cfg = config.services.meet;
  local = "http://127.0.0.1";
in
{
  config = lib.mkIf (cfg.web.enable || cfg.bridge.enable) {
    environment.systemPackages = [ cfg.package ];
    environment.etc."meet/doctor.json".text = builtins.toJSON (
      {
        units =
          lib.optional cfg.prosody.enable "meet-prosody"
          ++ lib.optional cfg.focus.enable "meet-focus"
          ++ lib.optional cfg.roomServices.enable "meet-rooms"
          ++ lib.optional cfg.bridge.enable "meet-bridge-handover"
          ++ lib.optional cfg.web.enable "meet-web"
          ++ lib.optional cfg.nginx.enable "nginx"
          ++ lib.optional cfg.caddy.enable "caddy";
        services =
          lib.optionalAttrs cfg.web.enable { web = "${local}:${toString cfg.web.settings.http_port}"; }
          // lib.optionalAttrs cfg.focus.enable { focus = "${local}:${toString cfg.focus.settings.http_port}"; }
          // lib.optionalAttrs cfg.roomServices.enable { rooms = "${local}:${toString cfg.roomServices.settings.http_port}"; };
      }
      // lib.optionalAttrs cfg.bridge.enable {
        bridge_udp_port = cfg.bridge.port;
        bridge_places = [
          "${local}:${toString cfg.bridge.httpPort}"
          "${local}:${toString (cfg.bridge.httpPort + 1)}"
        ];
      }
      // lib.optionalAttrs cfg.web.enable {
        url = "https://${cfg.hostName}";
        bridges = lib.mapAttrs (_: bridge: builtins.attrNames bridge.urls) cfg.bridges;
        prosody_http = "${local}:${toString cfg.prosody.httpPort}";
      }
      // lib.optionalAttrs (cfg.web.enable && cfg.tls.selfSigned) { ca_file = cfg.tls.files.cert; }
    );
  };
}
