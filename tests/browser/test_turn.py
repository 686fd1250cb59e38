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
from tests.nix.nix import Nix, library, missing
from tests.support.server import MeetingServer

SERVER, OFFICE = "turn-server", "turn-office"
SERVER_ADDRESS, TURN_ADDRESS, OFFICE_ADDRESS = "10.91.3.1", "10.91.3.3", "10.91.3.2"
WEB, TURN = "meet.test", "turn.meet.test"  # behind port 443 of one address
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
HOST = f"""{{ services.meet = {{ enable = true; hostName = "{WEB}"; tls.selfSigned = true;
  turn = {{ enable = true; tls443 = true; }}; }}; }}"""
WEB_SITE = """
user root; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; load_module {module}; events {{ }}
stream {{ {stream} }}
http {{
  access_log {folder}/access.log; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
  map $http_upgrade $upgrading {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:4443 ssl proxy_protocol; ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{
      proxy_pass {url}; proxy_http_version 1.1;
      proxy_set_header X-Forwarded-Proto https; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upgrading;
    }}
  }}
}}
"""
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


def firewall(more: str) -> None:
    """What the office lets out: no UDP, nor what further rules drop."""
    rules = f"""flush ruleset
table inet f {{ chain o {{ type filter hook output priority 0; oifname eth meta l4proto udp drop; {more} }}; }}
"""
    subprocess.run(inside(OFFICE, "nft", "-f", "-"), input=rules, text=True, check=True)


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


class Front:
    """A whole server as its people see it."""

    def __init__(self, server: MeetingServer, url: str, chromium: str = "") -> None:
        self.server: MeetingServer = server
        self.url: str = url
        self.chromium: str = chromium  # further options of the browsers


def behind_443(server: MeetingServer, folder: Path, secret: Path, nix: Nix) -> "subprocess.Popen[bytes]":
    """nginx with the module's own split of port 443, web site and TURN server behind it."""
    stream = nix.evaluate(HOST, "nginxStream").replace("/run/nginx/", f"{folder}/")
    stream = stream.replace("127.0.0.1:5349", f"{TURN_ADDRESS}:5349").replace("listen [::]:443;", "")
    text = WEB_SITE.format(
        folder=folder, stream=stream, url=server.url, module=STREAM, certificate=secret.parent / "cert.pem",
        key=secret.parent / "key.pem",
    )  # fmt: skip
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen(inside(SERVER, "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)))
    time.sleep(1)
    assert process.poll() is None, (folder / "error.log").read_text()
    return process


@pytest.fixture(params=["turn", "turns", "443 alone"])
def front(
    turn: None, secret: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Front]:
    alone: bool = request.param == "443 alone"
    if alone and not STREAM.exists():
        pytest.skip("no stream module of nginx on this machine; install the package libnginx-mod-stream")
    if alone and (reason := missing()):
        pytest.skip(reason)
    kind, host, port = {
        "turn": ("turn", TURN_ADDRESS, 3478), "turns": ("turns", TURN_ADDRESS, 5349), "443 alone": ("turns", TURN, 443),
    }[request.param]  # fmt: skip
    config = tmp_path / "up.toml"
    config.write_text(
        f'[[prosody.ice_servers]]\ntype = "{kind}"\nhost = "{host}"\nport = {port}\ntransport = "tcp"\n'
        f'secret_file = "{secret}"\n'
        + (
            f'[bridge]\nwebsocket_base = "wss://{WEB}/colibri-ws"\n[web]\ntrusted_proxies = ["{SERVER_ADDRESS}"]\n'
            if alone
            else ""
        )
    )
    options = ("--config", str(config), *(("--host-name", WEB) if alone else ()))
    server = MeetingServer(tmp_path / "state", options=options, address=SERVER_ADDRESS, within=inside(SERVER))
    server.start()
    server.url = server.url.replace(WEB, SERVER_ADDRESS)
    firewall("oifname eth tcp dport != 443 drop;" if alone else "")
    if not alone:
        yield Front(server, server.url, f"--unsafely-treat-insecure-origin-as-secure={server.url.rstrip('/')}")
    else:
        folder = tmp_path_factory.mktemp("nginx")
        nginx = behind_443(server, folder, secret, Nix(tmp_path_factory.mktemp("nix"), library()))
        rules = f"MAP {WEB} {SERVER_ADDRESS}, MAP {TURN} {SERVER_ADDRESS}"
        yield Front(server, f"https://{WEB}/", f"--host-resolver-rules='{rules}'")
        nginx.terminate()
        nginx.wait(10)
        assert {line.split()[0] for line in (folder / "access.log").read_text().splitlines()} == {OFFICE_ADDRESS}
    server.stop()


@pytest.fixture
def people(front: Front, tmp_path: Path, browser_type_launch_args: dict[str, Any]) -> Iterator[list[Person]]:
    """Two, each in a browser within the office."""
    chromium = tmp_path / "chromium"
    command = " ".join(inside(OFFICE, browser_type_launch_args["executable_path"]))
    chromium.write_text(f'#!/bin/sh\nexec {command} {front.chromium} --ignore-certificate-errors "$@"\n')
    chromium.chmod(0o755)
    launched: dict[str, Any] = {**browser_type_launch_args, "executable_path": str(chromium)}
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = playwright.chromium.launch(**launched)
        stack.callback(browser.close)
        yield [Person(browser.new_context(ignore_https_errors=True), name) for name in ("Ann", "Ben")]


def test_two_behind_a_firewall_that_drops_udp_see_and_hear_each_other(front: Front, people: list[Person]) -> None:
    for person in people:
        person.join(front.url, "turned")
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
