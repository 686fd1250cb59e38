# A whole meeting server. Point the name's A and AAAA records at this host first.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
  };

  # A certificate from Let's Encrypt, if you agree to its terms. Without these two lines it is a self-signed one.
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
