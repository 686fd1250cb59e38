"""Network namespaces of a test: made, joined by cables, entered for as long as sockets are opened there."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def missing(*programs: str) -> str | None:
    """What keeps a test from having any: a sentence, or None."""
    lacking = [each for each in ("ip", *programs) if shutil.which(each) is None]
    if os.geteuid() != 0 or lacking:
        return f"needs root and {', '.join(('ip', *programs))}: network namespaces"
    return None


def run(*words: str, text: str | None = None, check: bool = True) -> None:
    """A command. Raises CalledProcessError."""
    subprocess.run(words, check=check, capture_output=True, input=text, text=True)


def cable(one: str, device: str, other: str, other_device: str) -> None:
    """Join two namespaces by a pair of interfaces."""
    run("ip", "link", "add", device, "netns", one, "type", "veth", "peer", "name", other_device, "netns", other)
    for name, end in ((one, device), (other, other_device)):
        run("ip", "-n", name, "link", "set", end, "up")


def address(name: str, device: str, text: str) -> None:
    """Give an interface an address at once (IPv6 looks for duplicates otherwise)."""
    run("ip", "-n", name, "addr", "add", text, "dev", device, *(("nodad",) if ":" in text else ()))


@contextmanager
def namespaces(*names: str) -> Generator[None]:
    """Make namespaces, with loopback up, and take them away in the end."""
    try:
        for name in names:
            run("ip", "netns", "del", name, check=False)
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for name in names:
            run("ip", "netns", "del", name, check=False)


@contextmanager
def entered(name: str) -> Generator[None]:
    """Be in a namespace: sockets that this thread opens meanwhile are there, and stay there."""
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    inside = os.open(Path("/run/netns") / name, os.O_RDONLY)
    try:
        _set(inside)
        yield
    finally:
        _set(outside)
        os.close(inside)
        os.close(outside)


def _set(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
