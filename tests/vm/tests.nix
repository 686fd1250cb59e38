# The VM tests by name: a NixOS test module NAME.nix and its script NAME.py.
[
  "single"
]
