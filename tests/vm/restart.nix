# Prosody, the focus and the web service restart in a running meeting.
{
  name = "restart";
  nodes = {
    server.services.meet = {
      enable = true;
      hostName = "meet.example.org";
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/restart.py;
}
