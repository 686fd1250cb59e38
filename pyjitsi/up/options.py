"""The command line of ``pyjitsi up``."""

import argparse
from pathlib import Path


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="where people open it (127.0.0.1:8080)"
    )
    parser.add_argument(
        "--host-name",
        metavar="NAME",
        help="the name or address in the printed link (localhost, or the one listened on)",
    )
    parser.add_argument(
        "--tls", metavar="self-signed|CERT:KEY", help="serve HTTPS, which browsers want from other devices"
    )
    parser.add_argument("--udp-port", type=int, default=10000, metavar="PORT", help="media of all clients (10000)")
    parser.add_argument(
        "--bridges", type=int, default=1, metavar="N", help="how many bridges, to try what several do (1)"
    )
    parser.add_argument(
        "--state", type=Path, default=Path("state"), metavar="FOLDER", help="secrets and generated files (./state)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML with tables [web], [focus], [bridge], [rooms], [prosody]"
    )
    parser.add_argument(
        "--auth", choices=("open", "jwt", "accounts", "oidc"), default="open",
        help="jwt: enter with tokens of the issuer meet, signed with the secret in STATE/jwt.secret (HS256); "
        "accounts: whoever logs in opens rooms, as host with the password in STATE/host.secret or as "
        "[rooms.auth.accounts] says; oidc: with accounts of an OpenID Connect provider",
    )  # fmt: skip
    parser.add_argument(
        "--oidc-issuer", metavar="URL", help="that provider, such as https://id.example.org/realms/main"
    )
    parser.add_argument(
        "--oidc-client", metavar="ID", default="meet",
        help="our name there (meet); our secret there, if it has one for us, belongs into STATE/oidc.secret",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="show the services' logs, not only what goes wrong")
