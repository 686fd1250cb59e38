# The meeting server: web, focus, Prosody and nginx; media is elsewhere.
{
  imports = [ ./common.nix ];

  services.meet = {
    enable = true;
    bridge.enable = false;
    prosody.listenAddresses = [ "10.0.0.1" ]; # where the bridges log in
    bridges = {
      eu1 = {
        address = "10.0.0.11";
        region = "eu";
        passwordFile = "/run/secrets/meet-eu1";
      };
      us1 = {
        address = "10.0.0.12";
        region = "us";
        passwordFile = "/run/secrets/meet-us1";
      };
    };
  };

  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
