# `make run` and `make test` enter this shell by themselves where there is no apt.
{
  lib,
  mkShell,
  stdenv,
  prosody,
  python3,
  chromium,
  luaPackages,
  gnumake,
  nodejs,
  ruff,
  basedpyright,
  biome,
  openssl,
  zlib,
}:
mkShell {
  packages = [
    prosody
    python3
    chromium
    luaPackages.luacheck
    gnumake
    nodejs
    ruff
    basedpyright
    biome
    stdenv.cc
    openssl
  ];
  # Playwright and biome bring programs of their own, which would not run here.
  PLAYWRIGHT_NODEJS_PATH = "${nodejs}/bin/node";
  BIOME_BINARY = "${biome}/bin/biome";
  # Wheels from PyPI bring their own libraries but for these.
  LD_LIBRARY_PATH = lib.makeLibraryPath [
    stdenv.cc.cc.lib
    zlib
  ];
}
