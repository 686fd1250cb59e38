{
  description = "A meeting server with bridges on hosts of their own";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.pyjitsi.url = "github:pyjitsi/pyjitsi";
  inputs.pyjitsi.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, pyjitsi, ... }:
    let
      host =
        name:
        nixpkgs.lib.nixosSystem {
          system = "x86_64-linux";
          modules = [
            pyjitsi.nixosModules.default
            ./${name}.nix
            ./${name}-hardware.nix # yours: nixos-generate-config writes it
          ];
        };
    in
    {
      nixosConfigurations = nixpkgs.lib.genAttrs [
        "main"
        "eu1"
        "us1"
      ] host;
    };
}
