# Rooms that are there from the start: one for the board with a lobby, a weekly one with a password, and no others.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    rooms.Board = {
      owners = [ "ann@example.org" ];
      lobby = true;
      maxOccupants = 20;
    };
    rooms."Monday briefing" = {
      passwordFile = "/run/secrets/meet-briefing";
      startAudioMuted = 1;
      hours = [
        {
          days = [ "mon" ];
          opens = "09:00";
          closes = "10:00";
          timezone = "Europe/Brussels";
        }
      ];
    };
    focus.settings.undeclared_rooms = false;
  };
}
