"""The HTTP session of the tests' clients."""

import aiohttp


def session() -> aiohttp.ClientSession:
    """A session that finds names as browsers do, by the system's resolver.

    c-ares, which aiohttp takes where it is installed, leaves IPv6 addresses of /etc/hosts out on a host without IPv4.
    """
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver()))
