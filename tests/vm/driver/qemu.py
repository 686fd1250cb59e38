"""QEMU's command line for one machine."""

from dataclasses import dataclass
from pathlib import Path

from tests.vm.driver import initrd
from tests.vm.driver.node import Node

# No KVM is asked for: a test must mean the same everywhere. Mitigations and checks only cost time under emulation.
KERNEL = (
    "console=ttyS0 loglevel=4 panic=-1 net.ifnames=0 systemd.show_status=0 systemd.log_target=journal apparmor=0 audit=0 "
    "mitigations=off nokaslr no_timer_check random.trust_cpu=on cryptomgr.notests"
)


@dataclass(frozen=True)
class Places:
    """Where a machine's sockets and logs are on this machine."""

    run: Path
    """Sockets and the folder for exchange; short, because socket names are."""
    logs: Path

    @property
    def shell(self) -> Path:
        """Socket of the root shell."""
        return self.run / "shell"

    @property
    def exchange(self) -> Path:
        """The folder that both see, for copies."""
        return self.run / "exchange"

    @property
    def journal(self) -> Path:
        """The journal, as it is written."""
        return self.logs / "journal.log"


def command(node: Node, image: Path, places: Places, number: int, switch: Path) -> list[str]:
    """The process to start; it dies with this one."""
    share = "security_model=none,multidevs=remap"
    return [
        "setpriv", "--pdeathsig", "KILL",
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-M", "q35", "-m", str(node.memory_mib),
        "-smp", str(node.cpus), "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", str(initrd.kernel()), "-initrd", str(image), "-append", KERNEL,
        "-serial", f"file:{places.logs / 'console.log'}",
        "-fsdev", f"local,id=root,path=/,readonly=on,{share}", "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
        "-fsdev", f"local,id=exchange,path={places.exchange},{share}",
        "-device", "virtio-9p-pci,fsdev=exchange,mount_tag=exchange",
        "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci",
        "-chardev", f"file,id=journal,path={places.journal}", "-device", "virtconsole,chardev=journal",
        "-chardev", f"socket,id=shell,path={places.shell},server=on,wait=off",
        "-device", "virtserialport,chardev=shell,name=shell",
        "-netdev", f"stream,id=lan,server=off,addr.type=unix,addr.path={switch}",
        "-device", f"virtio-net-pci,netdev=lan,mac=52:54:00:12:01:{number:02x}",
    ]  # fmt: skip
