"""The faults: each is a meeting, something that happens to it, and what may be noticed of that."""

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from tests.resilience.people import Meeting, Unmet
from tests.support.server import MeetingServer

SPLIT = '[focus]\nbridge_selection_strategy = "SplitBridgeSelectionStrategy"\n'
BACK = 10.0  # seconds within which everybody must be back
UNTOUCHED = 1.5  # a pause of media that nobody calls one: a key frame, or a move to a new session
CHAIN = "meet_resilience"


@dataclass(frozen=True)
class Outcome:
    """What was measured: seconds without media at the longest, seconds until all was well, and what else there is."""

    gap: float
    back: float
    note: str = ""


@dataclass(frozen=True)
class Fault:
    """``bridges`` of the server, ``run`` on a meeting in which everybody sees everybody, and the bounds in seconds."""

    name: str
    what: str
    run: Callable[[MeetingServer, Meeting], Outcome]
    bridges: int = 1
    gap: float = BACK
    back: float = BACK
    cuts: bool = False  # packets are lost on purpose, which takes nft and the right to use it


def _killed(service: str, *, invites: bool = True) -> Callable[[MeetingServer, Meeting], Outcome]:
    def run(server: MeetingServer, meeting: Meeting) -> Outcome:
        before = meeting.offers()
        server.kill(service)
        time.sleep(2.5)  # until reports show it: they are a second old, and "sees" looks back for four
        back = meeting.wait_together(30) + 2.5
        time.sleep(4)
        meeting.wait_together(10)
        again = sum(after > before[name] for name, after in meeting.offers().items())
        meeting.join("late")
        late = meeting.wait_together(30)
        then = sum(meeting.offers()[name] > known for name, known in before.items())
        if then and not invites:
            raise Unmet(f"{then} people were invited again who need not be")
        return Outcome(meeting.gap("ada", "bo", "cy", of=("ada", "bo", "cy")), back,
                       f"{again} invited again, {then} when one more came, who was in after {late:.1f} s")  # fmt: skip

    return run


def _one_of_two_bridges(act: Callable[[MeetingServer], None]) -> Callable[[MeetingServer, Meeting], Outcome]:
    def run(server: MeetingServer, meeting: Meeting) -> Outcome:
        before = meeting.offers()
        began = time.monotonic()
        act(server)
        while meeting.offers() == before:
            if time.monotonic() - began > 20:
                raise Unmet("nobody was invited again")
            time.sleep(0.1)
        time.sleep(4)
        back = meeting.wait_together(30)
        moved = tuple(name for name, offers in meeting.offers().items() if offers > before[name])
        stayed = tuple(name for name in meeting.people if name not in moved)
        among = meeting.gap(*stayed, of=stayed)
        return Outcome(
            meeting.gap(), 4 + back, f"{len(moved)} moved; the others lost each other for {among:.1f} s at most"
        )

    return run


