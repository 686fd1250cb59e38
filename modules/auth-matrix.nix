# Who may enter: people of a Matrix room, from the calls that Element starts there.
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
  matrix = cfg.auth.matrix;
  inherit (ours) nullable;
  url = types.strMatching "https?://[^[:space:]?#]+";
in
{
  options.services.meet.auth.matrix = {
    enable = ours.flag ''
      Whether people enter with Matrix accounts. Element makes the calls of a room here, once its `config.json` names this
      server as `jitsi.preferred_domain`: whoever is in the Matrix room may enter, and its power levels say who moderates.
    '';

    homeservers = mkOption {
      type = types.attrsOf (types.nullOr url);
      default = { };
      example = {
        "example.org" = "https://matrix.example.org";
      };
      description = ''
        Server names whose accounts may enter, as they stand behind the colon of `@ada:example.org`, each with the address
        at which its federation API answers, or Synapse's listener `openid`; null is `https://‹name›`. No other server is
        ever asked.
      '';
    };

    synapse = {
      url =
        nullable url "http://127.0.0.1:8008"
          "The Synapse that tells by its admin API who is in a room, and with which power level.";
      tokenFile =
        nullable ours.secretFile "/run/secrets/meet-synapse"
          "Its first line is the access token of an administrator of that Synapse.";
    };

    verificationService = {
      url =
        nullable url "http://127.0.0.1:3000"
          "A Matrix User Verification Service, which is asked in place of Synapse.";
      tokenFile =
        nullable ours.secretFile "/run/secrets/meet-uvs"
          "Its first line is that service's `UVS_AUTH_TOKEN`; null where it has none.";
    };

    allowGuests = ours.flag "Whether people without a Matrix account are let in too, as ordinary participants.";

    elementHosts = ours.names [
      "element.example.org"
    ] "Hosts of Element's pages, which show meetings in a frame; no other site may.";
  };

  config = mkIf matrix.enable {
    assertions = [
      {
        assertion = matrix.homeservers != { };
        message = "services.meet.auth.matrix.homeservers must name the servers whose accounts may enter.";
      }
      {
        assertion = (matrix.synapse.url != null) != (matrix.verificationService.url != null);
        message = "services.meet.auth.matrix needs exactly one of synapse.url and verificationService.url, to know who is in a room.";
      }
      {
        assertion = (matrix.synapse.url != null) == (matrix.synapse.tokenFile != null);
        message = "services.meet.auth.matrix.synapse needs url and tokenFile together.";
      }
    ];

    services.meet.prosody.settings.login = "token";
    services.meet.roomServices.credentials = lib.filterAttrs (_: file: file != null) {
      auth__matrix__synapse_token = matrix.synapse.tokenFile;
      auth__matrix__verification_token = matrix.verificationService.tokenFile;
    };
    services.meet.roomServices.needsNetwork = true;
    services.meet.roomServices.settings.auth.matrix = {
      inherit (matrix) homeservers;
      synapse_url = matrix.synapse.url;
      verification_service = matrix.verificationService.url;
      allow_guests = matrix.allowGuests;
    };
    # The power levels say who moderates.
    services.meet.focus.settings.auto_owner = mkDefault false;
    services.meet.web.settings = {
      matrix = true;
      embedders = matrix.elementHosts;
    };
  };
}
