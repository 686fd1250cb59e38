# A switch to a changed generation in a running meeting.
{
  name = "deploy";
  nodes = {
    server = {
      services.meet = {
        enable = true;
        hostName = "meet.example.org";
      };
      # Web, focus and bridge change. Not Prosody: people rejoin when it restarts, and are placed anew (see restart.py).
      specialisation.new.configuration.services.meet = {
        web.settings.log_level = "debug";
        focus.settings.log_level = "debug";
        bridge.settings.log_level = "debug";
      };
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/deploy.py;
}
