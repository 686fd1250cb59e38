# Holes in the firewall: public ports of the roles here, and private ones for the addresses of the cluster alone.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkIf;
  cfg = config.services.meet;
  web = cfg.nginx.enable || cfg.caddy.enable;
  remote = builtins.filter (bridge: !bridge.isLocal) (builtins.attrValues cfg.bridges);
  private =
    lib.optionals cfg.prosody.enable (
      map (bridge: {
        from = bridge.address;
        port = cfg.xmpp.port;
      }) remote
    )
    ++ lib.optionals (cfg.bridge.enable && !cfg.xmpp.isLocal) (
      lib.concatMap (
        from:
        map (port: { inherit from port; }) [
          cfg.bridge.httpPort
          (cfg.bridge.httpPort + 1)
        ]
      ) cfg.bridge.allowFrom
    );
  is6 = address: lib.hasInfix ":" address;
  nftables =
    rule: "${if is6 rule.from then "ip6" else "ip"} saddr ${rule.from} tcp dport ${toString rule.port} accept";
  iptables =
    rule:
    "${if is6 rule.from then "ip6tables" else "iptables"} -A nixos-fw -p tcp -s ${rule.from} --dport ${toString rule.port} -j nixos-fw-accept";
in
{
  config.networking.firewall = mkIf cfg.openFirewall {
    allowedTCPPorts = lib.optionals web [
      80
      443
    ];
    allowedUDPPorts = lib.optionals cfg.bridge.enable [
        cfg.bridge.port
        (cfg.bridge.port + 1)
      ]
      ++ lib.optional cfg.caddy.enable 443;
    # The one of the two that the host uses.
    extraInputRules = mkIf (config.networking.nftables.enable && private != [ ]) (
      lib.concatMapStringsSep "\n" nftables private + "\n"
    );
    extraCommands = mkIf (!config.networking.nftables.enable && private != [ ]) (
      lib.concatMapStringsSep "\n" iptables private + "\n"
    );
  };
}
