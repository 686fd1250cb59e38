# Web, focus and Prosody on one host, bridges on two others, all from one inventory; and a stranger in the network.
let
  common.services.meet.hostName = "meet.example.org";
  bridge =
    name: region:
    { nodes, ... }:
    {
      imports = [ common ];
      services.meet.xmpp.host = nodes.server.networking.primaryIPAddress;
      services.meet.xmpp.caFile = "/run/ca.pem";
      # The bridges' channel goes through the web site's address, as browsers' does.
      networking.extraHosts = "${nodes.server.networking.primaryIPAddress} meet.example.org";
      services.meet.bridge = {
        enable = true;
        inherit name region;
        passwordFile = "/run/bridge-password";
      };
    };
in
{
  name = "cluster";
  nodes = {
    server =
      { nodes, ... }:
      {
        imports = [ common ];
        services.meet = {
          enable = true;
          bridge.enable = false;
          prosody.listenAddresses = [ nodes.server.networking.primaryIPAddress ];
          bridges.eu1 = {
            address = nodes.eu1.networking.primaryIPAddress;
            region = "eu";
          };
          bridges.us1 = {
            address = nodes.us1.networking.primaryIPAddress;
            region = "us";
          };
        };
      };
    eu1 = bridge "eu1" "eu";
    us1 = bridge "us1" "us";
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/cluster.py;
}
