# The VM tests by name: a NixOS test module NAME.nix, its script in NAME.py.
[
  "cluster"
  "deploy"
  "ipv6"
  "neighbours"
  "restart"
  "single"
]
