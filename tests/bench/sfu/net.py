"""Two network namespaces joined by a veth pair: one has the server, the other the load."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

SERVER, LOAD = f"meet-server-{os.getpid()}", f"meet-load-{os.getpid()}"  # two runs at once leave each other alone
SERVER_ADDRESS, LOAD_ADDRESS = "10.88.7.1", "10.88.7.2"


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


@contextmanager
def namespaces() -> Generator[None]:
    """Make them, and take them down. Raises CalledProcessError where that is not allowed."""
    remove()
    for name, address, device in ((SERVER, SERVER_ADDRESS, "veth-server"), (LOAD, LOAD_ADDRESS, "veth-load")):
        _ip("netns", "add", name)
        if name == LOAD:
            _ip("link", "add", "veth-server", "netns", SERVER, "type", "veth", "peer", "name", device, "netns", name)
            for each, where, own in (("veth-server", SERVER, SERVER_ADDRESS), (device, LOAD, address)):
                _ip("-n", where, "addr", "add", f"{own}/24", "dev", each)
                _ip("-n", where, "link", "set", each, "up")
                _ip("-n", where, "link", "set", "lo", "up")
    try:
        yield
    finally:
        remove()


def remove() -> None:
    """Take them down, if they are there."""
    for name in (SERVER, LOAD):
        _ip("netns", "del", name, check=False)


def inside(namespace: str, *command: str) -> list[str]:
    """A command in one of them."""
    return ["ip", "netns", "exec", namespace, *command]
