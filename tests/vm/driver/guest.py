"""The files of one machine: its node's, the host's accounts with the node's added, and the driver's own units."""

import grp
import hashlib
import io
import pwd
import tarfile
from collections.abc import Iterable
from pathlib import Path

from tests.vm.driver.network import configure
from tests.vm.driver.node import File, Node

UNITS = "/etc/systemd/system"
DEBIAN_UNITS = Path("/lib/systemd/system")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Slow over 9p, without a purpose in a machine that lives for a minute, or Debian's instead of the node's.
MASKED = [
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-random-seed.service",
    "systemd-binfmt.service",
    "systemd-sysctl.service",
    "systemd-sysusers.service",
    "systemd-firstboot.service",
    "systemd-machine-id-commit.service",
    "systemd-journal-flush.service",
    "systemd-repart.service",
    "systemd-pcrphase.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-modules-load.service",
    "systemd-logind.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "systemd-initctl.socket",
    "systemd-journald-audit.socket",
    "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount",
    "kmod-static-nodes.service",
    "getty.target",
    "getty-static.service",
    "apparmor.service",
    "keyboard-setup.service",
    "console-setup.service",
    "networking.service",
    "nftables.service",
    "ssh.service",
    "cron.service",
    "prosody.service",
    "nginx.service",
    "apache2.service",
    "coturn.service",
    "caddy.service",
    "postgresql.service",
    "avahi-daemon.service",
    "avahi-daemon.socket",
    "nix-daemon.service",
    "nix-daemon.socket",
]

SHELL = f"""[Unit]
Description=The test's shell
DefaultDependencies=no
After=sysinit.target dbus.socket
[Service]
KillMode=process
OOMScoreAdjust=-1000
WorkingDirectory=/tmp
Environment=PATH={PATH} HOME=/root USER=root LANG=C.UTF-8 TERM=dumb
ExecStart=/bin/bash /etc/vm/shell
"""

# A line of request is "number limit command", the command quoted for bash; the answer is "number status output errors".
SHELL_SCRIPT = """for port in /sys/class/virtio-ports/*; do
  read -r name < $port/name && [ "$name" = shell ] && break
done
exec 3<>/dev/${port##*/}
echo READY >&3
while read -r number limit quoted <&3; do
  eval "command=$quoted"
  timeout -k 5 "$limit" bash -euo pipefail -c "$command" >/run/vm-output 2>/run/vm-errors </dev/null 3>&-
  { printf '%s %s ' "$number" $?; base64 -w0 /run/vm-output; printf ' '; base64 -w0 /run/vm-errors; echo; } >&3
done
"""

NETWORK = f"""[Unit]
Description=The node's addresses, kernel settings and firewall
DefaultDependencies=no
Before=sysinit.target network-pre.target network.target network-online.target
Wants=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=true
Environment=PATH={PATH}
ExecStart=/bin/bash -eu /etc/vm/network
"""

# Debian's walks all of / over 9p, which takes minutes.
TMPFILES = """[Unit]
Description=Temporary files of the node
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=true
ExecStart=/bin/systemd-tmpfiles --create --prefix=/run/lock --prefix=/run/log {files}
"""

# On a console of its own the journal reaches the test at once, whatever becomes of the machine.
JOURNAL = "[Journal]\nStorage=volatile\nForwardToConsole=yes\nTTYPath=/dev/hvc0\nRateLimitIntervalSec=0\n"


