# Entry with tokens that Rocket.Chat, Nextcloud, Moodle or a portal of your own makes.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    auth.jwt = {
      enable = true;
      appId = "my_app";
      secretFile = "/run/secrets/meet-jwt";
      loginUrl = "https://portal.example.org/meet?room={room}";
      logoutUrl = "https://portal.example.org/logout";
    };
    roomServices.settings.auth.jwt.audiences = [ "jitsi" ];
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
