# What `nix flake check` builds: the package, the options' documentation, every example as a whole system, the VM tests.
{
  lib,
  pkgs,
  module,
}:
let
  examples = {
    single = [ ./templates/single/meet.nix ];
    cluster-main = [ ./templates/cluster/main.nix ];
    cluster-bridge = [ ./templates/cluster/eu1.nix ];
  }
  // lib.mapAttrs' (file: _: {
    name = lib.removeSuffix ".nix" file;
    value = [ (./templates/examples + "/${file}") ];
  }) (removeAttrs (builtins.readDir ./templates/examples) [
    "agenix.nix" # these two need the modules of others
    "sops.nix"
  ]);

  system =
    modules:
    (pkgs.nixos (
      modules
      ++ [
        module
        {
          boot.loader.grub.enable = false;
          fileSystems."/".device = "/dev/null";
          fileSystems."/".fsType = "ext4";
          system.stateVersion = lib.trivial.release;
        }
      ]
    )).config.system.build.toplevel;

  vmTest =
    name:
    pkgs.testers.runNixOSTest {
      imports = [ (../tests/vm + "/${name}.nix") ];
      defaults.imports = [ module ];
    };
in
{
  package = pkgs.callPackage ./package.nix { };
  options-doc = pkgs.callPackage ./options-doc.nix { };
}
// lib.mapAttrs' (name: modules: {
  name = "example-${name}";
  value = system modules;
}) examples
// lib.listToAttrs (
  map (name: {
    name = "vm-${name}";
    value = vmTest name;
  }) (import ../tests/vm/tests.nix)
)
