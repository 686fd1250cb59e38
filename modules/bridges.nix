# The inventory of bridges, on the meeting server: accounts, proxy paths, firewall rules and scrape targets come from it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.meet;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  addresses = lib.concatMap (bridge: builtins.attrValues bridge.urls) (builtins.attrValues cfg.bridges);
in
{
  options.services.meet.bridges = mkOption {
    default = { };
    example = {
      eu1 = {
        address = "10.0.0.11";
        region = "eu";
        passwordFile = "/run/secrets/meet-eu1";
      };
    };
    description = ''
      All bridges of this meeting server, by the name that each has in its own
      {option}`services.meet.bridge.name`. The bridge of this host is there by itself.
    '';
    type = types.attrsOf (
      types.submodule (
        { name, config, ... }:
        {
          options = {
            address = mkOption {
              type = types.strMatching "[0-9.]+|[0-9a-f:]+";
              example = "10.0.0.11";
              description = "The address from which the bridge logs in, and at which the web server reaches it.";
            };
            region = mkOption {
              type = types.nullOr types.str;
              default = null;
              example = "eu";
              description = "Where it is; the same as in its own configuration.";
            };
            httpPort = mkOption {
              type = types.port;
              default = 9090;
              example = 9091;
              description = "Its port for the bridge channel, health and metrics.";
            };
            passwordFile = mkOption {
              type = types.nullOr ours.secretFile;
              default = null;
              example = "/run/secrets/meet-eu1";
              description = ''
                Its password, as the first line of a file. Null makes one in {option}`services.meet.secrets.directory`,
                from where it can be carried to the bridge's host.
              '';
            };
            isLocal = mkOption {
              type = types.bool;
              internal = true;
              readOnly = true;
              default = builtins.elem config.address [
                "127.0.0.1"
                "::1"
              ];
              description = "Whether it is on this host.";
            };
            urls = mkOption {
              type = types.attrsOf types.str;
              internal = true;
              readOnly = true;
              default =
                let
                  host = if lib.hasInfix ":" config.address then "[${config.address}]" else config.address;
                in
                {
                  ${name} = "http://${host}:${toString config.httpPort}";
                  "${name}-2" = "http://${host}:${toString (config.httpPort + 1)}";
                };
              description = "The HTTP addresses of its two places, by their names in paths.";
            };
          };
        }
      )
    );
  };

  options.services.meet.bridgeUrls = mkOption {
    type = types.attrsOf types.str;
    internal = true;
    readOnly = true;
    default = lib.foldl' (all: bridge: all // bridge.urls) { } (builtins.attrValues cfg.bridges);
    description = "The HTTP addresses of all bridges, both places of each.";
  };

  config = mkIf cfg.prosody.enable {
    assertions = [
      {
        assertion = lib.unique addresses == addresses;
        message = "services.meet.bridges: two bridges have the same address and httpPort, or ports that overlap: each takes httpPort and the one above it.";
      }
      {
        assertion = builtins.all (name: builtins.match "[a-z0-9]([a-z0-9_-]*[a-z0-9])?" name != null) (
          builtins.attrNames cfg.bridges
        );
        message = "services.meet.bridges: a bridge's name has lower-case letters, digits, - and _ only.";
      }
    ];

    warnings = lib.optional (cfg.bridges == { }) ''
      services.meet: there is no bridge. Set services.meet.bridge.enable here, or name those of other hosts in
      services.meet.bridges.
    '';

    services.meet.bridges = mkIf cfg.bridge.enable {
      ${cfg.bridge.name} = {
        address = "127.0.0.1";
        httpPort = cfg.bridge.httpPort;
        region = cfg.bridge.region;
      };
    };
  };
}
