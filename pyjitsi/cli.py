"""The command ``pyjitsi``: one service each, all together (``up``), and what their settings are (``schema``)."""

import argparse
import asyncio
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyjitsi import __version__
from pyjitsi.settings import MODELS, SERVICES, SettingsError, settings_model

USAGE_ERROR, START_ERROR = 2, 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="pyjitsi", description="A self-hosted video-conferencing suite.")
    top.add_argument("--version", action="version", version=f"pyjitsi {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for service in SERVICES:
        one = commands.add_parser(service, help=f"run the {service} service alone")
        one.add_argument("--config", type=Path, metavar="FILE", help="a TOML or JSON file with its settings")
        one.add_argument("--check-config", action="store_true", help="check the settings and exit")
    prosody = commands.add_parser("prosody", help="print the configuration for the Prosody instance of our own")
    prosody.add_argument("--config", type=Path, metavar="FILE", help="a TOML or JSON file with its settings")
    prosody.add_argument("--check-config", action="store_true", help="check the settings and exit")
    handover = commands.add_parser("handover", help="let a running bridge end after its meetings, for a new one")
    importlib.import_module("pyjitsi.handover").add_to(handover)
    capacity = commands.add_parser("capacity", help="reckon what meetings ask of a bridge")
    importlib.import_module("pyjitsi.capacity").add_to(capacity)
    doctor = commands.add_parser("doctor", help="look at a running server and say what is wrong")
    importlib.import_module("pyjitsi.doctor.options").add_to(doctor)
    hashing = commands.add_parser("hash-password", help="make the hash of a password, for an account's file")
    importlib.import_module("pyjitsi.rooms.auth.command").add_to(hashing)
    schema = commands.add_parser("schema", help="print the settings' JSON schema")
    schema.add_argument("service", nargs="?", choices=MODELS, help="one service alone")
    up = commands.add_parser("up", help="run a whole meeting server on this machine")
    importlib.import_module("pyjitsi.up.options").add_to(up)
    return top


def _schema(service: str | None) -> int:
    wanted = MODELS if service is None else (service,)
    schemas: dict[str, Any] = {name: settings_model(name).model_json_schema() for name in wanted}
    print(json.dumps(schemas if service is None else schemas[service], indent=2))
    return 0


def _prosody(file: Path | None, *, check: bool) -> int:
    from pyjitsi.prosody.config import render
    from pyjitsi.prosody.settings import ProsodySettings

    try:
        text = render(ProsodySettings.load(file))
    except ValueError as error:
        raise SettingsError(f"prosody: {error}") from error
    print("prosody: the settings are good" if check else text, end="\n" if check else "")
    return 0


def _serve(service: str, file: Path | None, *, check: bool) -> int:
    settings = settings_model(service).load(file)
    if check:
        print(f"{service}: the settings are good")
        return 0
    from pyjitsi.observe import logs
    from pyjitsi.service import run

    logs.configure(service, getattr(settings, "log_level", "info"))
    module = importlib.import_module(f"pyjitsi.{service}.service")

    async def main() -> int:
        return await run(module.create(settings))

    return asyncio.run(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; what an admin did wrong is said in a line, without a traceback."""
    from pyjitsi.service import StartError

    try:
        options = parser().parse_args(arguments)
        if options.command == "schema":
            return _schema(options.service)
        if options.command == "up":
            return importlib.import_module("pyjitsi.up.main").main(options)
        if options.command == "prosody":
            return _prosody(options.config, check=options.check_config)
        if options.command == "capacity":
            return importlib.import_module("pyjitsi.capacity").main(options)
        if options.command == "doctor":
            return importlib.import_module("pyjitsi.doctor.main").main(options)
        if options.command == "hash-password":
            return importlib.import_module("pyjitsi.rooms.auth.command").main(options)
        if options.command == "handover":
            return asyncio.run(importlib.import_module("pyjitsi.handover").main(options))
        return _serve(options.command, options.config, check=options.check_config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except StartError as error:
        print(f"pyjitsi: {error}", file=sys.stderr)
        return START_ERROR
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
