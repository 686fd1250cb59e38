# pkgs.pyjitsi
final: _: {
  pyjitsi = final.callPackage ./package.nix { };
}
