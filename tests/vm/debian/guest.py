"""What a machine finds on its root beside Debian: the units, files and rules that its modules evaluated to."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.nix.nix import ROOT
from tests.vm.debian.proxies import caddyfile, nginx_conf

SHELL = """[Unit]
Description=The test's shell
DefaultDependencies=no
After=basic.target
[Service]
Type=simple
KillMode=process
Environment=PATH=/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/bash /opt/shell
"""
SHELL_SCRIPT = """exec < /dev/hvc0 > /dev/hvc0
stty -F /dev/hvc0 raw -echo
cd /root 2>/dev/null || cd /
echo READY
while read -r number seconds encoded; do
  echo "$encoded" | base64 -d > /run/vm-command
  timeout "$seconds" bash /run/vm-command > /run/vm-output 2>&1 < /dev/null
  printf '%s %s %s\\n' "$number" "$?" "$(base64 -w0 /run/vm-output)"
done
"""
NETWORK = """[Unit]
Description=The test's network
DefaultDependencies=no
Before=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=true
ExecStart=/bin/bash /opt/network
"""
TARGET = """[Unit]
Description=Everything that the test's machine runs
Requires=basic.target
Wants=vm-shell.service vm-network.service multi-user.target network-online.target
After=basic.target
"""
WRAPPER = """#!/bin/sh
export LD_LIBRARY_PATH={home}/lib PYTHONHOME={home} PYTHONPATH=/opt/source:/opt/site PYTHONDONTWRITEBYTECODE=1
exec {python} -m {module} "$@"
"""


def store_place(path: str, store: Path) -> str:
    """Where a store path, or one of this checkout, is on the machine: units see neither /tmp nor /home nor /root."""
    return path.replace(str(store), "/nix/store").replace(f"{ROOT}/", "/opt/source/")


class Tree:
    """The files of one machine, in a folder whose content becomes part of its root."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder: Path = folder
        self.store: Path = store

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file by its absolute path on the machine."""
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def lay_out(self, name: str, node: dict[str, Any], hosts: str) -> None:
        """Everything of one node of a test."""
        self._python()
        self.write("/etc/hostname", f"{name}\n")
        self.write("/etc/resolv.conf", "")
        # Emulated, a service takes twenty times as long to start as on a real machine.
        self.write("/etc/systemd/system.conf.d/emulated.conf", "[Manager]\nDefaultTimeoutStartSec=300\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{hosts}{node['extraHosts']}\n")
        self.write("/etc/systemd/system/vm-shell.service", SHELL)
        self.write("/opt/shell", SHELL_SCRIPT)
        self.write("/etc/systemd/system/vm-network.service", NETWORK)
        self.write("/opt/network", self._network(node))
        self.write("/etc/systemd/system/vm.target", TARGET)
        self._generation(node, "/etc/systemd/system")
        wants = self.folder / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        for unit in node["units"]:
            if "WantedBy=multi-user.target" not in Path(node["units"][unit]).read_text():
                continue  # a unit that others start
            (wants / f"{unit}.service").symlink_to(f"/etc/systemd/system/{unit}.service")
        for server, config, path in (
            ("nginx", nginx_conf, "/etc/nginx/nginx.conf"),
            ("caddy", caddyfile, "/etc/caddy/Caddyfile"),
        ):
            if node[server]:
                self.write(path, config(node[server]))
                (wants / f"{server}.service").symlink_to(f"/lib/systemd/system/{server}.service")
        for unit, added in node["drops"].items():
            lines = "".join(f"{key.title()}={' '.join(added[key])}\n" for key in ("after", "wants") if added[key])
            self.write(f"/etc/systemd/system/{unit}.service.d/meet.conf", f"[Unit]\n{lines}")
        for special, other in node["specialisation"].items():
            self._specialisation(special, node, other)

    def _python(self) -> None:
        system = sys.base_prefix in ("/usr", "/usr/local")
        python = f"{sys.base_prefix}/bin/python3" if system else "/opt/python/bin/python3"
        home = sys.base_prefix if system else "/opt/python"
        for command, module in (("pyjitsi", "pyjitsi.cli"), ("meet-client", "tests.vm.client")):
            self.write(f"/opt/bin/{command}", WRAPPER.format(home=home, python=python, module=module), 0o755)

    def _generation(self, node: dict[str, Any], units: str) -> None:
        for unit, path in node["units"].items():
            self.write(f"{units}/{unit}.service", self._text(Path(path)))
        for name, text in node["etc"].items():
            self.write(f"/etc/{name}", text)
        # All outputs of the store: they are few, and all of them text or links.
        for path in self.store.iterdir():
            if path.name.endswith((".drv", ".lock")) or path.name == ".links":
                continue
            self._copy(path, self.folder / "nix/store" / path.name)

    def _text(self, path: Path) -> str:
        return store_place(path.read_text(), self.store)

    def _copy(self, path: Path, place: Path) -> None:
        if place.exists() or place.is_symlink():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            target = str(path.readlink())
            ours = {str(Path(sys.executable).parent / "pyjitsi"): "/opt/bin/pyjitsi"}
            place.symlink_to(ours.get(target, store_place(target, self.store)))
        elif path.is_dir():
            for each in path.iterdir():
                self._copy(each, place / each.name)
        else:
            place.write_text(self._text(path))
            place.chmod(0o755 if os.access(path, os.X_OK) and path.read_text().startswith("#!") else 0o644)

    def _network(self, node: dict[str, Any]) -> str:
        address = node["address"]
        lines = [
            "export PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "mkdir -p /run/lock",
            "ln -sfn /run-system /run/current-system",
        ]
        lines += ["ip link set lo up", "for i in $(seq 50); do [ -e /sys/class/net/eth0 ] && break; sleep 0.1; done"]
        lines += ["sysctl -qw net.ipv6.conf.eth0.accept_dad=0", "ip link set eth0 up"]
        if node["ipv4"]:
            lines.append(f"ip addr add {address['primaryIPAddress']}/24 dev eth0")
        lines.append(f"ip addr add {address['primaryIPv6Address']}/64 dev eth0")
        lines += [f"sysctl -qw {name}={value}" for name, value in node["sysctl"].items()]
        lines += ["nft -f /etc/nftables.conf"]
        firewall = node["firewall"]
        rules = "".join(
            f"    {kind} dport {{ {', '.join(map(str, ports))} }} accept\n"
            for kind, ports in (("tcp", firewall["allowedTCPPorts"]), ("udp", firewall["allowedUDPPorts"]))
            if ports
        )
        self.write(
            "/etc/nftables.conf",
            "table inet firewall {\n  chain input {\n    type filter hook input priority 0; policy drop;\n"
            '    iifname "lo" accept\n    ct state established,related accept\n'
            "    meta l4proto { icmp, ipv6-icmp } accept\n"
            f"{rules}    {firewall['extraInputRules']}\n  }}\n}}\n",
        )
        return "\n".join(lines) + "\n"

    def _specialisation(self, name: str, node: dict[str, Any], other: dict[str, Any]) -> None:
        """What switch-to-configuration does with our units: new files, and restarts of those that changed."""
        place = f"/run-system/specialisation/{name}"
        self._generation(other, f"{place}/units")
        changed = [unit for unit in other["units"] if node["units"].get(unit) != other["units"][unit]]
        restart = [unit for unit in changed if other["switching"][unit]["restartIfChanged"]]
        left = [unit for unit in changed if unit not in restart]
        script = ["#!/bin/bash", "set -e", f"cp {place}/units/*.service /etc/systemd/system/"]
        script += ["systemctl daemon-reload"]
        if left:
            script.append(f"echo NOT restarting the following changed units: {', '.join(left)}")
        if restart:
            script.append(f"echo restarting the following units: {', '.join(restart)}")
            script.append(f"systemctl restart {' '.join(f'{unit}.service' for unit in restart)}")
        self.write(f"{place}/bin/switch-to-configuration", "\n".join(script) + "\n", 0o755)


def evaluated(text: str) -> dict[str, Any]:
    """The nodes as Nix printed them; a failed assertion is an error."""
    nodes: dict[str, Any] = json.loads(text)
    for name, node in nodes.items():
        assert node["failed"] == [], f"{name}: {node['failed']}"
    return nodes


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
