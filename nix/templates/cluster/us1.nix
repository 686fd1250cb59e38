# Another bridge.
{
  imports = [ ./common.nix ];

  services.meet = {
    xmpp.host = "10.0.0.1"; # the meeting server
    bridge = {
      enable = true;
      name = "us1";
      region = "us";
      passwordFile = "/run/secrets/meet-us1";
    };
  };
}
