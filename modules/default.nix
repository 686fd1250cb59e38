# services.meet: a video-conferencing suite that speaks Jitsi's protocols. Each role works on any host.
{
  imports = [
    ./options.nix
    ./auth.nix
    ./auth-matrix.nix
    ./auth-oidc.nix
    ./auth-passwords.nix
    ./bridge.nix
    ./bridges.nix
    ./caddy.nix
    ./declared-rooms.nix
    ./doctor.nix
    ./firewall.nix
    ./focus.nix
    ./metrics.nix
    ./nginx.nix
    ./prosody.nix
    ./renamed.nix
    ./room-services.nix
    ./secrets.nix
    ./tls.nix
    ./turn.nix
    ./web.nix
  ];

  meta.doc = ./meet.md;
}
