# Calls of Element's rooms: whoever is in the Matrix room may enter, and its power levels say who moderates. Element's
# config.json needs { "jitsi": { "preferred_domain": "meet.example.org" } }.
{
  services.meet = {
    enable = true;
    hostName = "meet.example.org";
    auth.matrix = {
      enable = true;
      homeservers."example.org" = "https://matrix.example.org";
      synapse.url = "http://127.0.0.1:8008";
      synapse.tokenFile = "/run/secrets/meet-synapse";
      elementHosts = [ "element.example.org" ];
    };
  };
  security.acme.acceptTerms = true;
  security.acme.defaults.email = "admin@example.org";
}
