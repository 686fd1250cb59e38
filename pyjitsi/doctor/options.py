"""The command line of ``pyjitsi doctor``."""

import argparse
from pathlib import Path

HOST_FILE = Path("/etc/meet/doctor.json")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("url", nargs="?", help="the server's address; without it, this host's own")
    parser.add_argument(
        "--host-file", type=Path, default=HOST_FILE, metavar="FILE", help=f"what runs on this host ({HOST_FILE})"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="PEM file with the authority of a certificate of one's own"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
