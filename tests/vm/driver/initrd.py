"""Kernel and initrd of the machines: they find this machine's own root, read-only, under a layer in memory."""

import functools
import lzma
import os
import shutil
import tempfile
from pathlib import Path

MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_net", "virtio_console", "virtio_rng", "autofs4"]

# What the machine must not see of this one: paths under which it starts with nothing.
# With /.dockerenv systemd believes to be in a container, leaves / private, and credentials are unreadable.
HIDDEN = [
    ".dockerenv",
    "etc/machine-id",
    "etc/fstab",
    "etc/systemd/system",
    "etc/systemd/system-generators",
    "etc/resolv.conf",
    "etc/sysctl.d",
    "etc/nftables.conf",
    "var/lib/private",
    "var/lib/prosody",
    "var/lib/systemd",
    "var/log/journal",
]
FRESH_FOLDERS = [
    "etc/systemd/system",
    "etc/systemd/system-generators",
    "etc/sysctl.d",
    "var/lib/private",
    "var/lib/systemd",
]

# An overlay takes a device 0:0 for "removed", and a folder made in its place for an empty one: nothing has to be walked.
INIT = f"""#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs dev /dev; $B mount -t proc proc /proc; $B mount -t sysfs sys /sys
while read -r module; do $B insmod /modules/$module; done < /order
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose root /host
$B mount -t tmpfs -o mode=755 tmpfs /layer
for path in {" ".join(HIDDEN)}; do
  [ -e /host/$path ] || continue
  $B mkdir -p $($B dirname /layer/upper/$path)
  $B mknod /layer/upper/$path c 0 0
done
$B mkdir -p /layer/upper /layer/work
$B mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work,xino=off overlay /root
for path in {" ".join(FRESH_FOLDERS)}; do $B mkdir -p /root/$path; done
$B chmod 700 /root/var/lib/private
$B tar -x -f /node.tar -C /root
exec $B switch_root /root /lib/systemd/systemd
"""


def missing() -> str | None:
    """What to install before a machine can be started; None when all is here."""
    if shutil.which("qemu-system-x86_64") is None:
        return "no QEMU on this machine; install qemu-system-x86"
    if _version() is None:
        return "no kernel with its modules on this machine; install linux-image-amd64 (the cloud flavour has no 9p)"
    if _busybox() is None:
        return "no static busybox on this machine; install busybox-static"
    for command, package in (("nft", "nftables"), ("modprobe", "kmod"), ("ip", "iproute2"), ("setpriv", "util-linux")):
        if shutil.which(command, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return f"no {command} on this machine; install {package}"
    if not Path("/lib/systemd/systemd").exists():
        return "no systemd on this machine; install systemd-sysv and dbus"
    return None


def kernel() -> Path:
    """The newest kernel that has modules."""
    return Path(f"/boot/vmlinuz-{_version()}")


@functools.cache
def base() -> bytes:
    """The part of the initrd that all machines share, as an archive; made once a session."""
    version = _version()
    busybox = _busybox()
    assert version is not None and busybox is not None, missing()
    modules = _load_order(Path("/lib/modules", version))
    entries = [entry(name, 0o040755) for name in ["bin", "dev", "proc", "sys", "host", "layer", "root", "modules"]]
    entries += [entry("bin/busybox", 0o100755, busybox.read_bytes()), entry("init", 0o100755, INIT.encode())]
    for path in modules:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        entries.append(entry(f"modules/{_module(path.name)}", 0o100644, content))
    entries.append(entry("order", 0o100644, "".join(f"{_module(path.name)}\n" for path in modules).encode()))
    return b"".join(entries)


def build(folder: Path, node_tar: bytes) -> Path:
    """The initrd of one machine, whose own files are ``node_tar``."""
    place = Path(tempfile.mkstemp(".cpio", "initrd-", folder)[1])
    place.write_bytes(base() + entry("node.tar", 0o100644, node_tar) + entry("TRAILER!!!", 0))
    return place


def entry(name: str, mode: int, content: bytes = b"") -> bytes:
    """One entry of a cpio archive, format ``newc``."""
    raw = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + "".join(f"{field:08x}" for field in fields).encode() + raw
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def _version() -> str | None:
    found: list[tuple[float, str]] = []
    for path in Path("/boot").glob("vmlinuz-*"):
        version = path.name.removeprefix("vmlinuz-")
        dependencies = Path("/lib/modules", version, "modules.dep")
        if dependencies.exists() and "/9p.ko" in dependencies.read_text() and os.access(path, os.R_OK):
            found.append((path.stat().st_mtime, version))
    return max(found)[1] if found else None


def _busybox() -> Path | None:
    for path in (Path("/bin/busybox"), Path("/usr/bin/busybox")):
        # A dynamic one names its loader in its first page, and would find none in the initrd.
        if path.exists() and b"/ld-linux" not in path.read_bytes()[:4096]:
            return path
    return None


def _module(file: str) -> str:
    return file.split(".ko")[0].replace("-", "_")


def _load_order(folder: Path) -> list[Path]:
    lines = (line.partition(":") for line in (folder / "modules.dep").read_text().splitlines())
    needs = {_module(Path(file).name): (file, needed.split()) for file, _, needed in lines}
    order: list[Path] = []

    def add(name: str) -> None:
        if name not in needs:
            return  # built into the kernel
        file, needed = needs[name]
        for each in reversed(needed):
            add(_module(Path(each).name))
        if folder / file not in order:
            order.append(folder / file)

    for name in MODULES:
        add(name)
    return order
