# A certificate of your own, which nginx's group can read.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    tls.certFile = "/run/secrets/meet.pem";
    tls.keyFile = "/run/secrets/meet.key";
  };
}
