"""The state folder: secrets made at the first start, certificates, and each service's settings file."""

import fcntl
import ipaddress
import os
import random
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyjitsi.private_file import write_whole
from pyjitsi.service import StartError

CERTIFICATE_DAYS = 397


PRIVATE_PORTS = range(15_000, 30_000)  # below what kernels give to outgoing connections (ip_local_port_range)


class State:
    """One folder; everything secret in it has mode 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path = folder.absolute()
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder and lock it. Raises StartError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            (self.folder / "prosody").mkdir(exist_ok=True, mode=0o700)
            (self.folder / "run").mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise StartError(
                f"the state folder {self.folder} can't be written: {error.strerror}; name another with --state"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"another pyjitsi runs on {self.folder}; stop it, or name another folder with --state"
            ) from None

    def write(self, name: str, text: str) -> Path:
        """Write a file of mode 0600, whole or not at all."""
        path = self.folder / name
        write_whole(path, text.encode())
        return path

    def secret(self, name: str) -> str:
        """A secret, made at the first call and kept."""
        path = self.folder / f"{name}.secret"
        if not path.exists():
            self.write(path.name, secrets.token_urlsafe(32) + "\n")
        return path.read_text().strip()

    def certificate(self, host: str) -> tuple[Path, Path]:
        """A self-signed certificate for a host name or address, made anew when it nears its end or the name changes."""
        certificate, key = self.folder / "certificate.pem", self.folder / "certificate.key"
        if certificate.exists() and key.exists():
            known = x509.load_pem_x509_certificate(certificate.read_bytes())
            names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            held = {str(name.value) for name in names}
            if host in held and known.not_valid_after_utc - datetime.now(UTC) > timedelta(days=30):
                return certificate, key
        private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        now = datetime.now(UTC)
        alternatives = [_general_name(each) for each in dict.fromkeys((host, "localhost", "127.0.0.1"))]
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(private, hashes.SHA256())
        )
        self.write(certificate.name, made.public_bytes(serialization.Encoding.PEM).decode())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.write(key.name, pem.decode())
        return certificate, key


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A free port on loopback, for services that only we talk to. Raises StartError.

    Not one that the kernel would give: those are for outgoing connections too, and one of ours might get it before the
    service opens it.
    """
    for port in random.sample(PRIVATE_PORTS, 100):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartError(f"no free port from {PRIVATE_PORTS.start} to {PRIVATE_PORTS.stop - 1} on 127.0.0.1")


def to_toml(values: Mapping[str, Any]) -> str:
    """Settings as TOML: texts, numbers, booleans, lists of them, and tables."""
    plain = [f"{key} = {_value(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    tables = [(key, value) for key, value in values.items() if isinstance(value, Mapping)]
    lines = plain + [f"{key} = {_inline(value)}" for key, value in tables]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return "[" + ", ".join(_value(each) for each in value) + "]"
        case dict():
            return _inline(value)
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{text}"'


def _inline(table: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{_key(key)} = {_value(value)}" for key, value in table.items()) + " }"


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _value(key)
