# The headless person of the VM tests, as a program.
{
  lib,
  writeShellApplication,
  python3,
  pyjitsi ? null,
  callPackage,
}:
let
  package = if pyjitsi == null then callPackage ./package.nix { } else pyjitsi;
  python = python3.withPackages (packages: [ (packages.toPythonModule package) ]);
in
writeShellApplication {
  name = "meet-client";
  text = ''
    PYTHONPATH=${
      lib.fileset.toSource {
        root = ../.;
        fileset = lib.fileset.unions [
          ../tests/__init__.py
          ../tests/support
          ../tests/vm/__init__.py
          ../tests/vm/client.py
        ];
      }
    } exec ${python}/bin/python -m tests.vm.client "$@"
  '';
}
