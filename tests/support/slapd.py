"""A real OpenLDAP server for tests: a directory of a few people, StartTLS, a bind account."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pyjitsi.up.state import free_port
from tests.support.certificates import certificate

MISSING = "no OpenLDAP server on this machine; install the packages slapd and ldap-utils"
BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
STAFF = f"cn=staff,ou=groups,{BASE}"
BIND_DN = f"cn=meet,{BASE}"
BIND_PASSWORD = "bind pass"

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
{extra}
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
directory {folder}/data
# People prove their password, the bind account alone looks around.
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{bind_dn}" read by * none
"""

ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: {BIND_DN}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: meet
userPassword: {BIND_PASSWORD}

dn: uid=ada,{PEOPLE}
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: ada@example.org
userPassword: ada pass

dn: uid=bob,{PEOPLE}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Bob
mail: bob@example.org
employeeType: external
userPassword: bob pass

dn: cn=O'Brien\\, Zoë (sales)*,{PEOPLE}
objectClass: inetOrgPerson
uid: zoe*
cn: O'Brien, Zoë (sales)*
sn: O'Brien
mail: zoe@example.org
userPassword: zoë pässword

dn: uid=twin,{PEOPLE}
objectClass: inetOrgPerson
uid: twin
cn: First
sn: Twin
userPassword: twin pass

dn: cn=second twin,{PEOPLE}
objectClass: inetOrgPerson
uid: twin
cn: second twin
sn: Twin
userPassword: twin pass

dn: {STAFF}
objectClass: groupOfNames
cn: staff
member: uid=ada,{PEOPLE}

dn: cn=posix,ou=groups,{BASE}
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: bob
"""


def executable() -> str | None:
    """The server's program."""
    return shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/libexec")


@dataclass
class Slapd:
    """One running server. Its certificate is for 127.0.0.1; at ``other_url`` it is another's."""

    folder: Path
    extra: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self, timeout: float = 20.0) -> None:
        """Write everything and start. Raises AssertionError with the log."""
        (self.folder / "data").mkdir(parents=True)
        self.certificate: Path = certificate(self.folder, "127.0.0.1")
        config = self.folder / "slapd.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder, certificate=self.certificate, base=BASE, bind_dn=BIND_DN, extra=self.extra
            )
        )
        entries = self.folder / "entries.ldif"
        entries.write_text(_ldif(ENTRIES))
        program = executable()
        assert program is not None, MISSING
        added = subprocess.run(
            [program, "-Tadd", "-f", str(config), "-l", str(entries)], capture_output=True, text=True, check=False
        )
        assert added.returncode == 0, added.stderr
        self.port: int = free_port(socket.SOCK_STREAM)
        self.tls_port: int = free_port(socket.SOCK_STREAM)
        self.launch(timeout)

    def launch(self, timeout: float = 20.0) -> None:
        """Start on what was written, also again after ``kill``."""
        program = executable()
        assert program is not None, MISSING
        urls = f"ldap://127.0.0.1:{self.port} ldap://127.0.0.2:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        with (self.folder / "slapd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-d", "0", "-f", str(self.folder / "slapd.conf"), "-h", urls], stdout=log, stderr=log
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"slapd didn't start:\n{(self.folder / 'slapd.log').read_text()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tls_port)) == 0

    @property
    def url(self) -> str:
        """Plain, for StartTLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def other_url(self) -> str:
        """The same server at an address that its certificate doesn't name."""
        return f"ldap://127.0.0.2:{self.port}"

    @property
    def tls_url(self) -> str:
        """TLS from the first byte."""
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def freeze(self) -> None:
        """Let it answer nothing more; its kernel still takes connections."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after ``freeze``."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the server."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process = None


def _ldif(text: str) -> str:
    """LDIF wants base64 for what is beyond ASCII (RFC 2849)."""

    lines: list[str] = []
    for line in text.strip().splitlines():
        name, colon, value = line.partition(": ")
        if colon and not value.isascii():
            line = f"{name}:: {base64.b64encode(value.encode()).decode()}"
        lines.append(line)
    return "\n".join(lines) + "\n"