def archive(node: Node) -> bytes:
    """A tar of everything that the node has in place of, or beside, this machine's files."""
    stream = io.BytesIO()
    accounts = _Accounts(node)
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, target in _links(node).items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
        for path, file in (_system_files(node) | accounts.files() | node.files).items():
            member = tarfile.TarInfo(path.lstrip("/"))
            content = file.content.encode()
            member.size, member.mode = len(content), file.mode
            member.uid, member.gid = accounts.owner(file.owner)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _links(node: Node) -> dict[str, str]:
    timers = [path.name for path in DEBIAN_UNITS.glob("*.timer")]
    kept = {*node.units, *node.wanted}
    links = {f"{UNITS}/{name}": "/dev/null" for name in (*MASKED, *timers) if name not in kept}
    generators = (path.name for path in Path("/lib/systemd/system-generators").glob("*"))
    links |= {f"/etc/systemd/system-generators/{name}": "/dev/null" for name in generators}
    links[f"{UNITS}/default.target"] = "/lib/systemd/system/multi-user.target"
    for name in ("vm-shell.service", *node.wanted):
        links[f"{UNITS}/multi-user.target.wants/{name}"] = f"{UNITS}/{name}"
    for name in ("vm-network.service", "systemd-tmpfiles-setup.service"):
        links[f"{UNITS}/sysinit.target.wants/{name}"] = f"{UNITS}/{name}"
    return links


def _system_files(node: Node) -> dict[str, File]:
    own = [path for path in node.files if path.startswith("/etc/tmpfiles.d/")]
    texts = {
        "/etc/hostname": f"{node.name}\n",
        "/etc/machine-id": hashlib.md5(node.name.encode(), usedforsecurity=False).hexdigest() + "\n",
        "/etc/fstab": "",
        "/etc/resolv.conf": "options timeout:1 attempts:1\n",
        "/etc/hosts": _hosts(node),
        "/etc/vm/shell": SHELL_SCRIPT,
        "/etc/vm/network": configure(node),
        "/etc/systemd/journald.conf": JOURNAL,
        f"{UNITS}/vm-shell.service": SHELL,
        f"{UNITS}/vm-network.service": NETWORK,
        f"{UNITS}/systemd-tmpfiles-setup.service": TMPFILES.format(files=""),
    }
    if own:
        names = " ".join(own)
        texts[f"{UNITS}/systemd-tmpfiles-setup.service"] += f"ExecStart=/bin/systemd-tmpfiles --create {names}\n"
    texts |= {f"{UNITS}/{name}": text for name, text in node.units.items()}
    return {path: File(text) for path, text in texts.items()}


def _hosts(node: Node) -> str:
    lines = ["127.0.0.1 localhost"] if node.ipv4 else []
    lines.append("::1 localhost ip6-localhost ip6-loopback")
    lines += [f"{address.partition('/')[0]} {node.name}" for address in (node.ipv4, node.ipv6) if address]
    lines += [f"{address} {' '.join(names)}" for address, names in node.hosts.items()]
    return "".join(f"{line}\n" for line in lines)


class _Accounts:
    """This machine's users and groups with the node's added; the node's win."""

    def __init__(self, node: Node) -> None:
        groups = {each.gr_name: (each.gr_gid, set(each.gr_mem)) for each in grp.getgrall()}
        groups |= {each.name: (each.gid, set(each.members)) for each in node.groups}
        users = {each.pw_name: tuple(each) for each in pwd.getpwall()}
        for user in node.users:
            gid = groups[user.group][0]
            users[user.name] = (user.name, "x", user.uid, gid, "", user.home, "/usr/sbin/nologin")
        self._ids: dict[str, tuple[int, int]] = {str(row[0]): (int(row[2]), int(row[3])) for row in users.values()}
        self._gids: dict[str, int] = {name: gid for name, (gid, _) in groups.items()}
        self._passwd: str = _table(users.values())
        self._group: str = _table((name, "x", gid, ",".join(sorted(who))) for name, (gid, who) in groups.items())

    def files(self) -> dict[str, File]:
        """The tables."""
        return {"/etc/passwd": File(self._passwd), "/etc/group": File(self._group)}

    def owner(self, name: str) -> tuple[int, int]:
        """Numbers of ``user`` or ``user:group``."""
        user, _, group = name.partition(":")
        uid, gid = self._ids[user]
        return uid, self._gids[group] if group else gid


def _table(rows: Iterable[tuple[object, ...]]) -> str:
    return "".join(":".join(map(str, row)) + "\n" for row in rows)
