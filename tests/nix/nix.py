"""Evaluates the NixOS modules without NixOS, and realises the files that they make, in a store of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OFFLINE_LIB = HERE / "offline" / "lib.nix"
MISSING = "no Nix on this machine; install the package nix-bin"
TIMEOUT = 60.0


def missing() -> str | None:
    """Why nothing can be evaluated here."""
    return None if shutil.which("nix-instantiate") else MISSING


class NixError(AssertionError):
    """Nix refused; the text is its message."""


def programs() -> dict[str, str]:
    """This machine's programs by the names that packages have for them; ``$PYJITSI`` tries another checkout's."""
    here = Path(sys.executable).parent
    found = {"pyjitsi": os.environ.get("PYJITSI") or str(here / "pyjitsi")}
    for name in ("prosody", "prosodyctl", "openssl", "systemctl", "cat", "grep", "turnserver"):
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is not None:
            found[name] = path
    return found


@dataclass
class Nix:
    """A store in ``folder``; no daemon, no sandbox, no network."""

    folder: Path
    lib: str

    def __post_init__(self) -> None:
        (self.folder / "etc").mkdir(parents=True, exist_ok=True)
        (self.folder / "etc" / "nix.conf").write_text(
            "build-users-group =\nsandbox = false\nsubstitute = false\nexperimental-features = nix-command flakes\n"
        )

    def run(self, *command: str, cwd: Path | None = None) -> str:
        """What a Nix program prints. Raises NixError."""
        places = {f"NIX_{name.upper()}_DIR": str(self.folder / name) for name in ("store", "state", "log")}
        environment = {**os.environ, **places, "NIX_CONF_DIR": str(self.folder / "etc")}
        done = subprocess.run(
            command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        if done.returncode:
            raise NixError(done.stderr)
        return done.stdout

    def _host(self, module: "str | Path") -> list[str]:
        text = f"import {module}" if isinstance(module, Path) else module
        names = " ".join(f'"{name}" = "{path}";' for name, path in programs().items())
        arguments = {"libPath": self.lib, "module": f"({text})", "programs": f"{{ {names} }}"}
        return [str(HERE / "evaluate.nix"), *(part for pair in arguments.items() for part in ("--arg", *pair))]

    def evaluate(self, module: "str | Path", attribute: str) -> Any:
        """An attribute of ``evaluate.nix`` for a host whose configuration is Nix text or a file."""
        printed = self.run("nix-instantiate", "--eval", "--strict", "--json", *self._host(module), "--attr", attribute)
        return json.loads(printed)

    def refusal(self, module: "str | Path", attribute: str = "units") -> str:
        """What Nix says against a configuration. Raises AssertionError if it says nothing."""
        try:
            self.evaluate(module, attribute)
        except NixError as error:
            return str(error)
        raise AssertionError("Nix took what it should have refused")

    def build(self, module: "str | Path", attribute: str) -> list[Path]:
        """Realise the files of an attribute."""
        printed = self.run("nix-build", "--no-out-link", *self._host(module), "--attr", attribute)
        return [Path(line) for line in printed.split()]


def library() -> str:
    """nixpkgs' lib where Nix finds it, else the stand-in of our own."""
    if missing() is None:
        found = subprocess.run(
            ["nix-instantiate", "--eval", "-E", "(import <nixpkgs/lib>).version"],
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        if found.returncode == 0:
            return "<nixpkgs/lib>"
    return str(OFFLINE_LIB)
