# Behind a proxy on another machine (10.0.0.2), which ends TLS and passes everything to port 8080.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    nginx.enable = false;
    web.listenAddress = "10.0.0.1";
    web.trustedProxies = [ "10.0.0.2" ];
  };
  networking.firewall.extraInputRules = "ip saddr 10.0.0.2 tcp dport 8080 accept\n";
  networking.nftables.enable = true;
}
