# The room services: lobby, moderation, breakout rooms, metadata, and what Prosody asks.
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
  inherit (cfg.auth) oidc;
  alone = !cfg.roomServices.needsNetwork;
in
{
  options.services.meet.roomServices = {
    enable = mkOption {
      type = types.bool;
      default = false;
      defaultText = literalExpression "config.services.meet.enable";
      example = true;
      description = "Whether to run the room services here. They belong on the host of Prosody.";
    };

    package = ours.packageOption "rooms";

    secretFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-rooms";
      description = "The secret between the room services and Prosody, as the first line of a file. Null makes one.";
    };

    credentials = mkOption {
      type = types.attrsOf ours.secretFile;
      default = { };
      internal = true;
      description = "Files that the unit gets as systemd credentials, by name.";
    };

    needsNetwork = mkOption {
      type = types.bool;
      default = false;
      internal = true;
      description = "Whether the room services ask somebody on another host who people are.";
    };

    settings = mkOption {
      type = (import ./schema.nix { inherit lib; }) (lib.importJSON ./settings/rooms.json);
      default = { };
      example = {
        max_breakout_rooms = 20;
      };
      description = "Settings of the room services, as `pyjitsi schema rooms` prints them. A misspelt one is refused.";
    };
  };

  config = mkIf cfg.roomServices.enable {
    assertions = [
      {
        assertion = cfg.prosody.enable;
        message = "services.meet.roomServices.enable needs services.meet.prosody.enable on the same host: the room services are a component of Prosody (XEP-0114), and that protocol has no TLS.";
      }
    ];

    services.meet.roomServices.credentials.xmpp__secret = cfg.secrets.list.rooms-secret.path;
    services.meet.roomServices.settings = {
      xmpp = {
        port = cfg.prosody.componentPort;
        domain = cfg.domains.rooms;
      };
      clients_domain = cfg.domains.main;
      rooms_domain = cfg.domains.muc;
      breakout_domain = cfg.domains.breakout;
      lobby_domain = cfg.domains.lobby;
      log_level = mkDefault cfg.logLevel;
    };

    systemd.services.meet-rooms =
      ours.unit {
        description = "Meet's room services";
        role = "rooms";
        file = ours.settingsFile "rooms" cfg.roomServices.settings (
          builtins.attrNames cfg.roomServices.credentials
        );
        inherit (cfg.roomServices) credentials;
        serviceConfig = {
          # What they remember of rooms is in Prosody; here is who is logged in, with tokens of the provider.
          StateDirectory = mkIf oidc.enable "meet-rooms";
          StateDirectoryMode = mkIf oidc.enable "0700";
          IPAddressDeny = mkIf alone "any";
          IPAddressAllow = mkIf alone "localhost";
        };
      }
      // {
        stopIfChanged = false;
      };
  };
}
