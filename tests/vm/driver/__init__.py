"""A small subset of the NixOS test driver on Debian machines under QEMU, for hosts without NixOS."""
