{
  description = "A self-hosted video-conferencing suite that speaks Jitsi's protocols";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = nixpkgs.lib.genAttrs systems;
    in
    {
      devShells = forAllSystems (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          # `make run` and `make test` enter this shell by themselves where there is no apt.
          default = pkgs.mkShell {
            packages = [
              pkgs.prosody
              pkgs.python3
              pkgs.chromium
              pkgs.luaPackages.luacheck
              pkgs.gnumake
              pkgs.nodejs
              pkgs.ruff
              pkgs.basedpyright
              pkgs.biome
            ];
            # Playwright and biome bring programs of their own, which would not run here.
            PLAYWRIGHT_NODEJS_PATH = "${pkgs.nodejs}/bin/node";
            BIOME_BINARY = "${pkgs.biome}/bin/biome";
            # Wheels from PyPI bring their own libraries but for these.
            LD_LIBRARY_PATH = pkgs.lib.makeLibraryPath [
              pkgs.stdenv.cc.cc.lib
              pkgs.zlib
            ];
          };
        }
      );

      formatter = forAllSystems (system: nixpkgs.legacyPackages.${system}.nixfmt-rfc-style);
    };
}
