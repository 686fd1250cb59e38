{
  description = "A self-hosted video-conferencing suite that speaks Jitsi's protocols";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      module = {
        _file = ./flake.nix;
        imports = [ ./modules ];
      };
    in
    {
      nixosModules = {
        default = module;
        meet = module;
      };
      overlays.default = import ./nix/overlay.nix;
      packages = each (pkgs: rec {
        default = pyjitsi;
        pyjitsi = pkgs.callPackage ./nix/package.nix { };
        inherit (pyjitsi) client;
        options-doc = pkgs.callPackage ./nix/options-doc.nix { };
      });
      apps = each (pkgs: import ./nix/apps.nix { inherit lib pkgs module; });
      checks = each (pkgs: import ./nix/checks.nix { inherit lib pkgs module; });
      devShells = each (pkgs: {
        default = pkgs.callPackage ./nix/dev-shell.nix { };
      });
      formatter = each (pkgs: pkgs.nixfmt-rfc-style);
      templates = {
        default = {
          path = ./nix/templates/single;
          description = "A meeting server on one host";
        };
        cluster = {
          path = ./nix/templates/cluster;
          description = "A meeting server with bridges on hosts of their own";
        };
      };
    };
}
