# For trying it out: a self-signed certificate, short drains, everything in the journal.
{
  services.meet = {
    enable = true;
    hostName = "meet.internal";
    tls.selfSigned = true;
    bridge.drainSeconds = 30;
    logLevel = "debug";
  };
}
