# A TURN server beside it, for people whose network lets no UDP through.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    turn.enable = true;
    turn.tls443 = true; # turn.meet.example.org needs a DNS record
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
