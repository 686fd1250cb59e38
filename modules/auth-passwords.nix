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
  inherit (cfg.auth) accounts ldap;
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

    ldap = {
      enable = ours.flag "Whether people log in as a directory (LDAP) knows them.";

      urls = mkOption {
        type = types.listOf (types.strMatching "ldap[si]?://[^[:space:]/?#]+/?");
        default = [ ];
        example = [
          "ldap://ldap.example.org"
          "ldap://ldap2.example.org"
        ];
        description = ''
          Servers, each asked where those before it don't answer. `ldap://` is encrypted with StartTLS unless
          `services.meet.roomServices.settings.auth.ldap.start_tls` is false; `ldaps://` is from the first byte.
        '';
      };

      base = mkOption {
        type = types.str;
        default = "";
        example = "ou=people,dc=example,dc=org";
        description = "The entry below which people are.";
      };

      filter = mkOption {
        type = types.str;
        default = "(uid=%u)";
        example = "(&(objectClass=user)(sAMAccountName=%u))";
        description = "Who may log in; `%u` is the name that somebody typed.";
      };

      bindDn = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "cn=meet,ou=services,dc=example,dc=org";
        description = "As whom to look people up. Null does it anonymously.";
      };

      bindPasswordFile = mkOption {
        type = types.nullOr ours.secretFile;
        default = null;
        example = "/run/secrets/meet-ldap";
        description = "A file whose first line is the password of that one.";
      };

      caFile = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/etc/meet/ldap-ca.pem";
        description = "Who signed the servers' certificates, as a PEM file. Null trusts the system's authorities.";
      };

      moderatorGroups = ours.names [ "cn=staff,ou=groups,dc=example,dc=org" ] "Groups (their DNs) whose members moderate. Without any, everybody who logs in does, as in Jitsi.";
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
      default = accounts != { } || ldap.enable;
      description = "Whether people log in with name and password.";
    };
  };

  config = mkIf cfg.auth.passwords {
    assertions = [
      {
        assertion = !cfg.auth.jwt.enable && !cfg.auth.oidc.enable;
        message = "services.meet.auth has accounts or ldap beside jwt.enable or oidc.enable; people come in one way or the other.";
      }
      {
        assertion = ldap.enable -> ldap.urls != [ ] && ldap.base != "";
        message = "services.meet.auth.ldap needs urls of its servers, and the base below which people are.";
      }
      {
        assertion = ldap.enable -> (ldap.bindDn == null) == (ldap.bindPasswordFile == null);
        message = "services.meet.auth.ldap.bindDn and bindPasswordFile belong together.";
      }
    ];

    services.meet.prosody.settings.login = "password";
    services.meet.roomServices.needsNetwork = mkIf ldap.enable true;
    services.meet.roomServices.settings.auth = {
      accounts = lib.mapAttrs (name: each: {
        password_hash_file = credential name;
        inherit (each) name email moderator;
      }) accounts;
      guests = cfg.auth.guests;
      ldap = mkIf ldap.enable {
        inherit (ldap) urls base filter;
        bind_dn = ldap.bindDn;
        bind_password_file = if ldap.bindPasswordFile == null then null else "ldap-password";
        ca_file = ldap.caFile;
        moderator_groups = ldap.moderatorGroups;
      };
    };
    services.meet.roomServices.credentials =
      lib.mapAttrs' (name: each: {
        name = credential name;
        value = each.hashedPasswordFile;
      }) accounts
      // lib.optionalAttrs (ldap.enable && ldap.bindPasswordFile != null) {
        ldap-password = ldap.bindPasswordFile;
      };
    services.meet.focus.settings.authentication = {
      login_domain = cfg.domains.main;
      guests = cfg.auth.guests;
    };
    services.meet.web.settings.passwords = {
      guests = mkDefault cfg.auth.guests;
    };
  };
}
