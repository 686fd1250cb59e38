# `nix run` is a whole server on this machine; `nix run .#vm` is one in a virtual machine to look around in.
{
  lib,
  pkgs,
  module,
}:
let
  pyjitsi = pkgs.callPackage ./package.nix { };
  up = pkgs.writeShellScript "pyjitsi-up" ''
    PATH=${pkgs.prosody}/bin:$PATH exec ${lib.getExe pyjitsi} up "$@"
  '';
  vm = pkgs.testers.runNixOSTest {
    imports = [ ../tests/vm/single.nix ];
    defaults.imports = [ module ];
  };
in
{
  default = {
    type = "app";
    program = "${up}";
    meta.description = "A whole meeting server on this machine";
  };
  vm = {
    type = "app";
    program = "${vm.driverInteractive}/bin/nixos-test-driver";
    meta.description = "The servers of the test `single` in virtual machines, with a Python prompt";
  };
}
