# What the roles share: the frame of a unit, and a settings file that the service itself has checked.
{
  lib,
  pkgs,
  cfg,
}:
let
  hardening = import ./hardening.nix;
  # Prosody's `package` is Prosody; what renders its configuration is ours.
  packageOf =
    role:
    {
      prosody = cfg.package;
      rooms = cfg.roomServices.package;
    }
    .${role} or cfg.${role}.package;
in
{
  inherit hardening;

  # Secrets never come from the store, which everybody can read: a path literal, or a store path in a string, is refused.
  secretFile = lib.types.pathWith {
    absolute = true;
    inStore = false;
  };

  # Something that is off until somebody turns it on.
  flag =
    description:
    lib.mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      inherit description;
    };

  # Something that stays unset until somebody sets it.
  nullable =
    type: example: description:
    lib.mkOption {
      type = lib.types.nullOr type;
      default = null;
      inherit example description;
    };

  # A list of names, empty until somebody fills it.
  names =
    example: description:
    lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      inherit example description;
    };

  # A role's own `package`: one role can run a patched or an older one.
  packageOption =
    role:
    lib.mkOption {
      type = lib.types.package;
      default = cfg.package;
      defaultText = lib.literalExpression "config.services.meet.package";
      example = lib.literalExpression "pkgs.pyjitsi.overridePythonAttrs { patches = [ ./${role}.patch ]; }";
      description = "The package that the ${role} role runs.";
    };

  # settings -> a JSON file in the store, refused at build time where the service would refuse it at start.
  # `secrets` names the credentials that the unit gets; for the check they are dummies.
  settingsFile =
    role: settings: secrets:
    let
      written = lib.filterAttrsRecursive (_: value: value != null) settings;
    in
    pkgs.runCommand "meet-${role}.json"
      {
        nativeBuildInputs = [ (packageOf role) ];
        text = builtins.toJSON written;
        passAsFile = [ "text" ];
      }
      ''
        mkdir credentials
        for name in ${lib.escapeShellArgs secrets}; do echo only-for-this-check > credentials/"$name"; done
        cp "$textPath" meet-${role}.json
        CREDENTIALS_DIRECTORY=$PWD/credentials pyjitsi ${role} --config meet-${role}.json --check-config
        cp meet-${role}.json $out
      '';

  # The frame of each of our services.
  unit =
    {
      description,
      role,
      file,
      credentials,
      serviceConfig ? { },
    }:
    {
      inherit description;
      documentation = [ "https://github.com/pyjitsi/pyjitsi" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "meet-secrets.service"
        "meet-prosody.service"
      ];
      startLimitIntervalSec = 0; # tries for ever: what it waits for may take an hour to come
      serviceConfig =
        hardening
        // {
          ExecStart = "${lib.getExe (packageOf role)} ${role} --config ${file}";
          LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") credentials;
          Type = "notify";
          NotifyAccess = "main";
          WatchdogSec = 30;
          Restart = "always";
          RestartSec = 1;
          RestartSteps = 5;
          RestartMaxDelaySec = 30;
          LimitNOFILE = 65536;
          TasksMax = 4096;
          Slice = "system-meet.slice";
        }
        // serviceConfig;
    };
}
