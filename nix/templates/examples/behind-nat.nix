# A host with a private address, as in most clouds. UDP port 10000 must be forwarded to it, beside TCP 80 and 443.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    bridge.nat.localAddresses = [ "10.0.0.5" ];
    bridge.nat.publicAddresses = [ "203.0.113.7" ];
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
