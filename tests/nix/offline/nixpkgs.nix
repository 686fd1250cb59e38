# Stands in for a whole nixpkgs in the flake's outputs: builders that record what they were given, and build nothing.
{ lib, system }:
let
  pkgs = import ./pkgs.nix { inherit lib; };
  recorded =
    name: attrs:
    derivation {
      inherit name system;
      builder = "/bin/sh";
      args = [
        "-c"
        "echo > $out"
      ];
    }
    // {
      inherit name;
      meta = attrs.meta or { };
    }
    // (attrs.passthru or { });
  built = attrs: recorded "${attrs.pname}-${attrs.version}" (builtins.deepSeq [ attrs.src attrs.meta ] attrs);

  all = pkgs // {
    inherit system;
    buildNpmPackage = attrs: builtins.deepSeq attrs.npmDeps (built attrs);
    importNpmLock = {
      __functor = _: { npmRoot }: lib.importJSON (npmRoot + "/package-lock.json");
      npmConfigHook = "hook";
    };
    python3Packages = {
      buildPythonApplication = attrs: builtins.deepSeq (map toString attrs.dependencies) (built attrs);
      setuptools = recorded "setuptools" { };
      cython = recorded "cython" { };
    }
    // lib.genAttrs (import ../../../nix/dependencies.nix) (name: recorded name { });
    nixosOptionsDoc = { options, ... }: {
      optionsCommonMark = builtins.seq (lib.optionAttrSetToDocList options) (recorded "options.md" { });
    };
    writeShellApplication = attrs: recorded attrs.name { };
    mkShell = attrs: builtins.deepSeq (map toString attrs.packages) (recorded "shell" { });
    testers.runNixOSTest =
      { imports, defaults }:
      let
        content = import (builtins.head imports);
        numbered = builtins.mapAttrs (_: _: {
          networking.primaryIPAddress = "192.168.1.1";
          networking.primaryIPv6Address = "2001:db8:1::1";
        }) content.nodes;
        evaluate =
          node:
          (lib.evalModules {
            modules = defaults.imports ++ [
              ./stubs.nix
              ./testing.nix
              {
                _module.args = {
                  pkgs = all;
                  nodes = numbered;
                };
              }
              node
            ];
          }).config.assertions;
      in
      recorded "vm-test-${content.name}" {
        passthru.driverInteractive = recorded "nixos-test-driver" {
          assertions = builtins.deepSeq (map evaluate (builtins.attrValues content.nodes)) content.testScript;
        };
      };
    nixos = modules: {
      config.system.build.toplevel =
        let
          evaluated = lib.evalModules {
            modules = modules ++ [
              ./stubs.nix
              ./testing.nix
              { _module.args = { pkgs = all; }; }
            ];
          };
          failed = map (each: each.message) (
            builtins.filter (each: !each.assertion) evaluated.config.assertions
          );
        in
        if failed == [ ] then recorded "nixos-system" { } else throw (builtins.concatStringsSep "\n" failed);
    };
    callPackage =
      path: overrides:
      let
        function = import path;
        wanted = builtins.functionArgs function;
        given = builtins.intersectAttrs wanted (all // { pkgs = all; });
      in
      function (given // overrides);
  }
  // lib.genAttrs [
    "chromium"
    "gnumake"
    "nodejs"
    "ruff"
    "basedpyright"
    "biome"
    "zlib"
    "nixfmt-rfc-style"
  ] (name: recorded name { })
  // {
    python3 = recorded "python3" { } // {
      withPackages = _: recorded "python3-env" { };
    };
    luaPackages.luacheck = recorded "luacheck" { };
    stdenv = pkgs.stdenv // {
      cc = recorded "gcc" { } // {
        cc.lib = recorded "gcc-lib" { };
      };
    };
  };
in
removeAttrs all [ "pyjitsi" ]
