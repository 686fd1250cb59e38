"""Import this first: the data plane's extensions are then those that were built with sanitizers."""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

DIRECTORY = Path(os.environ["PYJITSI_SANITIZED"])
_runtime = ctypes.CDLL(None)
_poison, _unpoison = _runtime.__asan_poison_memory_region, _runtime.__asan_unpoison_memory_region
_BYTES_HEADER = bytes.__basicsize__ - 1


class _Finder:
    """Finds an extension under ``DIRECTORY``."""

    @staticmethod
    def find_spec(
        name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("pyjitsi."):
            return None
        *folders, last = name.split(".")
        for found in DIRECTORY.joinpath(*folders).glob(f"{last}.*.so"):
            return importlib.util.spec_from_file_location(name, found)
        return None


sys.meta_path.insert(0, _Finder)  # pyright: ignore[reportArgumentType]


class Tight:
    """``data`` as bytes that may not be read beyond their end: not even the zero that Python keeps there.

    They begin at ``start``, by default behind two more bytes, since Python shares objects of less than two.
    """

    def __init__(self, data: bytes, start: int = 2) -> None:
        self.bytes: bytes = bytes(bytearray(start) + data)
        self.start: int = start
        self.end: int = len(self.bytes)
        assert self.end >= 2

    def __enter__(self) -> "Tight":
        self._at: int = id(self.bytes) + _BYTES_HEADER + self.end
        _poison(ctypes.c_void_p(self._at), ctypes.c_size_t(1))
        return self

    def __exit__(self, *_raised: object) -> None:
        _unpoison(ctypes.c_void_p(self._at), ctypes.c_size_t(1))
