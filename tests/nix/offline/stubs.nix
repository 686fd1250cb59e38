# Stand-ins for the NixOS options that our modules define or read. Declarations of our own, no code of nixpkgs.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  anything = mkOption {
    type = types.anything;
    default = { };
  };
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  ports = mkOption {
    type = types.listOf types.port;
    default = [ ];
  };
  string =
    default:
    mkOption {
      type = types.str;
      inherit default;
    };
  maybe = mkOption {
    type = types.nullOr types.str;
    default = null;
  };
  bool =
    default:
    mkOption {
      type = types.bool;
      inherit default;
    };
  lines = mkOption {
    type = types.lines;
    default = "";
  };
  maybePath = mkOption {
    type = types.nullOr types.path;
    default = null;
  };

  # As NixOS merges them: a directive is a value or a list of values; lists of two modules are joined.
  value = types.oneOf [
    types.bool
    types.int
    types.float
    types.str
    types.path
    types.package
  ];
  directive = types.mkOptionType {
    name = "systemd directive";
    check = v: value.check v || builtins.isList v && builtins.all value.check v;
    merge =
      loc: defs:
      let
        values = map (def: def.value) defs;
      in
      if builtins.any builtins.isList values then
        builtins.concatLists (map lib.toList values)
      else
        lib.mergeEqualOption loc defs;
  };
  section = mkOption {
    type = types.attrsOf directive;
    default = { };
  };

  service = types.submodule {
    options = {
      description = string "";
      documentation = strings;
      after = strings;
      before = strings;
      wants = strings;
      requires = strings;
      wantedBy = strings;
      restartIfChanged = bool true;
      stopIfChanged = bool true;
      startLimitIntervalSec = mkOption {
        type = types.nullOr types.int;
        default = null;
      };
      path = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      environment = mkOption {
        type = types.attrsOf (types.nullOr types.str);
        default = { };
      };
      script = lines;
      unitConfig = section;
      serviceConfig = section;
    };
  };

  location = types.submodule {
    options = {
      proxyPass = maybe;
      proxyWebsockets = bool false;
      recommendedProxySettings = bool false;
      root = maybePath;
      return = maybe;
      extraConfig = lines;
    };
  };
  virtualHost = types.submodule {
    options = {
      enableACME = bool false;
      forceSSL = bool false;
      root = maybePath;
      sslCertificate = maybePath;
      sslCertificateKey = maybe;
      extraConfig = lines;
      locations = mkOption {
        type = types.attrsOf location;
        default = { };
      };
    };
  };
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
    warnings = strings;
    meta.doc = mkOption {
      type = types.unspecified;
      default = null;
    };
    networking = {
      hostName = string "host";
      enableIPv6 = bool true;
      nftables.enable = bool false;
      firewall = {
        allowedTCPPorts = ports;
        allowedUDPPorts = ports;
        allowedUDPPortRanges = mkOption {
          type = types.listOf types.anything;
          default = [ ];
        };
        extraInputRules = lines;
        extraCommands = lines;
      };
    };
    systemd.services = mkOption {
      type = types.attrsOf service;
      default = { };
    };
    systemd.package = mkOption {
      type = types.nullOr types.package;
      default = null;
    };
    environment.etc = mkOption {
      type = types.attrsOf (types.submodule { options.text = string ""; });
      default = { };
    };
    environment.systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    boot.kernel.sysctl = anything;
    security.acme = {
      acceptTerms = bool false;
      defaults.email = maybe;
      certs = anything;
    };
    services.nginx = {
      enable = bool false;
      group = string "nginx";
      streamConfig = lines;
      commonHttpConfig = lines;
      defaultListen = mkOption {
        type = types.listOf types.anything;
        default = [ ];
      };
      virtualHosts = mkOption {
        type = types.attrsOf virtualHost;
        default = { };
      };
    };
    services.caddy = {
      enable = bool false;
      group = string "caddy";
      virtualHosts = mkOption {
        type = types.attrsOf (types.submodule { options.extraConfig = lines; });
        default = { };
      };
    };
    services.prosody.enable = bool false;
    services.coturn.enable = bool false;
    services.ejabberd.enable = bool false;
    services.prometheus.enable = bool false;
    services.prometheus.scrapeConfigs = mkOption {
      type = types.listOf types.anything;
      default = [ ];
    };
    # Of sops-nix and agenix, which the examples name.
    sops.secrets = anything;
    age.secrets = anything;
  };
}
