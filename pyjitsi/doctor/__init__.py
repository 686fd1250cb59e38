"""``pyjitsi doctor``: looks at a running server, as a client and from inside, and says in words what is wrong."""
