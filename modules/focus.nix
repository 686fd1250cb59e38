# The focus (Jicofo's role).
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
  credentials = cfg.focus.credentials;
in
{
  options.services.meet.focus = {
    enable = mkOption {
      type = types.bool;
      default = false;
      defaultText = literalExpression "config.services.meet.enable";
      example = true;
      description = "Whether to run the focus here. It belongs on the host of Prosody.";
    };

    package = ours.packageOption "focus";

    secretFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-focus";
      description = "The secret between the focus and Prosody, as the first line of a file. Null makes one.";
    };

    credentials = mkOption {
      type = types.attrsOf types.str;
      default = { };
      internal = true;
      description = "Secrets of the focus by name, each a file.";
    };

    settings = mkOption {
      type = (import ./schema.nix { inherit lib; }) (lib.importJSON ./settings/focus.json);
      default = { };
      example = {
        max_bridge_participants = 200;
      };
      description = "Settings of the focus, as `pyjitsi schema focus` prints them. A misspelt one is refused.";
    };
  };

  config = mkIf cfg.focus.enable {
    assertions = [
      {
        assertion = cfg.prosody.enable;
        message = "services.meet.focus.enable needs services.meet.prosody.enable on the same host: the focus is a component of Prosody (XEP-0114), and that protocol has no TLS.";
      }
    ];

    services.meet.focus.credentials.xmpp__secret = cfg.secrets.list.focus-secret.path;

    services.meet.focus.settings = {
      xmpp = {
        port = cfg.prosody.componentPort;
        domain = cfg.domains.focus;
      };
      rooms_domain = cfg.domains.muc;
      clients_domain = cfg.domains.main;
      brewery = "jvbbrewery@${cfg.domains.internal}";
      state_directory = "/run/meet-focus";
      log_level = mkDefault cfg.logLevel;
    };

    systemd.services.meet-focus =
      ours.unit {
        description = "Meet's focus";
        role = "focus";
        file = ours.settingsFile "focus" cfg.focus.settings (builtins.attrNames credentials);
        inherit credentials;
        serviceConfig = {
          # Nothing but Prosody and the web server talks to it, and both are here. A reservation system is elsewhere.
          IPAddressDeny = mkIf (cfg.focus.settings.reservations == null) "any";
          IPAddressAllow = mkIf (cfg.focus.settings.reservations == null) "localhost";
          # The running conferences: for the next process after a crash or a switch, gone after a reboot, as they are.
          RuntimeDirectory = "meet-focus";
          RuntimeDirectoryMode = "0700";
          RuntimeDirectoryPreserve = "yes";
        };
      }
      // {
        stopIfChanged = false;
      };
  };
}
