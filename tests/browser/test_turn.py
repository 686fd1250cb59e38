"""People whose network lets no UDP through meet over TURN: browsers in a namespace of their own, a real coturn."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.person import Person, eventually
from tests.support.server import MeetingServer

SERVER, OFFICE = "turn-server", "turn-office"
SERVER_ADDRESS, TURN_ADDRESS, OFFICE_ADDRESS = "10.91.3.1", "10.91.3.3", "10.91.3.2"
RELAYED = """
async () => {
  for (const pc of window.__pcs) {
    if (pc.connectionState !== 'connected') continue;
    const stats = await pc.getStats();
    for (const pair of stats.values()) {
      if (pair.type !== 'candidate-pair' || !pair.nominated || pair.state !== 'succeeded') continue;
      const local = stats.get(pair.localCandidateId);
      return [local.candidateType, local.relayProtocol ?? ''];
    }
  }
  return null;
}
"""


def ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


def inside(namespace: str, *command: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", namespace, *command)


@pytest.fixture(scope="module")
def networks() -> Iterator[None]:
    """A server's network, and an office that lets out TCP alone."""
    if os.geteuid() != 0 or shutil.which("nft") is None or shutil.which("turnserver") is None:
        pytest.skip("needs root, nft and coturn: two network namespaces and a TURN server")
    for name in (SERVER, OFFICE):
        ip("netns", "del", name, check=False)
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "eth", "netns", SERVER, "type", "veth", "peer", "name", "eth", "netns", OFFICE)
    for name, addresses in ((SERVER, (SERVER_ADDRESS, TURN_ADDRESS)), (OFFICE, (OFFICE_ADDRESS,))):
        for address in addresses:
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth")
        ip("-n", name, "link", "set", "eth", "up")
    rules = "table inet f { chain o { type filter hook output priority 0; oifname eth meta l4proto udp drop; }; }"
    subprocess.run(inside(OFFICE, "nft", "-f", "-"), input=rules, text=True, check=True)
    yield
    for name in (SERVER, OFFICE):
        ip("netns", "del", name, check=False)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("turn") / "secret"
    file.touch(mode=0o600)
    file.write_text(secrets.token_hex(16) + "\n")
    return file


@pytest.fixture(scope="module")
def turn(networks: None, secret: Path) -> Iterator[None]:
    """coturn as the module configures it: no private peers but the bridge; over TCP and TLS."""
    folder = secret.parent
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=turn", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    words = [
        "use-auth-secret", "realm=meet", "fingerprint", "no-cli", "no-multicast-peers", "no-tcp-relay",
        "listening-port=3478", "tls-listening-port=5349", f"listening-ip={TURN_ADDRESS}", f"relay-ip={TURN_ADDRESS}",
        "denied-peer-ip=10.0.0.0-10.255.255.255", "denied-peer-ip=127.0.0.0-127.255.255.255",
        f"allowed-peer-ip={SERVER_ADDRESS}", f"static-auth-secret={secret.read_text().strip()}",
        f"cert={folder / 'cert.pem'}", f"pkey={folder / 'key.pem'}", f"userdb={folder / 'db'}",
        f"pidfile={folder / 'pid'}", "log-file=stdout", "simple-log",
    ]  # fmt: skip
    (folder / "turn.conf").write_text("\n".join(words) + "\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            inside(SERVER, "turnserver", "-c", str(folder / "turn.conf")), stdout=log, stderr=log
        )
    time.sleep(1)
    assert process.poll() is None, (folder / "log").read_text()
    yield
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["turn", "turns"])
def meeting(turn: None, secret: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MeetingServer]:
    kind, port = (request.param, 3478 if request.param == "turn" else 5349)
    config = tmp_path / "up.toml"
    config.write_text(
        f'[[prosody.ice_servers]]\ntype = "{kind}"\nhost = "{TURN_ADDRESS}"\nport = {port}\ntransport = "tcp"\n'
        f'secret_file = "{secret}"\n'
    )
    server = MeetingServer(
        tmp_path / "state", options=("--config", str(config)), address=SERVER_ADDRESS, within=inside(SERVER)
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def people(meeting: MeetingServer, tmp_path: Path, browser_type_launch_args: dict[str, Any]) -> Iterator[list[Person]]:
    """Two, each in a browser within the office."""
    chromium = tmp_path / "chromium"
    arguments = f"--unsafely-treat-insecure-origin-as-secure={meeting.url.rstrip('/')} --ignore-certificate-errors"
    chromium.write_text(
        "#!/bin/sh\nexec "
        + " ".join(inside(OFFICE, browser_type_launch_args["executable_path"]))
        + f' {arguments} "$@"\n'
    )
    chromium.chmod(0o755)
    launched: dict[str, Any] = {**browser_type_launch_args, "executable_path": str(chromium)}
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = playwright.chromium.launch(**launched)
        stack.callback(browser.close)
        yield [Person(browser.new_context(), name) for name in ("Ann", "Ben")]


def test_two_behind_a_firewall_that_drops_udp_see_and_hear_each_other(
    meeting: MeetingServer, people: list[Person]
) -> None:
    for person in people:
        person.join(meeting.url, "turned")
    for person in people:
        eventually(
            lambda person=person: (
                any(each["kind"] == "video" and each["frames"] > 20 for each in person.inbound())
                and any(each["kind"] == "audio" and each["packets"] > 50 for each in person.inbound())
            ),
            40,
            person.page,
            f"{person.name} sees and hears the other",
        )
        kind, protocol = person.page.evaluate(RELAYED)
        assert kind == "relay"
        assert protocol in ("tcp", "tls")
