"""A real OpenID Connect provider for tests: Canaille with its accounts in memory, as a process of its own.

Run as a module it is that process; ``IdentityProvider`` starts it, and changes its keys and accounts while it runs.
"""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from pyjitsi.up.state import free_port

CLIENT, CLIENT_SECRET = "meet", "the secret of meet"
PASSWORD = "a password of a person"
PEOPLE = {"ada": "Ada Lovelace", "ben": "Ben Okri"}
HOST = "127.0.0.1"


@dataclass
class IdentityProvider:
    """The running provider. Its people are ``PEOPLE``, all with one password; Ada is in the group ``hosts``."""

    redirects: list[str]  # the servers that may send people here, as http://localhost:8080
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None
    lines: list[str] = field(default_factory=list[str])

    @property
    def issuer(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers. Raises AssertionError with its output."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.identity_provider", str(self.port), *self.redirects],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line == "ready\n":
                break
        assert self.lines[-1:] == ["ready\n"], "".join(self.lines)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def change(self, what: str, **fields: Any) -> None:
        """``rotate`` signs with a new key; ``hosts`` says who is in that group; ``close`` ends somebody's account."""
        request = urllib.request.Request(f"{self.issuer}/change/{what}", json.dumps(fields).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200


async def log_in(session: aiohttp.ClientSession, url: str, name: str) -> str:
    """As a browser: from our page through the provider's forms, to the address that it leads back to."""
    form: dict[str, str] = {}
    method, address = "GET", url
    for _ in range(12):
        async with session.request(method, address, data=form or None, allow_redirects=False) as answer:
            if (location := answer.headers.get("Location")) is not None:
                back = str(answer.url.join(type(answer.url)(location, encoded=True)))
                if "/oidc/callback?" in back:
                    return back
                method, address, form = "GET", back, {}
                continue
            page = await answer.text()
            assert answer.status == 200, page
            form = dict(re.findall(r'<input[^>]*name="(csrf_token)"[^>]*value="([^"]*)"', page))
            form["password" if 'name="password"' in page else "login"] = PASSWORD if 'name="password"' in page else name
            method, address = "POST", str(answer.url)
    raise AssertionError("the provider's forms lead in a circle")


def main(port: int, redirects: list[str]) -> None:
    """Serve."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, on loopback
    from canaille import create_app
    from canaille.app import models
    from canaille.app.flask import csrf
    from canaille.backends import Backend
    from flask import request
    from joserfc.jwk import RSAKey
    from werkzeug.serving import make_server

    def key() -> dict[str, Any]:
        return RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)

    app: Any = create_app(
        {
            "SECRET_KEY": "of a test",
            "PREFERRED_URL_SCHEME": "http",
            "SERVER_NAME": f"{HOST}:{port}",
            "CANAILLE": {"DATABASE": "memory", "ENABLE_PASSWORD_COMPROMISSION_CHECK": False},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key()]},
        }
    )
    backend: Any = Backend.instance
    kind: Any = models
    with app.app_context(), backend.session():
        people = {
            name: kind.User(
                user_name=name, formatted_name=full, family_name=full.split()[-1], emails=[f"{name}@example.org"],
                password=PASSWORD,
            )
            for name, full in PEOPLE.items()
        }  # fmt: skip
        for person in people.values():
            backend.save(person)
        backend.save(kind.Group(display_name="hosts", members=[people["ada"]]))
        backend.save(kind.Group(display_name="staff", members=list(people.values())))
        us = (
            kind.Client(
                client_id=CLIENT, client_secret=CLIENT_SECRET, client_name="Meet",
                client_uri=f"http://{HOST}",  # one whom it trusts without asking people
                redirect_uris=[f"{each}/oidc/callback" for each in redirects],
                post_logout_redirect_uris=[f"{each}/" for each in redirects],
                grant_types=["authorization_code", "refresh_token"], response_types=["code"],
                scope=["openid", "profile", "groups"], token_endpoint_auth_method="client_secret_basic",
            )
        )  # fmt: skip
        backend.save(us)
        us.audience = [us]
        backend.save(us)

    @app.post("/change/<what>")
    @csrf.exempt
    def change(what: str) -> str:  # pyright: ignore[reportUnusedFunction]
        fields: Any = request.get_json()
        if what == "rotate":
            app.config["CANAILLE_OIDC"]["ACTIVE_JWKS"] = [key()]
        elif what == "hosts":
            group = backend.get(kind.Group, display_name="hosts")
            group.members = [backend.get(kind.User, user_name=name) for name in fields["members"]]
            backend.save(group)
        elif what == "close":
            backend.delete(backend.get(kind.User, user_name=fields["name"]))
        return "done"

    print("ready", flush=True)
    make_server(HOST, port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