def _leave_at_once(server: MeetingServer) -> None:
    """As JVB's own script asks for it."""
    url = f"http://127.0.0.1:{server.settings('bridge2')['http_port']}/colibri/shutdown"
    wish = urllib.request.Request(url, b'{"graceful-shutdown": "false"}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(wish, timeout=5):
        pass


def _focus_and_bridge_apart(server: MeetingServer, meeting: Meeting) -> Outcome:
    """The bridge's XMPP connection carries nothing for 20 seconds."""
    before = meeting.offers()
    with _dropped(_tcp_ports(server.children()["bridge"], server.settings("bridge")["xmpp"]["port"])):
        time.sleep(20)
    time.sleep(15)
    back = meeting.wait_together(10)
    again = sum(after - before[name] for name, after in meeting.offers().items())
    if again > len(before):
        raise Unmet(f"{again} invitations for {len(before)} people")
    return Outcome(meeting.gap(), back, f"{again} invitations afterwards")


def _clients_network(server: MeetingServer, meeting: Meeting) -> Outcome:
    """One person's packets are lost for 15 seconds, both ways."""
    before = meeting.offers()
    pid = meeting.people["ada"].pid
    with _dropped(_tcp_ports(pid, None) + _udp_ports(pid)):
        time.sleep(15)
    began = time.monotonic()
    time.sleep(2)
    meeting.wait_together(30)
    back = time.monotonic() - began
    others = meeting.gap("bo", "cy", of=("bo", "cy"))
    time.sleep(5)  # whoever would be invited again has been
    return Outcome(meeting.gap() - 15, back, f"the others lost each other for {others:.1f} s at most, "
                   f"{_restarted(meeting, before)}")  # fmt: skip


def _restarted(meeting: Meeting, before: dict[str, int]) -> str:
    """That nobody was invited again, and how often ICE was restarted. Raises Unmet."""
    again = sum(meeting.offers()[name] > known for name, known in before.items())
    if again:
        raise Unmet(f"{again} people were invited again, where a restart of ICE should do")
    return f"nobody invited again, {sum(meeting.report(name)['ice_restarts'] for name in before)} restarts of ICE"


def _clients_new_address(server: MeetingServer, meeting: Meeting) -> Outcome:
    """The address that one person's media has is gone for good; ICE must find another way."""
    before = meeting.offers()
    began = time.monotonic()
    with _dropped(_udp_ports(meeting.people["ada"].pid)):
        time.sleep(4)
        meeting.wait_together(30)
        back = time.monotonic() - began
        time.sleep(20)  # what the bridge still knew of the old address is over
        meeting.wait_together(5)
        note = _restarted(meeting, before)
        if "0 restarts" in note:
            raise Unmet("ICE was not restarted")
        return Outcome(meeting.gap(), back, note)


def _clients_address(server: MeetingServer, meeting: Meeting) -> Outcome:
    """A NAT gives one person's media another port: from then on the bridge sees her at another address."""
    before = meeting.offers()
    ports = [port for _, port in _udp_ports(meeting.people["ada"].pid)]
    # Without connection tracking, which would keep a flow that it knows as it was.
    out = "".join(f"add rule ip {CHAIN} out udp sport {port} counter udp sport set {port ^ 1}\n" for port in ports)
    back = "".join(f"add rule ip {CHAIN} back udp dport {port ^ 1} udp dport set {port}\n" for port in ports)
    setup = (
        f"add table ip {CHAIN}\nadd chain ip {CHAIN} out {{ type filter hook output priority -300; }}\n"
        f"add chain ip {CHAIN} back {{ type filter hook prerouting priority -300; }}\n{out}{back}"
    )
    subprocess.run(["nft", "-f", "-"], input=setup, text=True, check=True)
    try:
        time.sleep(12)
        waited = meeting.wait_together(30)
        again = sum(meeting.offers()[name] > known for name, known in before.items())
        rules = subprocess.run(["nft", "list", "table", "ip", CHAIN], capture_output=True, text=True, check=True).stdout
        if not re.search(r"counter packets [1-9]", rules):
            raise Unmet("no packet was sent from another port")
        return Outcome(meeting.gap(), waited, f"{again} invited again")
    finally:
        subprocess.run(["nft", "delete", "table", "ip", CHAIN], check=True)


def _paused_prosody(server: MeetingServer, meeting: Meeting) -> Outcome:
    pid = server.children()["prosody"]
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(5)
    finally:
        os.kill(pid, signal.SIGCONT)
    meeting.join("late")
    back = meeting.wait_together(30)
    return Outcome(meeting.gap("ada", "bo", "cy", of=("ada", "bo", "cy")), back)


def _flapping_bridge(server: MeetingServer, meeting: Meeting) -> Outcome:
    for _ in range(3):
        with contextlib.suppress(KeyError):
            server.kill("bridge2")
        time.sleep(3)
    time.sleep(4)
    back = meeting.wait_together(30)
    return Outcome(meeting.gap(), back)


# Here the web service carries people's XMPP streams too, so that they rejoin; behind the module's nginx it doesn't.
FAULTS = (
    Fault(
        "bridge-of-two",
        "a bridge of two is killed",
        _one_of_two_bridges(lambda server: server.kill("bridge2")),
        bridges=2,
    ),
    Fault(
        "leaving", "a bridge of two is told to leave at once", _one_of_two_bridges(_leave_at_once), bridges=2, gap=5.0
    ),
    Fault("only-bridge", "the only bridge is killed", _killed("bridge")),
    Fault("focus", "the focus is killed", _killed("focus", invites=False), gap=UNTOUCHED),
    Fault("prosody", "Prosody is killed", _killed("prosody"), gap=UNTOUCHED),
    Fault("web", "the web service is killed", _killed("web"), gap=3.0),
    Fault("flapping", "a bridge of two dies three times in a row", _flapping_bridge, bridges=2, gap=15.0),
    Fault("slow-prosody", "Prosody stands still for 5 s", _paused_prosody, gap=UNTOUCHED),
    Fault("partition", "focus and bridge can't talk for 20 s", _focus_and_bridge_apart, gap=UNTOUCHED, cuts=True),
    Fault("client-nat", "a NAT gives a client another address", _clients_address, gap=BACK, cuts=True),
    Fault("client-address", "a client's address is gone for good", _clients_new_address, gap=BACK, cuts=True),
    Fault("client-network", "a client's network is gone for 15 s", _clients_network, gap=BACK, cuts=True),
)


def _tcp_ports(pid: int, remote: int | None) -> list[tuple[str, int]]:
    """Local TCP ports of a process, of connections to one remote port or to any."""
    text = subprocess.run(["ss", "-Htnp"], capture_output=True, text=True, check=True).stdout
    found: list[tuple[str, int]] = []
    for line in text.splitlines():
        words = line.split()
        if f"pid={pid}," in line and (remote is None or words[4].endswith(f":{remote}")):
            found.append(("tcp", int(words[3].rpartition(":")[2])))
    return found


def _udp_ports(pid: int) -> list[tuple[str, int]]:
    text = subprocess.run(["ss", "-Hunap"], capture_output=True, text=True, check=True).stdout
    lines = (line.split() for line in text.splitlines() if re.search(rf"pid={pid}[,)]", line))
    return [("udp", int(words[3].rpartition(":")[2])) for words in lines]


@contextlib.contextmanager
def _dropped(ports: list[tuple[str, int]]) -> Generator[None]:
    """Lose all packets from and to local ports."""
    if not ports:
        raise Unmet("there is no connection to cut")
    rules = "".join(f"add rule inet {CHAIN} loss {kind} {way} {port} drop\n" for kind, port in ports
                    for way in ("sport", "dport"))  # fmt: skip
    setup = f"add table inet {CHAIN}\nadd chain inet {CHAIN} loss {{ type filter hook output priority 0; }}\n{rules}"
    subprocess.run(["nft", "-f", "-"], input=setup, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", CHAIN], check=True)


def can_cut() -> bool:
    """Whether packets can be lost on purpose here."""
    try:
        return subprocess.run(["nft", "list", "tables"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def try_out(fault: Fault, folder: Path) -> Outcome:
    """Let it happen in a meeting of three. Raises Unmet."""
    folder.mkdir(parents=True)
    settings = folder / "up.toml"
    settings.write_text(SPLIT if fault.bridges > 1 else "")
    server = MeetingServer(folder / "state", options=("--bridges", str(fault.bridges), "--config", str(settings)))
    server.start()
    meeting = Meeting(server, folder)
    try:
        meeting.join("ada", "bo", "cy", *(("di",) if fault.bridges > 1 else ()))
        meeting.wait_together()
        time.sleep(1)
        return fault.run(server, meeting)
    finally:
        meeting.close()
        server.stop()
