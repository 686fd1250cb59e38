"""Tenants: ``https://host/acme/Room`` is to clients the room ``room@conference.acme.D``, and within the server
``[acme]room@conference.D`` (4-services.md section 1.4). Prosody rewrites what passes it; this is for HTTP.
"""

import re

TENANT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}"


def label(tenant: str) -> str:
    """A tenant of an address as it stands within a domain: lower case, no dots."""
    return tenant.lower().replace(".", "_")


def rooms_domain(domain: str, tenant: str | None) -> str:
    """Where clients of a tenant find their rooms; ``domain`` is the clients'."""
    return f"conference.{domain}" if tenant is None else f"conference.{label(tenant)}.{domain}"


def within(room: str, rooms: str) -> str:
    """A room's address as the server has it; ``rooms`` is where rooms are (``conference.D``)."""
    prefix, _, base = rooms.partition(".")
    node, at, domain = room.partition("@")
    found = re.fullmatch(rf"{re.escape(prefix)}\.([a-z0-9_-]{{1,63}})\.{re.escape(base)}", domain)
    return room if not at or found is None else f"[{found.group(1)}]{node}@{rooms}"
