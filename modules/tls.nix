# The certificate: from ACME, the admin's own, or a self-signed one.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalMD
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  inherit (import ./lib.nix { inherit lib pkgs cfg; }) hardening;
  own = cfg.tls.certFile != null && cfg.tls.keyFile != null;
  proxied = cfg.nginx.enable || cfg.caddy.enable;
  group = if cfg.nginx.enable then config.services.nginx.group else config.services.caddy.group;
in
{
  options.services.meet.tls = {
    acme = mkOption {
      type = types.bool;
      default = config.security.acme.acceptTerms && cfg.tls.certFile == null && !cfg.caddy.enable;
      defaultText = literalMD "true as soon as {option}`security.acme.acceptTerms` is, and no certificate is named";
      example = true;
      description = ''
        Whether nginx gets its certificate by ACME. That takes {option}`security.acme.acceptTerms` and
        {option}`security.acme.defaults.email`, which only an admin can give. Caddy gets certificates by itself.
      '';
    };

    selfSigned = mkOption {
      type = types.bool;
      default = cfg.nginx.enable && !cfg.tls.acme && cfg.tls.certFile == null;
      defaultText = literalMD "true where neither ACME nor a certificate of one's own is set";
      example = true;
      description = "Whether to make a self-signed certificate, for laboratories. Browsers warn of it.";
    };

    certFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/run/secrets/meet.pem";
      description = "A certificate with its chain (PEM), instead of ACME.";
    };

    keyFile = mkOption {
      type = types.nullOr (import ./lib.nix { inherit lib pkgs cfg; }).secretFile;
      default = null;
      example = "/run/secrets/meet.key";
      description = "The key to {option}`services.meet.tls.certFile`; the web server's group must be able to read it.";
    };

    directory = mkOption {
      type = types.str;
      internal = true;
      readOnly = true;
      default = "/var/lib/meet-tls";
      description = "Where the self-signed certificate is.";
    };

    files = mkOption {
      type = types.nullOr (types.attrsOf types.str);
      internal = true;
      readOnly = true;
      description = "Certificate and key as files, if there are any.";
      default =
        if own then
          {
            cert = toString cfg.tls.certFile;
            key = cfg.tls.keyFile;
          }
        else if cfg.tls.acme then
          {
            cert = "/var/lib/acme/${cfg.hostName}/fullchain.pem";
            key = "/var/lib/acme/${cfg.hostName}/key.pem";
          }
        else if cfg.tls.selfSigned then
          {
            cert = "${cfg.tls.directory}/cert.pem";
            key = "${cfg.tls.directory}/key.pem";
          }
        else
          null;
    };
  };

  config = mkIf (cfg.web.enable || cfg.prosody.enable) {
    assertions = [
      {
        assertion = (cfg.tls.certFile == null) == (cfg.tls.keyFile == null);
        message = "services.meet.tls.certFile and services.meet.tls.keyFile belong together; set both or neither.";
      }
      {
        assertion = lib.count (x: x) [
          own
          cfg.tls.acme
          cfg.tls.selfSigned
        ] <= 1;
        message = "services.meet.tls: choose one of acme, selfSigned, and certFile with keyFile.";
      }
      {
        assertion = cfg.tls.acme -> cfg.nginx.enable;
        message = "services.meet.tls.acme works through nginx; set services.meet.nginx.enable, or take services.meet.caddy.enable, which gets certificates by itself.";
      }
      {
        assertion = cfg.tls.acme -> cfg.hostName != "localhost" && lib.hasInfix "." cfg.hostName;
        message = "services.meet.hostName = \"${cfg.hostName}\" can't get a certificate by ACME; use a public name, or services.meet.tls.selfSigned = true.";
      }
    ];

    warnings = lib.optional (cfg.tls.selfSigned && cfg.nginx.enable && !config.security.acme.acceptTerms) ''
      services.meet: the certificate is self-signed, and browsers will warn of it. For one from Let's Encrypt set
      security.acme.acceptTerms = true and security.acme.defaults.email; or name your own with
      services.meet.tls.certFile and keyFile.
    '';

    systemd.services.meet-tls = mkIf (cfg.tls.selfSigned && proxied) {
      description = "Meet's self-signed certificate";
      wantedBy = [ "multi-user.target" ];
      before = [
        "nginx.service"
        "caddy.service"
        "meet-prosody.service"
      ];
      path = [
        pkgs.coreutils
        pkgs.gnugrep
        pkgs.openssl
      ];
      script = ''
        cd ${cfg.tls.directory}
        if [ -s key.pem ] && openssl x509 -in cert.pem -noout -checkend 2592000 -checkhost ${cfg.hostName} | grep -q "does match"; then
          exit 0
        fi
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 -subj "/CN=${cfg.hostName}" \
          -addext "subjectAltName=DNS:${cfg.hostName}${
            lib.optionalString (cfg.turn.enable && cfg.turn.tls443) ",DNS:${cfg.turn.host}"
          }" -keyout key.new -out cert.new
        chmod 0640 key.new cert.new
        mv key.new key.pem
        mv cert.new cert.pem
      '';
      serviceConfig = hardening // {
        Type = "oneshot";
        RemainAfterExit = true;
        # The web server reads the key, and it is no unit of ours: it gets it through its group.
        DynamicUser = false;
        Group = group;
        PrivateNetwork = true;
        RestrictAddressFamilies = [ "AF_UNIX" ];
        StateDirectory = "meet-tls";
        StateDirectoryMode = "0750";
        UMask = "0027";
      };
    };
  };
}
