# A host from which people join, with the headless client of the tests (`meet-client`).
{ nodes, pkgs, ... }:
{
  networking.extraHosts = ''
    ${nodes.server.networking.primaryIPAddress} meet.example.org
    ${nodes.server.networking.primaryIPv6Address} meet.example.org
  '';
  # They send and receive media; what they open is theirs to know.
  networking.firewall.allowedUDPPorts = [ ];
  environment.systemPackages = [ (pkgs.callPackage ../../nix/test-client.nix { }) ];
  virtualisation.memorySize = 1536;
}
