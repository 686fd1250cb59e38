"""Compiles the data plane's C with sanitizers, into a directory of its own."""

import os
import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "build" / "cython"
CHECKS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer")
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "PYTHONMALLOC": "malloc",  # each object in a block of its own, so that its ends are seen
}


class MissingTool(Exception):
    """What is needed to build is not on this machine; the text says what to install."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler with its options, and the libraries that a program must load before all others."""

    name: str
    compiler: tuple[str, ...]
    runtime: tuple[Path, ...]

    @property
    def directory(self) -> Path:
        """Where its extensions go, laid out as the package is."""
        return ROOT / "build" / f"sanitized-{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """For a program that loads them."""
        return {
            **os.environ,
            **OPTIONS,
            "LD_PRELOAD": ":".join(map(str, self.runtime)),
            "PYJITSI_SANITIZED": str(self.directory),
        }


def plain() -> Toolchain:
    """What the suite uses: the C compiler that builds the plane, with its sanitizers. Raises MissingTool."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise MissingTool("no gcc")
    found: list[Path] = []
    for name in ("libasan.so", "libubsan.so"):
        asked = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
        path = Path(asked.stdout.strip())
        if not path.is_absolute():  # gcc answers with the bare name where it has none
            raise MissingTool(f"gcc came without {name}")
        found.append(path.resolve())
    return Toolchain("plain", (compiler, *CHECKS), tuple(found))


def guided() -> Toolchain:
    """What ``make fuzz`` uses: coverage for libFuzzer, which atheris brings. Raises MissingTool."""
    compiler = shutil.which("clang")
    if compiler is None:
        raise MissingTool("no clang; install it, as make fuzz does on Debian")
    try:
        installed = metadata.distribution("atheris")
    except metadata.PackageNotFoundError:
        raise MissingTool("no atheris; pip install atheris") from None
    runtime = Path(str(installed.locate_file("asan_with_fuzzer.so")))
    return Toolchain("guided", (compiler, *CHECKS, "-fsanitize=fuzzer-no-link"), (runtime,))


def build(toolchain: Toolchain) -> None:
    """Compile what is newer than it was. Raises MissingTool and CalledProcessError."""
    sources = sorted(SOURCES.rglob("*.c"))
    if not sources:
        raise MissingTool("the plane's C is not there; run make plane")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(_compile, toolchain), sources))


def _compile(toolchain: Toolchain, source: Path) -> None:
    name = source.relative_to(SOURCES).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
    made = toolchain.directory / name
    if made.exists() and made.stat().st_mtime > source.stat().st_mtime:
        return
    made.parent.mkdir(parents=True, exist_ok=True)
    part = made.with_suffix(".part.o")
    # Compiled with the sanitizers but linked without: their symbols are the preloaded library's.
    subprocess.run(
        [*toolchain.compiler, "-c", "-fPIC", "-O1", "-g1", "-w", "-fwrapv", f"-I{sysconfig.get_path('include')}",
         f"-I{ROOT}", str(source), "-o", str(part)], check=True, cwd=ROOT,
    )  # fmt: skip
    subprocess.run([toolchain.compiler[0], "-shared", str(part), "-o", str(made), "-lcrypto"], check=True)
    part.unlink()
