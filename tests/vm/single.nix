# The two lines: a server, and two people on another host who meet through nginx and TLS.
{
  name = "single";
  nodes = {
    server = {
      services.meet = {
        enable = true;
        hostName = "meet.example.org";
      };
      networking.extraHosts = "::1 meet.example.org"; # for the doctor; elsewhere DNS has it
    };
    people = import ./people.nix;
  };
  testScript = builtins.readFile ./scripts/meeting.py + builtins.readFile ./scripts/single.py;
}
