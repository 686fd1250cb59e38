"""Two people meet through each kind of web server, with the configuration that the NixOS module makes for it.

The module's fixed ports are replaced by those of a running ``pyjitsi up``; the rest is as evaluated.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from pyjitsi.up.state import free_port
from tests.nix.nix import Nix, library, missing
from tests.support.prosody import MISSING, executable
from tests.support.server import MeetingServer
from tests.vm.debian.proxies import caddyfile, nginx_conf

COMMON = 'enable = true; hostName = "localhost"; bridge.name = "jvb";'
OWN = 'tls.certFile = "/CERTS/cert.pem"; tls.keyFile = "/CERTS/key.pem";'
# An admin's own proxy: one rule, as the manual says.
FOREIGN = {
    "localhost": {
        "enableACME": False,
        "forceSSL": True,
        "sslCertificate": "/CERTS/cert.pem",
        "sslCertificateKey": "/CERTS/key.pem",
        "locations": {
            "/": {
                "proxyPass": "http://127.0.0.1:8080",
                "proxyWebsockets": True,
                "recommendedProxySettings": True,
                "root": None,
                "return": None,
                "extraConfig": "proxy_read_timeout 300s;",
            }
        },
    }
}
WAIT = 40.0


def _config(kind: str, nix: Nix) -> str:
    if kind == "foreign proxy":
        return nginx_conf(FOREIGN)
    if kind == "nginx":
        return nginx_conf(nix.evaluate(f"{{ services.meet = {{ {COMMON} {OWN} }}; }}", "nginx"))
    return caddyfile(nix.evaluate(f"{{ services.meet = {{ {COMMON} {OWN} caddy.enable = true; }}; }}", "caddy"))


def _certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"),
         "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip


def _start(kind: str, config: str, folder: Path) -> "subprocess.Popen[bytes]":
    file = folder / ("Caddyfile" if kind == "caddy" else "nginx.conf")
    file.write_text(config)
    command = (
        ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]
        if kind == "caddy"
        else ["nginx", "-c", str(file), "-p", str(folder), "-g", "daemon off;"]
    )
    environment = {
        **os.environ,
        "PATH": f"{os.environ['PATH']}:/usr/sbin",
        "XDG_DATA_HOME": str(folder),
        "HOME": str(folder),
    }
    with (folder / "proxy.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


@pytest.fixture(scope="module")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Nix:
    if reason := missing():
        pytest.skip(reason)
    return Nix(tmp_path_factory.mktemp("nix"), library())


@pytest.fixture(params=["nginx", "caddy", "foreign proxy"])
def address(request: pytest.FixtureRequest, nix: Nix, tmp_path: Path) -> Iterator[str]:
    """The server's address through a proxy of that kind."""
    kind: str = request.param
    program = "caddy" if kind == "caddy" else "nginx"
    if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip(f"no {program} on this machine; install the package {program}")
    if executable() is None:
        pytest.skip(MISSING)
    _certificate(tmp_path)
    tls, plain = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    overrides = tmp_path / "up.toml"
    overrides.write_text(f'[bridge]\nwebsocket_base = "wss://localhost:{tls}/colibri-ws"\n')
    server = MeetingServer(tmp_path / "state", options=("--config", str(overrides)))
    server.start()
    web, focus, bridge = (server.settings(name) for name in ("web", "focus", "bridge"))
    ports = {
        "127.0.0.1:8080": f"127.0.0.1:{web['listen_port']}",
        "127.0.0.1:5280": web["prosody_url"].removeprefix("http://"),
        "127.0.0.1:8888": f"127.0.0.1:{focus['http_port']}",
        "127.0.0.1:9090": f"127.0.0.1:{bridge['http_port']}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen [::]:80;": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "/CERTS": str(tmp_path),
        "/run/nginx.pid": str(tmp_path / "nginx.pid"),
        "user www-data;": "",
        "$host;": "$http_host;",  # a port that is not 443 belongs to the address
    }
    config = _config(kind, nix)
    for old, new in ports.items():
        config = config.replace(old, new)
    if kind == "caddy":
        config = f"{{\n  admin off\n  http_port {plain}\n  auto_https disable_redirects\n}}\n" + config.replace(
            "localhost {", f"localhost:{tls} {{", 1
        )
    proxy = _start(kind, config, tmp_path)
    try:
        yield f"https://localhost:{tls}"
    finally:
        proxy.terminate()
        proxy.wait(10)
        server.stop()


async def _tenants_streams(address: str) -> None:
    """What is below a tenant's name reaches who answers for it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        async with session.ws_connect(f"{address}/acme/xmpp-websocket?room=x", protocols=("xmpp",)) as socket:
            await socket.send_str("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>")
            assert "<open " in await socket.receive_str(timeout=10)
        async with session.post(f"{address}/acme/conference-request/v1", data="no JSON") as answer:
            assert (answer.status, "not JSON" in await answer.text()) == (400, True)
        async with session.get(f"{address}/acme/http-bind") as answer:
            assert answer.status == 200
        async with session.get(f"{address}/acme/config.js") as answer:
            assert "conference.acme.localhost" in await answer.text()


def test_two_people_meet_through_it(address: str, tmp_path: Path) -> None:
    people = {}
    for name in ("alice", "bob"):
        command = [
            sys.executable,
            "-m",
            "tests.vm.client",
            "--url",
            f"{address}/Room",
            "--name",
            name,
            "--seconds",
            "60",
        ]
        command += ["--report", str(tmp_path / f"{name}.json"), "--ca", str(tmp_path / "cert.pem")]
        with (tmp_path / f"{name}.log").open("wb") as log:
            people[name] = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + WAIT
    sees: dict[str, list[str]] = {}
    try:
        while time.monotonic() < deadline and sees != {"alice": ["bob"], "bob": ["alice"]}:
            time.sleep(0.25)
            for name in people:
                report = tmp_path / f"{name}.json"
                if report.exists():
                    sees[name] = json.loads(report.read_text())["sees"]
    finally:
        for each in people.values():
            each.terminate()
            each.wait(10)
    logs = "\n".join((tmp_path / f"{name}.log").read_text()[-1500:] for name in ("alice", "proxy"))
    assert sees == {"alice": ["bob"], "bob": ["alice"]}, logs
    asyncio.run(_tenants_streams(address))
