# Rooms that are there from the start: who runs them, what they ask of guests, when they are open.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.meet;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  # Rooms' names may hold what a credential's may not.
  credential = name: "room-${builtins.substring 0 16 (builtins.hashString "sha256" name)}";
  withPassword = lib.filterAttrs (_: room: room.passwordFile != null) cfg.rooms;

  orUnset =
    type: example: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit example description;
    };
  dayTime =
    example: description:
    mkOption {
      type = types.strMatching "([01][0-9]|2[0-3]):[0-5][0-9]";
      default = "00:00";
      inherit example description;
    };
  date = types.strMatching "[0-9]{4}-[0-9]{2}-[0-9]{2}";

  hours = types.submodule {
    options = {
      days = mkOption {
        type = types.nonEmptyListOf (
          types.enum [
            "mon"
            "tue"
            "wed"
            "thu"
            "fri"
            "sat"
            "sun"
          ]
        );
        default = [
          "mon"
          "tue"
          "wed"
          "thu"
          "fri"
          "sat"
          "sun"
        ];
        example = [ "mon" ];
        description = "Days of the week on which the room opens.";
      };
      opens = dayTime "09:00" "When it opens on these days.";
      closes = dayTime "17:30" ''
        When it closes; a time before that of opening is on the next day. A meeting is warned five minutes before, and ends.
      '';
      timezone = mkOption {
        type = types.str;
        default = if config.time.timeZone or null == null then "UTC" else config.time.timeZone;
        defaultText = lib.literalExpression ''if config.time.timeZone == null then "UTC" else config.time.timeZone'';
        example = "Europe/Brussels";
        description = "Where these times hold.";
      };
      firstDay = orUnset date "2026-12-01" "The first day on which it opens. Null is no such limit.";
      lastDay = orUnset date "2026-12-24" "The last day on which it opens. Null is no such limit.";
    };
  };

  room = types.submodule {
    options = {
      owners = mkOption {
        type = types.listOf types.nonEmptyStr;
        default = [ ];
        example = [ "ann@example.org" ];
        description = ''
          Who is moderator, by the id or e-mail address with which they log in. They pass the lobby, and need no password.
        '';
      };
      passwordFile = mkOption {
        type = types.nullOr ours.secretFile;
        default = null;
        example = "/run/secrets/meet-board";
        description = "The room's password, as the first line of a file. Null asks for none.";
      };
      lobby = mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = "Whether others wait until a moderator lets them in, also while no moderator is there.";
      };
      subject = mkOption {
        type = types.str;
        default = "";
        example = "The board";
        description = "What the room is called. Empty shows its name.";
      };
      maxOccupants = orUnset types.ints.positive 30 "How many people may be in it at once. Null is the server's limit.";
      startAudioMuted = orUnset types.ints.unsigned 10 "After how many people others start muted. Null is no such rule.";
      startVideoMuted = orUnset types.ints.unsigned 10 "The same for cameras.";
      hours = mkOption {
        type = types.listOf hours;
        default = [ ];
        example = [
          {
            days = [ "mon" ];
            opens = "09:00";
            closes = "10:00";
          }
        ];
        description = "When the room may be used. An empty list is always.";
      };
    };
  };
in
{
  options.services.meet.rooms = mkOption {
    type = types.attrsOf room;
    default = { };
    example = {
      Board = {
        owners = [ "ann@example.org" ];
        lobby = true;
      };
    };
    description = ''
      Rooms by name, as people write it in the address. Others can still be opened by anybody who may, unless
      {option}`services.meet.focus.settings.undeclared_rooms` is false.
    '';
  };

  config = mkIf (cfg.rooms != { }) {
    assertions =
      lib.mapAttrsToList (name: each: {
        assertion = each.lobby -> each.owners != [ ] || each.passwordFile != null;
        message = "services.meet.rooms.${name}.lobby is on, but neither owners nor passwordFile is set: nobody could let anybody in.";
      }) cfg.rooms
      ++ [
        {
          assertion = cfg.focus.enable;
          message = "services.meet.rooms needs services.meet.focus.enable on the same host, which opens the rooms.";
        }
      ];

    services.meet.secrets.list = lib.mapAttrs' (name: each: {
      name = credential name;
      value = {
        file = each.passwordFile;
        option = "rooms.${name}.passwordFile";
      };
    }) withPassword;

    services.meet.focus.credentials = lib.mapAttrs' (name: _: {
      name = credential name;
      value = cfg.secrets.list.${credential name}.path;
    }) withPassword;

    services.meet.focus.settings.rooms = lib.mapAttrs (name: each: {
      inherit (each) owners lobby subject;
      password_file = mkIf (each.passwordFile != null) (credential name);
      max_occupants = each.maxOccupants;
      start_audio_muted = each.startAudioMuted;
      start_video_muted = each.startVideoMuted;
      hours = map (window: {
        inherit (window)
          days
          opens
          closes
          timezone
          ;
        first_day = window.firstDay;
        last_day = window.lastDay;
      }) each.hours;
    }) cfg.rooms;
  };
}
