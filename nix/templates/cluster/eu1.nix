# A bridge on a host of its own. The others differ in name, region and password.
{
  imports = [ ./common.nix ];

  services.meet = {
    xmpp.host = "10.0.0.1"; # the meeting server
    bridge = {
      enable = true;
      name = "eu1";
      region = "eu";
      passwordFile = "/run/secrets/meet-eu1";
    };
  };
}
