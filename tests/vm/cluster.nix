# Web, focus and Prosody on one host, bridges on two others, all from one inventory; and a stranger in the network.
let
  common.services.meet.hostName = "meet.example.org";
  bridge =
    name:
    { nodes, ... }:
    {
      imports = [ common ];
      services.meet.xmpp.host = nodes.server.networking.primaryIPAddress;
      services.meet.xmpp.caFile = "/run/ca.pem";
      services.meet.bridge = {
        enable = true;
        inherit name;
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
          bridges.eu1.address = nodes.eu1.networking.primaryIPAddress;
          bridges.us1.address = nodes.us1.networking.primaryIPAddress;
        };
      };
    eu1 = bridge "eu1";
    us1 = bridge "us1";
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/cluster.py;
}
