# Secrets: each a file of its own, the admin's or one made once. Services get them as systemd credentials; nothing of
# them is in the store, on a command line or in an environment.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  inherit (import ./lib.nix { inherit lib pkgs cfg; }) hardening secretFile;
  generated = lib.filterAttrs (_: each: each.file == null) cfg.secrets.list;
in
{
  options.services.meet.secrets = {
    directory = mkOption {
      type = secretFile;
      default = "/var/lib/meet-secrets";
      example = "/persist/meet-secrets";
      description = "Where secrets are kept that no `…File` option names; made at the first start, never overwritten.";
    };

    generate = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = "Whether to make the secrets that no `…File` option names. If false, each of them must be named.";
    };

    list = mkOption {
      internal = true;
      default = { };
      description = "The secrets of the roles on this host; roles add theirs.";
      type = types.attrsOf (
        types.submodule (
          { name, config, ... }:
          {
            options.file = mkOption {
              type = types.nullOr secretFile;
              default = null;
              internal = true;
              description = "The admin's file, or null for one that is made.";
            };
            options.option = mkOption {
              type = types.str;
              internal = true;
              description = "The option that names the file, for messages.";
            };
            options.path = mkOption {
              type = types.str;
              readOnly = true;
              default = if config.file != null then config.file else "${cfg.secrets.directory}/${name}";
              internal = true;
              description = "Where the secret is in any case.";
            };
          }
        )
      );
    };
  };

  config = mkIf (cfg.secrets.list != { }) {
    assertions = lib.mapAttrsToList (_: each: {
      assertion = cfg.secrets.generate;
      message = "services.meet.${each.option} must be set, because services.meet.secrets.generate is false.";
    }) generated;

    systemd.services.meet-secrets = mkIf (generated != { }) {
      description = "Meet's secrets, made where they are missing";
      wantedBy = [ "multi-user.target" ];
      before = [
        "meet-prosody.service"
        "meet-focus.service"
        "meet-rooms.service"
        "meet-bridge.service"
        "meet-turn.service"
      ];
      path = [ pkgs.coreutils ];
      unitConfig.RequiresMountsFor = cfg.secrets.directory;
      # Only redirections and builtins touch a secret, so that none is ever in an argument.
      script = ''
        cd ${lib.escapeShellArg cfg.secrets.directory}
        for name in ${lib.escapeShellArgs (builtins.attrNames generated)}; do
          [ -s "$name" ] && continue
          head -c 32 /dev/urandom | base64 --wrap=0 | tr '+/' '-_' | tr -d '=' > "$name.new"
          [ "$(wc -c < "$name.new")" -ge 43 ] || exit 1 # a disk that is full makes no secrets
          echo >> "$name.new"
          chmod 0400 "$name.new"
          mv "$name.new" "$name"
          echo "made $name"
        done
      '';
      serviceConfig =
        hardening
        // {
          Type = "oneshot";
          RemainAfterExit = true;
          # Root owns the secrets; systemd hands them on. There are no capabilities, so root is confined to its files.
          DynamicUser = false;
          PrivateNetwork = true;
          RestrictAddressFamilies = [ "AF_UNIX" ];
        }
        // (
          if lib.hasPrefix "/var/lib/" cfg.secrets.directory then
            {
              StateDirectory = lib.removePrefix "/var/lib/" cfg.secrets.directory;
              StateDirectoryMode = "0700";
            }
          else
            { ReadWritePaths = [ cfg.secrets.directory ]; }
        );
    };
  };
}
