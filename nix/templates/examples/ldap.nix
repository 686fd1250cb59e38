# People log in as the directory knows them; its staff moderates, and guests wait for one of them.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    auth.ldap = {
      enable = true;
      urls = [
        "ldap://ldap.example.org"
        "ldap://ldap2.example.org"
      ];
      base = "ou=people,dc=example,dc=org";
      filter = "(&(objectClass=inetOrgPerson)(|(uid=%u)(mail=%u)))";
      bindDn = "cn=meet,ou=services,dc=example,dc=org";
      bindPasswordFile = "/run/secrets/meet-ldap";
      moderatorGroups = [ "cn=staff,ou=groups,dc=example,dc=org" ];
    };
    # However somebody logged in, that is who it is.
    roomServices.settings.auth.ldap.id_attribute = "uid";
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
