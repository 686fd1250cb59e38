"""What an admin can set of a bridge."""

from typing import ClassVar, Literal

from pydantic import Field, IPvAnyAddress, NonNegativeInt, PositiveInt, field_validator

from pyjitsi.bridge.mappings import split_server
from pyjitsi.settings import Section, ServiceSettings
from pyjitsi.xmpp.settings import ClientSettings


class StaticMapping(Section):
    """A public address in front of a local one (NAT)."""

    local_address: IPvAnyAddress = Field(description="The address on this machine.")
    public_address: IPvAnyAddress = Field(description="What clients must send to.")
    public_port: int | None = Field(default=None, ge=1, le=65535, description="If NAT changes the port too.")


class BridgeSettings(ServiceSettings):
    """The bridge (JVB's role)."""

    service: ClassVar[str] = "bridge"

    xmpp: ClientSettings = Field(description="The account with which the bridge enters the brewery.")
    brewery: str = Field(
        pattern=r"^[^@/]+@[^@/]+$",
        description="The room in which bridges announce themselves, such as jvbbrewery@internal.auth.D.",
    )
    nickname: str = Field(default="jvb", min_length=1, description="Unique per bridge; its address in the brewery.")
    udp_port: int = Field(default=10000, ge=1, le=65535, description="Media of all clients; 10000 is Jitsi's.")
    bind_addresses: tuple[IPvAnyAddress, ...] = Field(
        default=(), description="Addresses to take media on; empty takes all that the machine has at the start."
    )
    static_mappings: tuple[StaticMapping, ...] = Field(
        default=(), description="Public addresses of NAT, as candidates."
    )
    stun_servers: tuple[str, ...] = Field(
        default=(),
        description="Asked from the media port which public address NAT gives it, as host or host:port; none, as JVB.",
    )
    stun_interval_seconds: float = Field(
        default=300.0, ge=10, description="Between two questions; home connections change their address now and then."
    )
    require_stun: bool = Field(
        default=False, description="Count as unwell until a STUN server has answered, as JVB's health.require-stun."
    )
    advertise_private: bool = Field(default=True, description="Offer private addresses too; on a LAN they are all.")
    advertise_loopback: bool | None = Field(
        default=None, description="Offer loopback addresses; unset offers them only where there is no other."
    )
    websocket_base: str = Field(
        default="ws://localhost:8080/colibri-ws",
        pattern=r"^wss?://",
        description="Where clients reach the bridge channel, through the web server; the server id follows.",
    )
    server_id: str = Field(default="jvb", pattern=r"^[A-Za-z0-9_.-]+$", description="This bridge in that address.")
    http_host: str = Field(
        default="127.0.0.1", description="Health, metrics and bridge channel; a proxy stands before."
    )
    http_port: int = Field(default=9090, ge=1, le=65535, description="As JVB's examples have it.")
    region: str | None = Field(default=None, description="Where this bridge is, for the focus's choice.")
    relay_id: str | None = Field(default=None, description="Identity among bridges; unset: one bridge a room.")
    relay_websocket_base: str | None = Field(
        default=None,
        pattern=r"^wss?://",
        description="Where other bridges reach the bridge channel; unset: beside the clients', at /colibri-relay-ws.",
    )
    max_endpoints: int = Field(default=500, ge=1, description="Refuse more than this many; keeps memory bounded.")
    max_video_ssrcs: int = Field(
        default=50, ge=1, le=500, description="Video SSRCs of a client with SSRC rewriting; more people take turns."
    )
    max_audio_ssrcs: int = Field(default=50, ge=1, le=500, description="Its audio SSRCs, likewise; 50 are JVB's.")
    loudest_only: bool = Field(
        default=False, description="Forward the loudest voices alone: less to send in meetings of many. As JVB: off."
    )
    loudest: int = Field(default=3, ge=1, le=16, description="How many those are, beside the dominant speaker; JVB's.")
    max_endpoint_packets: int = Field(
        default=4000, ge=100,
        description="Taken of one client in a second, the rest is dropped unopened; camera and screen are 1,500.",
    )  # fmt: skip
    max_endpoint_bitrate: int = Field(
        default=20_000_000, ge=100_000,
        description="The same in bit/s; a camera in three sizes and a screen take 8 Mbit/s at the most.",
    )  # fmt: skip
    ice_restart: bool = Field(
        default=True, description="Let clients whose network changed restart ICE in their session; else they rejoin."
    )
    start_bitrate: int = Field(default=2_500_000, ge=30_000, description="Downlink assumed before feedback, bit/s.")
    conference_last_n_limits: dict[PositiveInt, NonNegativeInt] = Field(
        default={},
        description="The most videos for each receiver by a meeting's size in sources: { 20 = 10 } from twenty on.",
    )
    reduce_load: bool = Field(
        default=False, description="Give each receiver fewer videos while stress is 1 or more; by a quarter a minute."
    )
    drain_seconds: float = Field(
        default=3600.0, ge=0, description="How long a bridge that is to end waits for its meetings; most are over then."
    )
    initial_drain: bool = Field(
        default=False, description="Begin by asking for others to be preferred, until /colibri/drain/disable."
    )
    sticky_health: bool = Field(
        default=False, description="A self-test that failed after the first five minutes counts until a restart."
    )
    colibri_http: bool = Field(
        default=False, description="Take COLIBRI2 over HTTP too, from this machine; a focus needs it not."
    )
    generation: str | None = Field(
        default=None, description="What is installed, as the NixOS module names it; `pyjitsi handover` compares it."
    )
    plane: Literal["compiled", "interpreted"] = Field(
        default="compiled", description="What forwards packets; the interpreted one is for debugging, and slow."
    )
    plane_threads: int | None = Field(
        default=None, ge=1, le=64,
        description="Threads that forward packets; meetings are spread over them. Unset: one a core, 16 at most.",
    )  # fmt: skip

    @field_validator("stun_servers")
    @classmethod
    def _servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            split_server(each)
        return value

    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
