"""pyjitsi: a self-hosted video-conferencing suite that speaks Jitsi's protocols."""
