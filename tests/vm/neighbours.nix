# An admin's own Prosody and an own virtual host, on the same machine.
{
  name = "neighbours";
  nodes = {
    server = {
      services.meet = {
        enable = true;
        hostName = "meet.example.org";
      };
      services.prosody.enable = true;
      services.nginx.virtualHosts."blog.example.org".locations."/".return = "200 blog";
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/neighbours.py;
}
