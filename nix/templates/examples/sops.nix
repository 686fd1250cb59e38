# Secrets from sops-nix. A new secret reaches a service by a restart, which sops-nix does.
{ config, ... }:
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    secrets.generate = false;
    focus.secretFile = config.sops.secrets.meet-focus.path;
    roomServices.secretFile = config.sops.secrets.meet-rooms.path;
    bridge.name = "jvb";
    bridges.jvb.passwordFile = config.sops.secrets.meet-bridge.path;
  };
  sops.secrets.meet-focus.restartUnits = [
    "meet-prosody.service"
    "meet-focus.service"
  ];
  sops.secrets.meet-rooms.restartUnits = [
    "meet-prosody.service"
    "meet-rooms.service"
  ];
  sops.secrets.meet-bridge.restartUnits = [
    "meet-prosody.service"
    "meet-bridge.service"
  ];
}
