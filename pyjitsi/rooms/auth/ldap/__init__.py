"""Log-in with the accounts of a directory (LDAP, RFC 4511).

``worker.py`` talks to it through bonsai, in processes of its own: libldap waits for a TLS handshake without an end, and
bonsai waits within the interpreter's lock. Tried with servers that accept and say nothing, in September 2026's
releases: bonsai held all threads up for as long as it waited, for ever in a handshake; python-ldap lets threads run but
never returns from a handshake either. ldap3, in Python alone, had its last release in 2021. What hangs is killed.
"""
