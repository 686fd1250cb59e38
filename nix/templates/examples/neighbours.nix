# Beside an admin's own Prosody and other virtual hosts, which stay as they are.
{
  services.prosody.enable = true;
  services.nginx.virtualHosts."blog.example.org".root = "/var/www";
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
