"""Runs the plan: Prosody, focus, rooms, bridge and web as children, said in plain lines, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pyjitsi.prosody.config import render
from pyjitsi.prosody.settings import ProsodySettings
from pyjitsi.service import StartError, notify
from pyjitsi.settings import settings_model
from pyjitsi.up import plan as plans
from pyjitsi.up.check import until_it_works
from pyjitsi.up.child import Child
from pyjitsi.up.state import State

WORKS_WITHIN = 45.0  # seconds, on a slow machine at its first start


def say(line: str) -> None:
    """One line for the person at the console."""
    print(line, flush=True)


def main(options: argparse.Namespace) -> int:
    """Run until told to stop. Raises StartError."""
    prosody = shutil.which("prosody")
    if prosody is None:
        raise StartError("prosody is not installed; on Debian: apt install prosody, on NixOS: nix develop")
    state = State(options.state)
    state.open()
    plan = plans.make(state, options.listen, options.host_name, options.tls, options.udp_port, options.config,
                      bridges=options.bridges, auth=options.auth,
                      oidc=(options.oidc_issuer, options.oidc_client))  # fmt: skip
    files = plans.write_settings(state, plan)
    _check_settings(files)
    configuration = _prosody_configuration(state, plan)
    return asyncio.run(_run(state, plan, prosody, configuration, files, verbose=options.verbose))


def _check_settings(files: dict[str, Path]) -> None:
    """Refuse a wrong setting before anything starts."""
    for name, file in files.items():
        settings_model(plans.service_of(name)).load(file)


def _prosody_configuration(state: State, plan: plans.Plan) -> Path:
    values: dict[str, Any] = {
        "domain": plan.domain,
        "login": _login(plan.settings["rooms"].get("auth", {})),
        "data_directory": state.folder / "prosody",
        "component_secret_file": state.folder / "focus.secret",
        "rooms_secret_file": state.folder / "rooms.secret",
        "rooms_http_port": plan.rooms_port,
        "accounts": {"jvb": state.folder / "jvb.secret"},
        "c2s_port": plan.c2s_port,
        "http_port": plan.prosody_port,
        "component_port": plan.component_port,
        "run_as_root": os.geteuid() == 0,
    }
    try:
        settings = ProsodySettings.model_validate(values | plan.prosody)
    except ValidationError as error:
        raise StartError(f"[prosody]: {error}") from None
    return state.write("prosody.cfg.lua", render(settings))


def _login(auth: dict[str, Any]) -> str:
    if auth.keys() & {"accounts", "ldap"}:
        return "password"
    return "token" if auth.keys() & {"jwt", "oidc", "matrix"} else "open"


def _children(state: State, prosody: str, configuration: Path, files: dict[str, Path], *, verbose: bool) -> list[Child]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFY_")}
    commands = {"prosody": [prosody, "-F", "--config", str(configuration)]}
    for name, file in files.items():
        commands[name] = [sys.executable, "-m", "pyjitsi.cli", plans.service_of(name), "--config", str(file)]
    return [
        Child(name, command, environment, state.folder / "run" / f"{name}.log", say, echo=verbose)
        for name, command in commands.items()
    ]


async def _run(
    state: State, plan: plans.Plan, prosody: str, configuration: Path, files: dict[str, Path], *, verbose: bool
) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    say(f"pyjitsi: state and logs are in {state.folder}")
    children = _children(state, prosody, configuration, files, verbose=verbose)
    for child in children:
        child.start()
    checking = asyncio.create_task(until_it_works(plan, WORKS_WITHIN))
    stopped = asyncio.create_task(stopping.wait())
    status = 0
    try:
        await asyncio.wait({checking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if checking.done() and not stopping.is_set():
            missing = checking.result()
            if missing is not None:
                say(f"pyjitsi: no meeting would work after {WORKS_WITHIN:g} s: {missing}")
                say(f"pyjitsi: the logs in {state.folder / 'run'} say more")
                status = 1
            else:
                notify("READY=1")
                _announce(plan, state)
                await stopping.wait()
    finally:
        checking.cancel()
        stopped.cancel()
        say("pyjitsi: stopping")
        for child in reversed(children):
            await child.stop()
    return status


def _announce(plan: plans.Plan, state: State) -> None:
    say(f"pyjitsi: meet at {plan.url}")
    if "oidc" in plan.settings["rooms"].get("auth", {}):
        say(f"pyjitsi: the provider must know the redirect address {plan.url}oidc/callback")
    if "host" in plan.settings["rooms"].get("auth", {}).get("accounts", {}):
        say(f"pyjitsi: log in as host with the password in {state.folder / 'host.secret'}")
    if plan.url.startswith("http://") and "//localhost" not in plan.url:
        say("pyjitsi: browsers give no camera to plain HTTP from another machine; add --tls self-signed")
