# Entry with the accounts that an organisation already has, at Keycloak, Authentik, Kanidm, Entra ID or another.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    auth.oidc = {
      enable = true;
      issuer = "https://id.example.org/realms/main";
      clientSecretFile = "/run/secrets/meet-oidc";
      scopes = [
        "openid"
        "profile"
        "groups"
      ];
      moderatorGroups = [ "staff" ];
    };
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
