"""``python -m tests.fuzz.native.guide TARGET …``: one target under libFuzzer, whose options and folders follow."""

import importlib
import sys
from typing import Any

from tests.fuzz.native import sanitized

PYTHON = ("stun", "dtls", "channel")  # targets that are Python: the interpreter and OpenSSL are not ours to test


def main() -> None:
    """See the module's text."""
    assert sanitized.DIRECTORY.is_dir()
    name = sys.argv.pop(1)
    atheris: Any = importlib.import_module("atheris")  # not everybody has it; see make fuzz
    # Extensions have their counters already; Python gets them where nothing else is looked at, since they are slow.
    watched = ["pyjitsi.bridge"] if name in PYTHON else []
    with atheris.instrument_imports(include=watched or ["nothing"], enable_loader_override=False):
        from tests.fuzz.native.targets import TARGETS
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
