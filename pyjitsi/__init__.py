"""pyjitsi: a self-hosted video-conferencing suite that speaks Jitsi's protocols."""

__version__ = "0.1.0"
