# Who may enter: everybody, or people whom somebody else's tokens (JWT) name.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    mkOption
    types
    ;
  cfg = config.services.meet;
  ours = import ./lib.nix { inherit lib pkgs cfg; };
  jwt = cfg.auth.jwt;
  url =
    example: description:
    mkOption {
      type = types.nullOr (types.strMatching "https?://[^[:space:]]+");
      default = null;
      inherit example description;
    };
in
{
  options.services.meet.auth.jwt = {
    enable = ours.flag "Whether people need a token (JWT) to enter, made elsewhere by Jitsi's rules.";

    appId = mkOption {
      type = types.str;
      default = "";
      example = "my_app";
      description = "The issuer of the tokens, their claim `iss`.";
    };

    secretFile = mkOption {
      type = types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/meet-jwt";
      description = "The secret shared with whoever makes the tokens (HS256), as the first line of a file.";
    };

    keyServer =
      url "https://keys.example.org/meet"
        "Where the public keys of the tokens (RS256) are, as `<sha256 of kid>.pem`; Jitsi's `asap_key_server`.";

    jwksUrl =
      url "https://idp.example.org/jwks.json"
        "A JSON Web Key Set with the public keys of the tokens (RS256); Jitsi's `cache_keys_url`.";

    allowEmpty = ours.flag "Whether people without a token are let in too, as ordinary participants.";

    loginUrl = url "https://login.example.org/meet?room={room}" ''
      Where clients send people to get a token; Jitsi's `tokenAuthUrl`, in which `{room}` stands for the room and `{state}`
      for what Jitsi's clients say beside it. It leads back to the room with `?jwt=` or `#jwt=`.
    '';

    logoutUrl =
      url "https://login.example.org/bye"
        "Where clients send people to log out; Jitsi's `tokenLogoutUrl`.";
  };

  config = mkIf jwt.enable {
    assertions = [
      {
        assertion = jwt.appId != "";
        message = "services.meet.auth.jwt.appId must be the issuer (claim iss) of the tokens.";
      }
      {
        assertion =
          lib.count (each: each != null) [
            jwt.secretFile
            jwt.keyServer
            jwt.jwksUrl
          ] == 1;
        message = "services.meet.auth.jwt needs exactly one of secretFile, keyServer and jwksUrl.";
      }
    ];

    services.meet.prosody.settings.login = "token";
    services.meet.roomServices.credentials = mkIf (jwt.secretFile != null) {
      auth__jwt__secret = jwt.secretFile;
    };
    # Public keys of tokens may be anywhere.
    services.meet.roomServices.needsNetwork = mkIf (jwt.secretFile == null) true;
    services.meet.roomServices.settings.auth.jwt = {
      app_id = jwt.appId;
      key_server = jwt.keyServer;
      jwks_url = jwt.jwksUrl;
      allow_empty = jwt.allowEmpty;
    };
    # The token says who moderates.
    services.meet.focus.settings.auto_owner = mkDefault false;
    services.meet.web.config = mkIf (jwt.loginUrl != null) (
      {
        tokenAuthUrl = mkDefault jwt.loginUrl;
        # Our client asks nobody to type a name who couldn't enter.
        accounts.required = mkDefault (!jwt.allowEmpty);
      }
      // lib.optionalAttrs (jwt.logoutUrl != null) { tokenLogoutUrl = mkDefault jwt.logoutUrl; }
    );
  };
}
