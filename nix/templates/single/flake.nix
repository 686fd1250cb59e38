{
  description = "A meeting server on one host";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.pyjitsi.url = "github:pyjitsi/pyjitsi";
  inputs.pyjitsi.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, pyjitsi, ... }:
    {
      nixosConfigurations.meet = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          pyjitsi.nixosModules.default
          ./hardware-configuration.nix # yours: nixos-generate-config writes it
          ./meet.nix
        ];
      };
    };
}
