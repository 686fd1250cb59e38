# A switch to a changed generation in a running meeting.
{
  name = "deploy";
  nodes = {
    server = {
      services.meet = {
        enable = true;
        hostName = "meet.example.org";
      };
      # Everything changes: all four services get new settings.
      specialisation.new.configuration.services.meet.logLevel = "debug";
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/deploy.py;
}
