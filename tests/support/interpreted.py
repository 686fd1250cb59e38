"""A compiled module of the data plane, run from its source."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pyjitsi

ROOT = Path(pyjitsi.__file__).parent


def interpreted(compiled: ModuleType) -> ModuleType:
    """The same module from its source."""
    path = ROOT.joinpath(*compiled.__name__.split(".")[1:]).with_suffix(".py")
    loader = importlib.machinery.SourceFileLoader(f"interpreted_{path.stem}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
