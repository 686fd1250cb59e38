"""``python -m tests.fuzz.native --seconds 60 vp8 rtp``: targets guided by coverage (all of them where none is named).

What was found worth keeping stays in ``build/fuzz/TARGET`` and is gone on from the next time; an input that fails is
written beside it. Exits with 1 where one did.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.native.build import ROOT, MissingTool, build, guided
from tests.fuzz.native.seeds import load

CORPORA = ROOT / "build" / "fuzz"
TARGETS = (
    "header", "vp8", "vp9", "keyframe", "red", "dependency", "frame", "feedback", "pacer", "rtp", "rtcp", "receive",
    "stun", "dtls", "channel",
)  # fmt: skip
LONG = {"frame": 8192, "dependency": 2048, "feedback": 4096, "rtp": 8192, "rtcp": 8192, "receive": 16384, "stun": 4096,
        "dtls": 8192}  # fmt: skip


def begin(target: str) -> Path:
    """A folder with the target's seeds."""
    folder = CORPORA / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(load(target)):
        (folder / f"seed-{number}").write_bytes(seed)
    return folder


def main() -> int:
    """See the module's text."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz.native")
    options.add_argument("--seconds", type=int, default=60, help="of each target")
    options.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    chosen = options.parse_args()
    unknown = set(chosen.targets) - set(TARGETS)
    if unknown:
        options.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    try:
        toolchain = guided()
        build(toolchain)
    except MissingTool as missing:
        print(f"the fuzzer can't be built: {missing}", file=sys.stderr)
        return 1
    failed = False
    print(f"{'target':12}{'seconds':>8}{'inputs':>12}{'a second':>10}{'coverage':>10}{'corpus':>8}  result", flush=True)
    for target in chosen.targets or TARGETS:
        folder, began = begin(target), time.monotonic()
        ran = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.native.guide", target, f"-max_total_time={chosen.seconds}",
             f"-max_len={LONG.get(target, 1500)}", "-timeout=20", "-rss_limit_mb=3000", "-reload=0",
             "-print_final_stats=1", f"-artifact_prefix={CORPORA}/{target}-", str(folder)],
            env=toolchain.environment, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        seconds = time.monotonic() - began
        (CORPORA / f"{target}.log").write_text(ran.stdout + ran.stderr)
        coverage = _last(r"cov: (\d+)", ran.stderr)
        inputs = _last(r"stat::number_of_executed_units:\s*(\d+)", ran.stderr)
        result = "clean" if ran.returncode == 0 else f"FAILED, see build/fuzz/{target}.log"
        failed = failed or ran.returncode != 0
        print(
            f"{target:12}{seconds:8.0f}{inputs:12}{inputs / seconds:10.0f}{coverage:10}"
            f"{len(list(folder.iterdir())):8}  {result}",
            flush=True,
        )
    return int(failed)


def _last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
