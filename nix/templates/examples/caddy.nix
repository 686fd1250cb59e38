# Caddy instead of nginx.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    caddy.enable = true;
  };
}
