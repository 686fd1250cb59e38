"""The compiled data plane (see ``pyjitsi/bridge/plane``); everything else about the package is in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup

PLAIN = (
    "pyjitsi.rtp.vp8",
    "pyjitsi.rtp.vp9",
    "pyjitsi.rtp.dependency",
    "pyjitsi.bridge.plane.header",
    "pyjitsi.bridge.plane.keyframe",
    "pyjitsi.bridge.plane.frame",
    "pyjitsi.bridge.plane.projection",
    "pyjitsi.bridge.plane.voice",
    "pyjitsi.bridge.plane.red",
    "pyjitsi.bridge.plane.loudest",
    "pyjitsi.bridge.plane.feedback",
    "pyjitsi.bridge.plane.delivery",
    "pyjitsi.bridge.plane.pacer",
)
NATIVE = (
    "checks", "cipher", "wire", "tables", "kept", "inlet", "mailbox", "egress", "control", "pacing", "shard", "engine",
    "peers", "sources", "routes",
)  # fmt: skip

extensions = [Extension(name, [name.replace(".", "/") + ".py"]) for name in PLAIN]
extensions += [
    Extension(f"pyjitsi.bridge.plane.native.{name}", [f"pyjitsi/bridge/plane/native/{name}.pyx"], libraries=["crypto"])
    for name in NATIVE
]
for extension in extensions:
    # Python's own flags have -fwrapv nearly everywhere; the plane shifts into the sign and counts on it.
    extension.extra_compile_args = ["-O2", "-fwrapv", "-Wno-unused-function", "-Wno-unreachable-code"]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        compiler_directives={
            "language_level": 3,
            "annotation_typing": False,  # the annotations are Python's; C types are in the .pxd files
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
)
