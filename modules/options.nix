# What concerns all roles.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalExpression
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  loopback = [
    "127.0.0.1"
    "::1"
    "localhost"
  ];
in
{
  options.services.meet = {
    enable = mkEnableOption "a whole meeting server on this host: web, focus, room services, bridge, Prosody and nginx";

    package = mkOption {
      type = types.package;
      default = pkgs.pyjitsi or (pkgs.callPackage ../nix/package.nix { });
      defaultText = literalExpression "pkgs.pyjitsi";
      example = literalExpression "pkgs.pyjitsi.overrideAttrs { doCheck = false; }";
      description = "The package that every role runs which sets no `package` of its own.";
    };

    hostName = mkOption {
      type = types.strMatching "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*";
      example = "meet.example.org";
      description = ''
        The public name, in lower case, under which people open the server. It is the XMPP domain too. Set it on every
        host of a cluster.
      '';
    };

    domains = mkOption {
      type = types.attrsOf types.str;
      readOnly = true;
      default = {
        main = cfg.hostName;
        auth = "auth.${cfg.hostName}";
        muc = "conference.${cfg.hostName}";
        internal = "internal.auth.${cfg.hostName}";
        focus = "focus.${cfg.hostName}";
        rooms = "rooms.${cfg.hostName}";
        breakout = "breakout.${cfg.hostName}";
        lobby = "lobby.${cfg.hostName}";
        guest = "guest.${cfg.hostName}";
      };
      defaultText = lib.literalMD "made from {option}`services.meet.hostName`, with Jitsi's names";
      example = {
        muc = "conference.meet.example.org";
      };
      description = "The XMPP domains, to be read by other modules. They need no DNS records.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether to open the public ports of the roles on this host (80 and 443 TCP for the web, 10000 UDP for media), and
        private ones for the addresses in {option}`services.meet.bridges` alone.
      '';
    };

    logLevel = mkOption {
      type = types.enum [
        "debug"
        "info"
        "warning"
        "error"
      ];
      default = "info";
      example = "debug";
      description = "What all roles on this host write into the journal.";
    };

    xmpp.host = mkOption {
      type = types.str;
      default = "127.0.0.1";
      example = "10.0.0.1";
      description = ''
        Where Prosody is, for a bridge on this host. Beyond loopback the bridge logs in with TLS only, and verifies that
        the certificate is for {option}`services.meet.hostName`.
      '';
    };

    xmpp.port = mkOption {
      type = types.port;
      default = 5222;
      example = 5322;
      description = "Prosody's port for services; the same on every host of a cluster.";
    };

    xmpp.caFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/etc/meet/ca.pem";
      description = ''
        The authority that signed Prosody's certificate, as a PEM file, for a bridge on another host. Null trusts the
        system's authorities, which fits a certificate from ACME.
      '';
    };

    xmpp.isLocal = mkOption {
      type = types.bool;
      internal = true;
      readOnly = true;
      default = builtins.elem cfg.xmpp.host loopback;
      description = "Whether Prosody is on this host.";
    };
  };

  config = mkIf cfg.enable {
    services.meet.web.enable = lib.mkDefault true;
    services.meet.focus.enable = lib.mkDefault true;
    services.meet.roomServices.enable = lib.mkDefault true;
    services.meet.bridge.enable = lib.mkDefault true;
    services.meet.prosody.enable = lib.mkDefault true;
    services.meet.nginx.enable = lib.mkDefault (!cfg.caddy.enable);
    environment.systemPackages = [ cfg.package ];
  };
}
