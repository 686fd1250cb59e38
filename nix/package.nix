# pyjitsi from source, with its client bundle.
{
  lib,
  callPackage,
  openssl,
  python3Packages,
  client ? callPackage ./client.nix { },
}:
let
  root = ../.;
  project = (lib.importTOML (root + "/pyproject.toml")).project;
in
python3Packages.buildPythonApplication {
  pname = project.name;
  inherit (project) version;
  pyproject = true;
  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      (root + "/LICENSE")
      (root + "/README.md")
      (root + "/pyproject.toml")
      (root + "/setup.py")
      (lib.fileset.difference (root + "/pyjitsi") (root + "/pyjitsi/web/client"))
    ];
  };

  build-system = [
    python3Packages.setuptools
    python3Packages.cython
  ];
  buildInputs = [ openssl ];
  dependencies = map (name: python3Packages.${name}) (import ./dependencies.nix);
  # nixpkgs moves at its own pace; what breaks with a version is found by the tests, not by a number.
  pythonRelaxDeps = true;

  postPatch = ''
    mkdir -p pyjitsi/web/client
    cp -r ${client} pyjitsi/web/client/dist
    chmod -R u+w pyjitsi/web/client
  '';
  pythonImportsCheck = [
    "pyjitsi.bridge.plane.compiled"
    "pyjitsi.bridge.service"
    "pyjitsi.focus.service"
    "pyjitsi.rooms.service"
    "pyjitsi.web.service"
  ];

  passthru = { inherit client; };
  meta = {
    inherit (project) description;
    homepage = "https://github.com/pyjitsi/pyjitsi";
    license = lib.licenses.asl20;
    mainProgram = "pyjitsi";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
