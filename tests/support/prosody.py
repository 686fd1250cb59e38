"""A real Prosody for tests: our configuration, free ports, a folder of its own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pyjitsi.prosody.config import render
from pyjitsi.prosody.settings import IceServer, ProsodySettings
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.up.state import free_port
from pyjitsi.xmpp.settings import ClientSettings, ComponentSettings

MISSING = "no Prosody on this machine; install the package prosody"


def executable() -> str | None:
    """Prosody's program: ``$PROSODY``, to try another version, or the one on the path."""
    return os.environ.get("PROSODY") or shutil.which("prosody")


@dataclass
class Prosody:
    """One running server. ``domain`` is the clients'; the services' domains derive from it."""

    directory: Path
    domain: str = "meet.localhost"
    process: "subprocess.Popen[bytes] | None" = None
    settings: dict[str, Any] = field(default_factory=dict[str, Any])  # beside those of every test
    turn_host: str | None = None
    plugins: Path | None = None  # a folder whose modules are loaded on every host

    def start(self, timeout: float = 20.0) -> None:
        """Write everything, start, and wait for all three ports. Raises AssertionError with the log."""
        self.write()
        self.launch(timeout)

    def write(self) -> None:
        """Make secrets, choose ports, write all files."""
        data = self.directory / "data"
        data.mkdir(mode=0o700, parents=True)
        self.secret: str = secrets.token_hex(16)
        self.rooms_secret: str = secrets.token_hex(16)
        self.password: str = secrets.token_hex(16)
        self.config: ProsodySettings = ProsodySettings(
            domain=self.domain,
            data_directory=data,
            component_secret_file=self._write("secret", self.secret + "\n"),
            rooms_secret_file=self._write("rooms.secret", self.rooms_secret + "\n"),
            rooms_http_port=free_port(socket.SOCK_STREAM),
            ice_servers=self._ice_servers(),
            plugin_paths=() if self.plugins is None else (self.plugins,),
            extra_modules=()
            if self.plugins is None
            else tuple(path.stem.removeprefix("mod_") for path in sorted(self.plugins.glob("mod_*.lua"))),
            accounts={name: self._write(f"{name}.password", f"{self.password}\n") for name in ("jvb", "recorder")},
            c2s_port=free_port(socket.SOCK_STREAM),
            http_port=free_port(socket.SOCK_STREAM),
            component_port=free_port(socket.SOCK_STREAM),
            log_file=self.directory / "prosody.log",
            run_as_root=os.geteuid() == 0,
            **self.settings,
        )
        self._write("prosody.cfg.lua", render(self.config))

    def _ice_servers(self) -> tuple[IceServer, ...]:
        if self.turn_host is None:
            return ()
        secret = self._write("turn.secret", "a secret\n")
        return (IceServer(type="turns", host=self.turn_host, port=5349, transport="tcp", secret_file=secret),)

    def launch(self, timeout: float = 20.0) -> None:
        """Start on what was written, also again after ``kill``. Raises AssertionError with the log."""
        program = executable()
        assert program is not None, MISSING
        self.process = subprocess.Popen(
            [program, "-F", "--config", str(self.directory / "prosody.cfg.lua")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + timeout
        for port in (self.config.c2s_port, self.config.http_port, self.config.component_port):
            while not self._answers(port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise AssertionError(f"Prosody didn't start:\n{self.log()}")
                time.sleep(0.02)

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _answers(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    @property
    def websocket(self) -> str:
        """Where clients connect (RFC 7395)."""
        return f"ws://127.0.0.1:{self.config.http_port}/xmpp-websocket"

    @property
    def bosh(self) -> str:
        """Where clients without WebSocket connect (XEP-0124)."""
        return f"http://127.0.0.1:{self.config.http_port}/http-bind"

    def focus(self) -> ComponentSettings:
        """How the focus connects."""
        return ComponentSettings(
            port=self.config.component_port, domain=f"focus.{self.domain}", secret=SecretStr(self.secret)
        )

    def rooms(self) -> RoomsSettings:
        """How the room services connect."""
        return RoomsSettings(
            xmpp=ComponentSettings(
                port=self.config.component_port, domain=f"rooms.{self.domain}", secret=SecretStr(self.rooms_secret)
            ),
            clients_domain=self.domain,
            rooms_domain=f"conference.{self.domain}",
            breakout_domain=f"breakout.{self.domain}",
            lobby_domain=f"lobby.{self.domain}",
            http_port=self.config.rooms_http_port,
        )

    def bridge(self) -> ClientSettings:
        """How a bridge connects."""
        return ClientSettings(
            port=self.config.c2s_port, domain=f"auth.{self.domain}", password=SecretStr(self.password)
        )

    def set_password(self, account: str, password: str) -> None:
        """Replace an account's file; an empty one lets nobody in."""
        self.config.accounts[account].write_text(password and f"{password}\n")

    def log(self) -> str:
        """What Prosody has logged so far."""
        path = self.directory / "prosody.log"
        return path.read_text(errors="replace") if path.exists() else "(no log)"

    def freeze(self) -> None:
        """Let the server answer nothing more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End the server."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
