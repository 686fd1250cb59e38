# Further stand-ins for options of NixOS, which whole systems and VM tests set.
{ lib, ... }:
let
  anything = lib.mkOption {
    type = lib.types.anything;
    default = { };
  };
in
{
  options = {
    boot.loader = anything;
    fileSystems = anything;
    system.stateVersion = anything;
    specialisation = anything;
    virtualisation = anything;
    networking.interfaces = anything;
    networking.hosts = anything;
    networking.extraHosts = lib.mkOption {
      type = lib.types.lines;
      default = "";
    };
  };
}
