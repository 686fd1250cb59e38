"""``pyjitsi up``: a whole meeting server on one machine, Prosody and all services as child processes."""
