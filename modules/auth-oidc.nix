# Who may enter: people with accounts at an OpenID Connect provider, such as Keycloak, Authentik, Kanidm or Entra ID.
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
  oidc = cfg.auth.oidc;
in
{
  options.services.meet.auth.oidc = {
    enable = ours.flag ''
        Whether people log in with accounts of an OpenID Connect provider. Register this server there as a client of the
        authorization code flow, with the redirect address `https://‹hostName›/oidc/callback` and, for log-out,
        `https://‹hostName›/`.
      '';

    issuer = mkOption {
      type = types.str;
      default = "";
      example = "https://id.example.org/realms/main";
      description = "The provider; `/.well-known/openid-configuration` below this address describes it.";
    };

    clientId = mkOption {
      type = types.str;
      default = "meet";
      example = "meet.example.org";
      description = "Our name at the provider.";
    };

    clientSecretFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-oidc";
      description = ''
        Our secret at the provider, as the first line of a file. Null is for a provider that knows us as a public client,
        whom PKCE alone protects.
      '';
    };

    scopes = mkOption {
      type = types.listOf types.str;
      default = [
        "openid"
        "profile"
      ];
      example = [
        "openid"
        "profile"
        "groups"
        "offline_access"
      ];
      description = ''
        What is asked for. Many providers want `groups` before they tell groups, and some want `offline_access` before an
        account that was closed there is noticed here in the middle of a session.
      '';
    };

    groupsClaim = mkOption {
      type = types.str;
      default = "groups";
      example = "realm_access.roles";
      description = "Where groups are in the provider's claims; dots lead into objects.";
    };

    moderatorGroups = ours.names [
      "staff"
    ] "Groups whose members moderate. Empty: everybody who logs in, as in Jitsi's secure domain.";

    allowedGroups = ours.names [
      "staff"
      "pupils"
    ] "Groups whose members may enter. Empty: everybody with an account.";

    allowGuests = ours.flag "Whether people who don't log in are let in too, as ordinary participants.";

    avatarHosts = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = literalExpression ''[ "id.example.org" ]'';
      description = ''
        Hosts from which the pictures of accounts are shown. Each of them learns the addresses of whoever is in a meeting
        with somebody who has a picture there, so this is empty unless you say otherwise.
      '';
    };
  };

  config = mkIf oidc.enable {
    assertions = [
      {
        assertion = lib.hasPrefix "https://" oidc.issuer;
        message = "services.meet.auth.oidc.issuer must be the address of the provider and begin with https://.";
      }
      {
        assertion = lib.elem "openid" oidc.scopes;
        message = "services.meet.auth.oidc.scopes must have openid.";
      }
    ];

    services.meet.prosody.settings.login = "token";
    services.meet.roomServices.credentials = mkIf (oidc.clientSecretFile != null) {
      auth__oidc__client_secret = oidc.clientSecretFile;
    };
    services.meet.roomServices.needsNetwork = true;
    services.meet.roomServices.settings = {
      state_directory = "/var/lib/meet-rooms";
      auth.oidc = {
        inherit (oidc) issuer scopes;
        client_id = oidc.clientId;
        public_url = mkDefault "https://${cfg.hostName}";
        groups_claim = oidc.groupsClaim;
        moderator_groups = oidc.moderatorGroups;
        allowed_groups = oidc.allowedGroups;
        allow_guests = oidc.allowGuests;
      };
    };
    # The groups say who moderates.
    services.meet.focus.settings.auto_owner = mkDefault false;
    services.meet.web.settings = {
      accounts = {
        url = "http://127.0.0.1:${toString cfg.roomServices.settings.http_port}";
        required = !oidc.allowGuests;
      };
      avatar_hosts = oidc.avatarHosts;
    };
  };
}
