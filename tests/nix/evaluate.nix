# Evaluates services.meet for one host without NixOS, and shows what NixOS would make of it.
{
  libPath,
  module, # the host's configuration: a function, an attribute set, or a path
  programs ? { },
}:
let
  load = if builtins ? readFileType then import else import ./offline/compat.nix;
  lib = load libPath;
  pkgs = import ./offline/pkgs.nix { inherit lib programs; };
  evaluated = lib.evalModules {
    modules = [
      ./offline/stubs.nix
      ../../modules
      {
        _module.args = { inherit pkgs; };
        systemd.package = pkgs.systemd;
      }
      module
    ];
  };
  inherit (evaluated) config;

  shown = value: if builtins.isBool value then lib.boolToString value else toString value;
  directives =
    section:
    lib.concatStrings (
      lib.mapAttrsToList (
        name: value: lib.concatMapStrings (each: "${name}=${shown each}\n") (lib.toList value)
      ) section
    );
  list = name: values: lib.optionalString (values != [ ]) "${name}=${toString values}\n";

  # The unit file, as NixOS writes it.
  unit =
    name: service:
    let
      script = lib.optionalAttrs (service.script != "") {
        ExecStart = pkgs.writeShellScript "${name}-start" "set -e\n${service.script}";
      };
      searchPath = lib.concatMapStringsSep ":" (package: "${package}/bin") service.path;
      # NixOS adds coreutils, findutils, grep, sed and systemd by itself.
      environment = {
        PATH = lib.concatStringsSep ":" (
          lib.optional (service.path != [ ]) searchPath ++ [ "/usr/bin:/bin" ]
        );
      }
      // service.environment;
    in
    "[Unit]\nDescription=${service.description}\n"
    + list "After" service.after
    + list "Before" service.before
    + list "Wants" service.wants
    + list "Requires" service.requires
    + list "Documentation" service.documentation
    + lib.optionalString (
      service.startLimitIntervalSec != null
    ) "StartLimitIntervalSec=${toString service.startLimitIntervalSec}\n"
    + directives service.unitConfig
    + "\n[Service]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (key: value: ''Environment="${key}=${value}"'' + "\n") environment
    )
    + directives (script // service.serviceConfig)
    + "\n[Install]\n"
    + list "WantedBy" service.wantedBy;

  # Units of others that ours only add an ordering to (nginx, caddy) are theirs to write.
  ours = lib.filterAttrs (name: _: lib.hasPrefix "meet-" name) config.systemd.services;

  documented = builtins.filter (
    option: lib.hasPrefix "services.meet." option.name && option.visible or true == true && !(option.internal or false)
  ) (lib.optionAttrSetToDocList evaluated.options);
in
{
  failed = map (each: each.message) (builtins.filter (each: !each.assertion) config.assertions);
  inherit (config) warnings;
  firewall = config.networking.firewall;
  units = lib.mapAttrs unit ours;
  unitFiles = lib.mapAttrs (name: service: pkgs.writeText "${name}.service" (unit name service)) ours;
  switching = lib.mapAttrs (_: service: { inherit (service) restartIfChanged stopIfChanged; }) ours;
  sysctl = config.boot.kernel.sysctl;
  etc = lib.mapAttrs (_: file: file.text) config.environment.etc;
  nginx = if config.services.nginx.enable then config.services.nginx.virtualHosts else { };
  nginxStream = config.services.nginx.streamConfig;
  nginxListen = config.services.nginx.defaultListen;
  caddy = if config.services.caddy.enable then config.services.caddy.virtualHosts else { };
  # What ours add to the units of others.
  drops = lib.mapAttrs (_: service: { inherit (service) after wants; }) (
    lib.filterAttrs (name: _: !lib.hasPrefix "meet-" name) config.systemd.services
  );
  extraHosts = config.networking.extraHosts or "";
  ipv4 = (config.networking.interfaces.eth1.ipv4.addresses or null) != [ ];
  specialisation = config.specialisation or { };
  scrape = config.services.prometheus.scrapeConfigs;
  meet = {
    inherit (config.services.meet) domains;
    tls = config.services.meet.tls.files;
  };
  docs = map (option: {
    inherit (option) name;
    type = option.type or null;
    default = option.default.text or null;
    example = option.example.text or null;
    description = option.description or null;
    readOnly = option.readOnly or false;
  }) documented;
}
