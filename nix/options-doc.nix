# All options of services.meet as one Markdown page.
{
  lib,
  pkgs,
  nixosOptionsDoc,
}:
let
  evaluated = lib.evalModules {
    modules = [
      ../modules
      {
        # Options of NixOS that ours define: here only ours are documented.
        _module.check = false;
        _module.args = { inherit pkgs; };
      }
    ];
  };
in
(nixosOptionsDoc {
  options = { inherit (evaluated.options) services; };
  warningsAreErrors = true;
  transformOptions = option: option // { declarations = [ ]; };
}).optionsCommonMark
