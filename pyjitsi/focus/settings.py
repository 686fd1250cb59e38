"""What an admin can set of the focus; defaults are Jicofo's."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from pyjitsi.focus.codecs import Codecs
from pyjitsi.focus.declared import DeclaredRoom
from pyjitsi.focus.reservations import ReservationSettings
from pyjitsi.focus.selection import Name
from pyjitsi.settings import Section, ServiceSettings
from pyjitsi.xmpp.settings import ComponentSettings


class IceFailureDetection(Section):
    """A bridge whose participants can't reach it is used like an overloaded one. Jicofo's figures."""

    enabled: bool = Field(default=False, description="Off, as Jicofo's: one bad network of many people looks alike.")
    interval_seconds: float = Field(default=120.0, gt=0, description="Over which requests for new sessions count.")
    min_endpoints: int = Field(default=30, ge=1, description="Of a bridge with fewer, nothing is concluded.")
    threshold: float = Field(default=0.1, gt=0, le=1, description="More than this part of them must have asked.")
    timeout_seconds: float = Field(default=600.0, gt=0, description="For so long it is avoided, from the last time.")


class LoadRedistribution(Section):
    """People are moved off overloaded bridges while others are not. Jicofo's figures."""

    enabled: bool = Field(default=False, description="Off, as Jicofo's: a move is felt.")
    interval_seconds: float = Field(default=60.0, gt=0, description="Between two looks.")
    stress_threshold: float = Field(default=0.9, gt=0, description="Above bridge_stress_threshold, or it never ends.")
    timeout_seconds: float = Field(default=180.0, gt=0, description="Until the same bridge is relieved again.")
    endpoints: int = Field(default=10, ge=1, description="How many are moved at a time.")


class AuthenticationSettings(Section):
    """Only people who log in open rooms, and they moderate them (Jicofo's XMPP authentication)."""

    login_domain: str = Field(description="Where people log in with a password, such as D; guests come by guest.D.")
    guests: bool = Field(default=True, description="Let those without an account into rooms that somebody opened.")
    lifetime_hours: float = Field(
        default=24.0, gt=0, description="For so long a log-in is good for further rooms, as Jicofo's."
    )


class FocusSettings(ServiceSettings):
    """The focus (Jicofo's role)."""

    service: ClassVar[str] = "focus"

    xmpp: ComponentSettings = Field(description="The component focus.D on which clients ask for conferences.")
    rooms_domain: str = Field(description="Where conference rooms are, such as conference.D; others are refused.")
    clients_domain: str = Field(description="Where clients log in, such as D; the HTTP request needs it no more.")
    brewery: str = Field(description="The room in which bridges announce themselves.")
    http_host: str = Field(default="127.0.0.1", description="Health, metrics, conference requests; a proxy is before.")
    http_port: int = Field(default=8888, ge=1, le=65535, description="Jicofo's.")
    min_participants: int = Field(default=2, ge=1, description="Nobody is invited below it; alone needs no bridge.")
    initial_timeout_seconds: float = Field(
        default=15.0, gt=0, description="A conference asked for and joined by nobody ends after this."
    )
    single_participant_timeout_seconds: float = Field(
        default=20.0, gt=0, description="One left alone for this long loses its session; the bridge is freed."
    )
    max_ssrcs_per_user: int = Field(default=20, ge=1, description="Audio and video together; screens included.")
    max_ssrc_groups_per_user: int = Field(default=20, ge=1, description="Three FID and one SIM a camera, and room.")
    restart_min_interval_seconds: float = Field(default=5.0, ge=0, description="Between two restarts of one session.")
    restart_max_per_minute: int = Field(default=5, ge=1, description="Restarts of one session; beyond, it is broken.")
    ice_restart: bool = Field(
        default=True, description="Let clients restart ICE in their session; otherwise they are invited anew."
    )
    reply_timeout_seconds: float = Field(default=15.0, gt=0, description="For every request that the focus sends.")
    max_bridge_participants: int = Field(default=80, ge=1, description="Of one conference on one bridge.")
    health_check_interval_seconds: float = Field(default=10.0, gt=0, description="Of each bridge, by IQ.")
    health_by_presence: bool = Field(
        default=False, description="Judge bridges by what their presence says, rather than ask each."
    )
    presence_timeout_seconds: float = Field(default=45.0, gt=0, description="A bridge silent for longer is unwell.")
    ice_failure_detection: IceFailureDetection = Field(
        default=IceFailureDetection(), description="Avoid bridges that people can't reach."
    )
    load_redistribution: LoadRedistribution = Field(
        default=LoadRedistribution(), description="Move people off overloaded bridges."
    )
    bridge_quarantine_seconds: float = Field(default=60.0, ge=0, description="A bridge that failed is left alone.")
    bridge_selection_strategy: Name = Field(
        default="RegionBasedBridgeSelectionStrategy",
        description="Jicofo's names; Region-based keeps a room on one bridge near its people while that has room.",
    )
    relays: bool = Field(
        default=True, description="Let a room use several bridges; those without a relay_id stay alone in any case."
    )
    local_region: str | None = Field(default=None, description="Of participants who come without a region.")
    region_groups: tuple[tuple[str, ...], ...] = Field(default=(), description="Regions that are near each other.")
    average_participant_stress: float = Field(
        default=0.01, ge=0, description="What one participant adds to a bridge that does not say so itself."
    )
    max_bridge_participants_per_interval: int | None = Field(
        default=None, ge=1, description="Of one conference to one bridge in 20 seconds; unset: any number."
    )
    allow_mixed_versions: bool = Field(default=False, description="Let bridges of several versions share a room.")
    bridge_stress_threshold: float = Field(default=0.8, gt=0, description="From here on a bridge counts as full.")
    auto_owner: bool = Field(default=True, description="The first participant becomes moderator.")
    authentication: AuthenticationSettings | None = Field(
        default=None, description="Accounts with passwords decide who opens rooms and moderates; unset: everybody may."
    )
    rooms: dict[str, DeclaredRoom] = Field(
        default={}, description="Declared rooms by name, as people write it; owners, password, lobby, limits, hours."
    )
    undeclared_rooms: bool = Field(default=True, description="Let people open rooms that are not declared.")
    reservations: ReservationSettings | None = Field(
        default=None, description="A reservation system that is asked about each room that is not declared."
    )
    ssrc_rewriting: bool = Field(
        default=True,
        description="Clients that can are told of others' sources by the bridge, under a few SSRCs; as Jicofo: on.",
    )
    rtp_mid_demux: bool = Field(
        default=True,
        description="With SSRC rewriting, what is sent says its m-line (RFC 8843) to clients that can; as Jicofo: on.",
    )
    codecs: Codecs = Field(default=Codecs(), description="What is offered to clients, as in `jicofo.codec`.")
    sctp: bool = Field(default=False, description="Offer a data channel beside the web-socket, if the bridge can.")
    state_directory: Path | None = Field(
        default=None,
        description="Where running conferences are noted, so that a restart goes on with them; unset: it invites anew.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
