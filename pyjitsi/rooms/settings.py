"""What an admin can set of the room services."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from pyjitsi.rooms.auth.settings import AuthSettings
from pyjitsi.settings import ServiceSettings
from pyjitsi.xmpp.settings import ComponentSettings


class RoomsSettings(ServiceSettings):
    """The room services (Jitsi's Prosody modules)."""

    service: ClassVar[str] = "rooms"

    xmpp: ComponentSettings = Field(description="The component rooms.D; its secret is the one of the verdicts too.")
    clients_domain: str = Field(description="Where clients log in, such as D.")
    rooms_domain: str = Field(description="Where conference rooms are, such as conference.D.")
    breakout_domain: str = Field(description="Where breakout rooms are, such as breakout.D.")
    lobby_domain: str = Field(description="Where people wait to be let in, such as lobby.D.")
    http_host: str = Field(default="127.0.0.1", description="Verdicts for Prosody, health, metrics.")
    http_port: int = Field(default=8890, ge=1, le=65535, description="Of that; beside the focus's 8888.")
    max_breakout_rooms: int = Field(default=50, ge=1, description="Of one meeting; more than anybody oversees.")
    breakout_closing_seconds: float = Field(
        default=5.0, gt=0, description="All of a meeting's rooms end this long after the last person left, as Jitsi's."
    )
    max_polls: int = Field(default=128, ge=1, description="Of one meeting, as Jitsi's.")
    state_directory: Path | None = Field(
        default=None,
        description="Where it is noted who is logged in, and the secret of the room tokens; unset: a restart logs "
        "everybody out.",
    )
    auth: AuthSettings = Field(default=AuthSettings(), description="Who may enter; unset: everybody.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
