# Stands in for nixpkgs' package set: as much of `pkgs` as our modules use, realised with nothing but /bin/sh and the
# programs of this machine. `programs` has a path for each program by name.
{
  lib,
  programs ? { },
}:
let
  system = builtins.currentSystem or "x86_64-linux";
  searchPath = "/usr/bin:/bin:/usr/sbin:/sbin";

  text =
    name: content:
    derivation {
      inherit name system;
      text = content;
      executable = if lib.hasPrefix "#!" content then "1" else "";
      passAsFile = [ "text" ];
      builder = "/bin/sh";
      args = [
        "-c"
        ''PATH=${searchPath}; cp "$textPath" "$out"; if [ -n "$executable" ]; then chmod +x "$out"; fi''
      ];
    };

  runCommand =
    name: attrs: script:
    derivation (
      {
        inherit name system script;
        builder = "/bin/sh";
        args = [
          "-c"
          ''PATH=${searchPath}; for each in $nativeBuildInputs; do PATH=$each/bin:$PATH; done; export PATH; eval "set -e; $script"''
        ];
      }
      // attrs
    );

  # A package whose programs are this machine's.
  package =
    pname: names:
    derivation {
      inherit system;
      name = "${pname}-0";
      links = map (name: "${name}=${programs.${name} or "/usr/bin/${name}"}") names;
      builder = "/bin/sh";
      args = [
        "-c"
        ''PATH=${searchPath}; mkdir -p $out/bin; for link in $links; do ln -s "''${link#*=}" "$out/bin/''${link%%=*}"; done''
      ];
    }
    // {
      inherit pname;
      version = "0";
      meta.mainProgram = builtins.head names;
    };

  json.type =
    let
      value =
        lib.types.nullOr (
          lib.types.oneOf [
            lib.types.bool
            lib.types.int
            lib.types.float
            lib.types.str
            (lib.types.attrsOf value)
            (lib.types.listOf value)
          ]
        )
        // {
          description = "JSON value";
        };
    in
    value;
in
{
  inherit lib system runCommand;
  stdenv.hostPlatform = {
    inherit system;
    isLinux = true;
  };
  writeText = text;
  writeShellScript = name: script: text name "#!/bin/sh\n${script}";
  formats.json = _: json // { generate = name: value: text name (builtins.toJSON value); };
  # The Debian back end of the VM tests has the headless client by itself.
  callPackage = _: _: package "meet-client" [ "meet-client" ];
  pyjitsi = package "pyjitsi" [ "pyjitsi" ];
  prosody =
    package "prosody" [
      "prosody"
      "prosodyctl"
    ]
    // {
      version = "13.0.5"; # what the modules' warnings look at
    };
  systemd = package "systemd" [ "systemctl" ];
  coreutils = package "coreutils" [ "cat" ];
  coturn = package "coturn" [ "turnserver" ];
  gnugrep = package "gnugrep" [ "grep" ];
  openssl = package "openssl" [ "openssl" ];
}
