# A VM test's nodes, evaluated without NixOS: what the Debian back end puts onto its machines.
{
  libPath,
  test, # the test's module, as runNixOSTest takes it
  programs ? { },
}:
let
  content = import test;
  names = builtins.attrNames content.nodes;
  number = name: 1 + builtins.head (builtins.filter (i: builtins.elemAt names i == name) (builtins.genList (i: i) (builtins.length names)));
  # As NixOS' test driver numbers them.
  nodes = builtins.mapAttrs (name: _: {
    networking.primaryIPAddress = "192.168.1.${toString (number name)}";
    networking.primaryIPv6Address = "2001:db8:1::${toString (number name)}";
  }) content.nodes;

  evaluate =
    name: modules:
    import ../../nix/evaluate.nix {
      inherit libPath programs;
      module = {
        imports = [
          ../../nix/offline/testing.nix
          {
            _module.args = { inherit nodes; };
            networking.hostName = name;
            networking.nftables.enable = true;
            # Debian's names.
            services.nginx.group = "www-data";
          }
        ]
        ++ modules;
      };
    };
  special =
    name:
    builtins.mapAttrs (
      _: each:
      evaluate name [
        content.nodes.${name}
        each.configuration
      ]
    ) (evaluate name [ content.nodes.${name} ]).specialisation;
  shown = host: {
    inherit (host)
      failed
      firewall
      switching
      sysctl
      etc
      nginx
      caddy
      drops
      extraHosts
      ipv4
      ;
    units = builtins.mapAttrs (_: file: "${file}") host.unitFiles;
  };
in
{
  nodes = builtins.mapAttrs (
    name: node:
    shown (evaluate name [ node ])
    // {
      address = nodes.${name}.networking;
      specialisation = builtins.mapAttrs (_: shown) (special name);
    }
  ) content.nodes;

  # To be realised: the unit files, and with them all that they name.
  files = builtins.concatMap (
    name:
    builtins.concatMap (host: builtins.attrValues host.unitFiles) (
      [ (evaluate name [ content.nodes.${name} ]) ] ++ builtins.attrValues (special name)
    )
  ) names;
}
