# Prometheus: every role has its figures at /metrics; here a Prometheus on this host learns where.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.meet;
  job = name: targets: {
    job_name = "meet-${name}";
    static_configs = [ { inherit targets; } ];
  };
in
{
  options.services.meet.metrics.prometheus = mkOption {
    type = types.bool;
    default = false;
    example = true;
    description = ''
      Whether {option}`services.prometheus` on this host scrapes all roles: web (port 8081), focus (8888), room services (8890) and every bridge of
      {option}`services.meet.bridges` (9090). Their figures are at `/metrics` in any case, on loopback. `grafana.json` beside this module is a dashboard of them.
    '';
  };

  config = mkIf cfg.metrics.prometheus {
    assertions = [
      {
        assertion = config.services.prometheus.enable;
        message = "services.meet.metrics.prometheus needs services.prometheus.enable on this host; elsewhere, scrape the ports that its description names.";
      }
    ];
    services.prometheus.scrapeConfigs =
      lib.optional cfg.web.enable (job "web" [ "127.0.0.1:${toString cfg.web.settings.http_port}" ])
      ++ lib.optional cfg.focus.enable (job "focus" [ "127.0.0.1:${toString cfg.focus.settings.http_port}" ])
      ++ lib.optional cfg.roomServices.enable (job "rooms" [ "127.0.0.1:${toString cfg.roomServices.settings.http_port}" ])
      ++ lib.optional (cfg.bridges != { }) (
        job "bridge" (map (lib.removePrefix "http://") (builtins.attrValues cfg.bridgeUrls))
      );
  };
}
