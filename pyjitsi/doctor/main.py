"""Runs the examination and prints what was found."""

import argparse
import asyncio
import dataclasses
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from pyjitsi.doctor.findings import summary
from pyjitsi.doctor.probes import Doctor

WELL, UNWELL, USAGE = 0, 1, 2


def main(options: argparse.Namespace) -> int:
    """0 where all is well, 1 where something is wrong, 2 where nothing could be examined."""
    host: dict[str, Any] = {}
    ours = options.url is None
    if ours or options.host_file.is_file():
        try:
            host = json.loads(options.host_file.read_text())
        except (OSError, ValueError) as error:
            if ours:
                print(
                    f"pyjitsi doctor: {options.host_file}: {error}; name the server's address instead", file=sys.stderr
                )
                return USAGE
    url = options.url if options.url is None or "://" in options.url else f"https://{options.url}"
    if url is not None and url.rstrip("/") != host.get("url"):
        host = {}  # another server than the one that runs here
    ca = options.ca or (Path(host["ca_file"]) if host.get("ca_file") else None)
    try:
        found = asyncio.run(Doctor(host, url, ca).examine())
    except (OSError, ssl.SSLError) as error:
        print(f"pyjitsi doctor: {ca or url}: {error}", file=sys.stderr)
        return USAGE
    if options.json:
        print(json.dumps([dataclasses.asdict(each) for each in found], indent=2))
    else:
        for each in found:
            print(each.line())
        print(summary(found))
    return UNWELL if any(each.verdict == "problem" for each in found) else WELL
