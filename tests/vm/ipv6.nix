# No IPv4 but loopback's.
let
  only6 =
    { lib, ... }:
    {
      networking.interfaces.eth1.ipv4.addresses = lib.mkForce [ ];
    };
in
{
  name = "ipv6";
  nodes = {
    server = {
      imports = [ only6 ];
      services.meet = {
        enable = true;
        hostName = "meet.example.org";
      };
    };
    people.imports = [
      only6
      ./people.nix
    ];
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/ipv6.py;
}
