# The browser client. Every package's address and hash are in package-lock.json, so nothing is to be filled in here.
{
  lib,
  buildNpmPackage,
  importNpmLock,
}:
let
  root = ../pyjitsi/web/client;
in
buildNpmPackage {
  pname = "pyjitsi-client";
  inherit ((lib.importJSON (root + "/package.json"))) version;
  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.difference root (
      lib.fileset.unions [
        (lib.fileset.maybeMissing (root + "/node_modules"))
        (lib.fileset.maybeMissing (root + "/dist"))
      ]
    );
  };
  npmDeps = importNpmLock { npmRoot = root; };
  inherit (importNpmLock) npmConfigHook;
  installPhase = ''
    runHook preInstall
    cp -r dist $out
    runHook postInstall
  '';
  meta = {
    description = "Browser client of pyjitsi";
    license = lib.licenses.asl20;
  };
}
