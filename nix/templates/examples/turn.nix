# A TURN server beside it, for people whose network lets no UDP through.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    turn.enable = true;
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
