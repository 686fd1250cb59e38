# The two lines: a server, and two people on another host who meet through nginx and TLS.
{
  name = "single";
  nodes = {
    server.services.meet = {
      enable = true;
      hostName = "meet.example.org";
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/single.py;
}
