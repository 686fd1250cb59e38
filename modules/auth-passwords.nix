# People log in with name and password. Whoever does opens rooms and moderates them; guests wait for that.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  accounts = cfg.auth.accounts;
  credential = name: "account-${name}";
in
{
  options.services.meet.auth = {
    accounts = mkOption {
      default = { };
      example = {
        ada.hashedPasswordFile = "/run/secrets/meet-ada";
        bob = {
          hashedPasswordFile = "/run/secrets/meet-bob";
          moderator = false;
        };
      };
      description = ''
        Accounts, by the name with which people log in, in lower case. As soon as there is one, only people with an
        account open rooms, and others wait until somebody has.
      '';
      type = types.attrsOf (
        types.submodule {
          options = {
            hashedPasswordFile = mkOption {
              type = ours.secretFile;
              example = "/run/secrets/meet-ada";
              description = ''
                A file whose first line is the hash of the password, as `pyjitsi hash-password` prints it. To change a
                password, write the file anew and restart `meet-rooms.service`: nobody leaves a meeting for it.
              '';
            };
            name = mkOption {
              type = types.str;
              default = "";
              example = "Ada Lovelace";
              description = "The person's name.";
            };
            email = mkOption {
              type = types.str;
              default = "";
              example = "ada@example.org";
              description = "The person's address; {option}`services.meet.rooms` may name owners by it.";
            };
            moderator = mkOption {
              type = types.bool;
              default = true;
              example = false;
              description = "Whether this account moderates every room it enters, as all do in Jitsi.";
            };
          };
        }
      );
    };

    guests = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = "Whether people without an account are let into rooms that somebody with one has opened.";
    };

    passwords = mkOption {
      type = types.bool;
      internal = true;
      readOnly = true;
      default = accounts != { };
      description = "Whether people log in with name and password.";
    };
  };

  config = mkIf cfg.auth.passwords {
    assertions = [
      {
        assertion = !cfg.auth.jwt.enable && !cfg.auth.oidc.enable;
        message = "services.meet.auth has accounts beside jwt.enable or oidc.enable; people come in one way or the other.";
      }
    ];

    services.meet.prosody.settings.login = "password";
    services.meet.roomServices.settings.auth = {
      accounts = lib.mapAttrs (name: each: {
        password_hash_file = credential name;
        inherit (each) name email moderator;
      }) accounts;
      guests = cfg.auth.guests;
    };
    services.meet.roomServices.credentials = lib.mapAttrs' (name: each: {
      name = credential name;
      value = each.hashedPasswordFile;
    }) accounts;
    services.meet.focus.settings.authentication = {
      login_domain = cfg.domains.main;
      guests = cfg.auth.guests;
    };
    services.meet.web.settings.passwords = {
      guests = mkDefault cfg.auth.guests;
    };
  };
}
