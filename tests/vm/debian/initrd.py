"""Kernel and first file system of the machines: this machine's own root, read-only, under a layer that is forgotten."""

import os
import shutil
import subprocess
from pathlib import Path

MODULES = (
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "overlay",
    "virtio_net",
    "virtio_console",
    "virtio_rng",
    "autofs4",
    "ipv6",
)

# Slow over 9p, or of no use in a machine that lives for a minute.
MASKED = (
    "systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-tmpfiles-clean.timer systemd-udev-trigger "
    "systemd-update-utmp systemd-random-seed systemd-binfmt systemd-sysctl systemd-timesyncd systemd-networkd "
    "systemd-resolved apparmor keyboard-setup console-setup networking nftables ssh cron getty@tty1 "
    "serial-getty@ttyS0 serial-getty@hvc0 apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer "
    "e2scrub_all.timer e2scrub_reap fstrim.timer logrotate.timer man-db.timer prosody coturn slapd haproxy janus"
)

INIT = """#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs dev /dev; $B mount -t proc proc /proc; $B mount -t sysfs sys /sys
while read module; do $B insmod /modules/$module 2>/dev/null; done < /modules/order
share() { $B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose $1 $2; }
share hostroot /mnt/host
share node /mnt/node
$B mount -t tmpfs -o mode=755 tmpfs /mnt/layer
$B mkdir -p /mnt/layer/upper /mnt/layer/work
$B mount -t overlay -o lowerdir=/mnt/host,upperdir=/mnt/layer/upper,workdir=/mnt/layer/work overlay /mnt/root
R=/mnt/root
$B rm -rf $R/.dockerenv $R/etc/machine-id $R/etc/systemd/system
$B mkdir -p $R/etc/systemd/system $R/opt/python $R/opt/site $R/opt/source
: > $R/etc/machine-id; : > $R/etc/fstab
for unit in @MASKED@; do
  case $unit in *.timer) ;; *) unit=$unit.service;; esac
  $B ln -sf /dev/null $R/etc/systemd/system/$unit
done
$B cp -a /mnt/node/. $R/
# Units of ours see neither /root nor /home, where the interpreter and the checkout may be.
$B mount -o bind /mnt/host@PYTHON@ $R/opt/python
$B mount -o bind /mnt/host@SITE@ $R/opt/site
$B mount -o bind /mnt/host@SOURCE@ $R/opt/source
exec $B switch_root $R /lib/systemd/systemd --unit=vm.target
"""


def missing() -> str | None:
    """What to install before a machine can be started, or None."""
    if shutil.which("qemu-system-x86_64") is None:
        return "no QEMU on this machine; install qemu-system-x86"
    if not kernels():
        return "no kernel in /boot; install linux-image-amd64"
    if _busybox() is None:
        return "no static busybox on this machine; install busybox-static"
    if os.geteuid() != 0:
        return "not root, so the machines could not read this one's file system"
    if shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin") is None:
        return "no nft on this machine; install nftables"
    return None


def kernels() -> list[str]:
    """Versions of which there are a kernel and modules, newest last."""
    found = [path.name.removeprefix("vmlinuz-") for path in Path("/boot").glob("vmlinuz-*")]
    return sorted(version for version in found if Path("/lib/modules", version, "modules.dep").exists())


def _busybox() -> str | None:
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if Path(path).exists() and b"ld-linux" not in Path(path).read_bytes()[:4096]:
            return path
    return None


def build(folder: Path, python: str, site: str, source: str) -> tuple[Path, Path]:
    """Kernel and initrd. ``python``, ``site`` and ``source`` are folders of this machine: interpreter, packages, us."""
    version = kernels()[-1]
    busybox = _busybox()
    assert busybox is not None
    tree = folder / "initrd"
    for name in ("bin", "dev", "proc", "sys", "modules", "mnt/host", "mnt/node", "mnt/layer", "mnt/root"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(busybox, tree / "bin" / "busybox")
    order: list[str] = []
    for module in MODULES:
        shown = subprocess.run(
            ["/sbin/modprobe", "--set-version", version, "--show-depends", "--ignore-install", module],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        for line in shown.splitlines():
            if line.startswith("insmod "):
                path = Path(line.split()[1])
                if path.name not in order:
                    order.append(path.name)
                    shutil.copy(path, tree / "modules" / path.name)
    (tree / "modules" / "order").write_text("".join(f"{name}\n" for name in order))
    init = INIT.replace("@MASKED@", MASKED)
    for name, place in (("@PYTHON@", python), ("@SITE@", site), ("@SOURCE@", source)):
        init = init.replace(name, place)
    (tree / "init").write_text(init)
    (tree / "init").chmod(0o755)
    image = folder / "initrd.gz"
    subprocess.run("find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz", shell=True, cwd=tree, check=True)
    return Path(f"/boot/vmlinuz-{version}"), image
