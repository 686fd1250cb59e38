# The web service: the client's files, config.js, and the proxy for whatever a web server in front does not do itself.
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
in
{
  options.services.meet.web = {
    enable = mkOption {
      type = types.bool;
      default = false;
      defaultText = literalExpression "config.services.meet.enable";
      example = true;
      description = "Whether to run the web service here. It belongs on the host of Prosody and the focus.";
    };

    package = ours.packageOption "web";

    listenAddress = mkOption {
      type = types.str;
      default = "127.0.0.1";
      example = "10.0.0.1";
      description = ''
        Where the web service listens, in plain HTTP. A proxy of your own needs one rule: everything to this address,
        web-sockets included, with `X-Forwarded-For` and `X-Forwarded-Proto`.
      '';
    };

    port = mkOption {
      type = types.port;
      default = 8080;
      example = 8088;
      description = "The TCP port of that.";
    };

    trustedProxies = mkOption {
      type = types.listOf types.str;
      default = [
        "127.0.0.1"
        "::1"
      ];
      example = [ "10.0.0.2" ];
      description = "Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.";
    };

    config = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = {
        defaultLanguage = "pt";
        startAudioMuted = 10;
      };
      description = "Keys of `config.js`, as Jitsi has them, that replace or join those made here.";
    };

    branding = {
      appName = ours.nullable types.str "Town Hall" "The name shown instead of the product's.";
      logo = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = literalExpression "./logo.svg";
        description = "A picture (SVG or PNG) shown on the front page, and as the page's icon.";
      };
      backgroundColor = ours.nullable types.str "#102030" "The background of all pages, as a CSS colour.";
    };

    settings = mkOption {
      type = (import ./schema.nix { inherit lib; }) (lib.importJSON ./settings/web.json);
      default = { };
      example = {
        log_level = "debug";
      };
      description = "Settings of the web service, as `pyjitsi schema web` prints them. A misspelt one is refused.";
    };
  };

  config = mkIf cfg.web.enable {
    assertions = [
      {
        assertion = cfg.prosody.enable && cfg.focus.enable && cfg.roomServices.enable;
        message = "services.meet.web.enable needs services.meet.prosody.enable, services.meet.focus.enable and services.meet.roomServices.enable on the same host; other hosts run bridges.";
      }
    ];

    services.meet.web.settings = {
      domain = cfg.domains.main;
      listen_host = cfg.web.listenAddress;
      listen_port = cfg.web.port;
      trusted_proxies = cfg.web.trustedProxies;
      prosody_url = mkDefault "http://127.0.0.1:${toString cfg.prosody.httpPort}";
      focus_url = mkDefault "http://127.0.0.1:${toString cfg.focus.settings.http_port}";
      bridges = cfg.bridgeUrls;
      config = cfg.web.config;
      branding = {
        app_name = cfg.web.branding.appName;
        logo = if cfg.web.branding.logo == null then null else "${cfg.web.branding.logo}";
        background_color = cfg.web.branding.backgroundColor;
      };
      log_level = mkDefault cfg.logLevel;
    };

    systemd.services.meet-web =
      ours.unit {
        description = "Meet's web service";
        role = "web";
        file = ours.settingsFile "web" cfg.web.settings [ ];
        credentials = { };
      }
      // {
        stopIfChanged = false;
      };
  };
}
