# People with an account open rooms and moderate; guests wait for them. `pyjitsi hash-password` makes the files' lines.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    auth.accounts = {
      ada = {
        hashedPasswordFile = "/run/secrets/meet-ada";
        name = "Ada Lovelace";
      };
      bob = {
        hashedPasswordFile = "/run/secrets/meet-bob";
        moderator = false;
      };
    };
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
