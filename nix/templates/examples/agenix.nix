# Secrets from agenix.
{ config, ... }:
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    secrets.generate = false;
    focus.secretFile = config.age.secrets.meet-focus.path;
    roomServices.secretFile = config.age.secrets.meet-rooms.path;
    bridge.name = "jvb";
    bridges.jvb.passwordFile = config.age.secrets.meet-bridge.path;
  };
  age.secrets.meet-focus.file = ./meet-focus.age;
  age.secrets.meet-bridge.file = ./meet-bridge.age;
}
