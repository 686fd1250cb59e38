"""What the doctor finds, and how it judges what the probes saw. No input or output here."""

import datetime
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["ok", "warning", "problem", "skipped"]
EXPIRES_SOON = datetime.timedelta(days=14)
CLOCK_SECONDS = 5.0  # tokens and TURN credentials are dated


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``advice`` says what to do."""

    verdict: Verdict
    subject: str
    text: str
    advice: str = ""

    def line(self) -> str:
        """For people."""
        shown = self.verdict.upper() if self.verdict == "problem" else self.verdict
        return f"{shown:<8} {self.subject}: {self.text}" + (f" → {self.advice}" if self.advice else "")


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    problems = sum(each.verdict == "problem" for each in findings)
    warnings = sum(each.verdict == "warning" for each in findings)
    if not problems and not warnings:
        return "all is well"
    return f"{problems} problem{'s' * (problems != 1)}, {warnings} warning{'s' * (warnings != 1)}"


def resolved(name: str, addresses: Sequence[str]) -> Finding:
    """The name in DNS."""
    if not addresses:
        return Finding(
            "problem", "name", f"{name} has no address", f"add A and AAAA records for {name}, or wait for DNS"
        )
    return Finding("ok", "name", f"{name} is {', '.join(addresses)}")


def certificate(name: str, ends: datetime.datetime, now: datetime.datetime) -> Finding:
    """A certificate that was verified."""
    days = (ends - now).days
    if ends - now < EXPIRES_SOON:
        return Finding(
            "warning", "certificate", f"ends in {days} days", "see journalctl -u 'acme-*' why it is not renewed"
        )
    return Finding("ok", "certificate", f"for {name}, {days} days left")


def health(subject: str, status: int, body: Mapping[str, Any]) -> Finding:
    """A service's ``/about/health``."""
    details = ", ".join(f"{value} {key}" for key, value in body.items() if key not in ("healthy", "reason"))
    if status == 200 and body.get("healthy"):
        return Finding("ok", subject, f"healthy{f' ({details})' if details else ''}")
    return Finding(
        "problem", subject, str(body.get("reason") or f"answered {status}"), f"see journalctl -u meet-{subject}"
    )


def bridges_joined(count: float) -> Finding:
    """How many bridges the focus knows."""
    if count == 0:
        return Finding(
            "problem", "bridges", "the focus knows of none, so nobody gets media", "see journalctl -u meet-bridge"
        )
    return Finding("ok", "bridges", f"the focus knows {count:g}")


def candidates(offered: Iterable[Mapping[str, Any]], public: Sequence[str]) -> Finding:
    """What a bridge tells clients to send to, against the name's addresses."""
    shown = list(dict.fromkeys(str(each["ip"]) for each in offered))
    reachable = [each for each in shown if ipaddress.ip_address(each).is_global]
    wanted = [each for each in public if ipaddress.ip_address(each).is_global]
    if wanted and not reachable:
        return Finding(
            "problem",
            "candidates",
            f"the bridge offers {', '.join(shown) or 'nothing'}, while the name is {', '.join(wanted)}: people "
            "elsewhere would get no pictures",
            "set services.meet.bridge.nat.localAddresses and publicAddresses (static_mappings)",
        )
    return Finding("ok", "candidates", f"the bridge offers {', '.join(shown)}")


def bridge_channel(server: str, status: int) -> Finding:
    """A bridge channel asked for with a wrong password: the bridge itself must refuse it, and not the proxy."""
    if status in (403, 404):
        return Finding("ok", "channel", f"/colibri-ws/{server}/ leads to the bridge")
    return Finding(
        "problem", "channel", f"/colibri-ws/{server}/ answered {status}",
        "the proxy must pass web-sockets below /colibri-ws/ to the bridge",
    )  # fmt: skip


def clock(seconds: float) -> Finding:
    """How far this machine's clock is from the server's."""
    if abs(seconds) > CLOCK_SECONDS:
        return Finding("warning", "clock", f"{abs(seconds):.0f} s apart from the server's", "set the time by NTP")
    return Finding("ok", "clock", "the same here and there")


def unit(name: str, state: str, last: str) -> Finding:
    """A systemd unit."""
    if state == "active":
        return Finding("ok", "unit", f"{name} is active")
    return Finding("problem", "unit", f"{name} is {state}{f': {last}' if last else ''}", f"see journalctl -u {name}")
