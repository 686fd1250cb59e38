"""Messages between bridges (2-colibri.md section 4.6); JVB drops a message with a field that it does not know."""

from dataclasses import dataclass

from pyjitsi.bridge.messages import MessageError, build, fields_of, height_of, text_of

OTHER_TYPES = {"camera": "CAMERA", "desktop": "DESKTOP", "desktop_high_fps": "DESKTOP_HIGH_FPS",
               "disabled": "DISABLED", "none": "NONE"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AddReceiver:
    """The other bridge's receivers need at most this of a source; 0 withdraws, -1 is unlimited."""

    source: str
    height: int


@dataclass(frozen=True, slots=True)
class RelayedVideoType:
    """What a source behind the other bridge shows."""

    endpoint: str
    source: str
    video_type: str


@dataclass(frozen=True, slots=True)
class RelayedMessage:
    """An endpoint's message to one of ours, or to all (""); the first bridge has set who it is from."""

    sender: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class RelayedStats:
    """An endpoint's quality figures."""

    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Whether anything arrives from an endpoint behind the other bridge."""

    endpoint: str
    active: bool


@dataclass(frozen=True, slots=True)
class Hello:
    """A greeting; ``wants_answer`` for a ClientHello."""

    wants_answer: bool


RelayMessage = AddReceiver | RelayedVideoType | RelayedMessage | RelayedStats | Connectivity | Hello


def parse(text: str) -> RelayMessage | None:
    """Another bridge's message; None for a class without use here. Raises MessageError."""
    fields = fields_of(text)
    match fields.get("colibriClass"):
        case "AddReceiver":
            return AddReceiver(
                text_of(fields, "sourceName"), height_of(fields.get("videoConstraints"), "videoConstraints")
            )
        case "SourceVideoTypeMessage":
            kind = text_of(fields, "videoType").lower()
            return RelayedVideoType(text_of(fields, "endpointId"), text_of(fields, "sourceName"), kind)
        case "EndpointMessage":
            return RelayedMessage(text_of(fields, "from"), (fields.get("to") and text_of(fields, "to")) or "", text)
        case "EndpointStats":
            return RelayedStats(text_of(fields, "from"), text)
        case "EndpointConnectivityStatusChangeEvent":
            return Connectivity(text_of(fields, "endpoint"), text_of(fields, "active") == "true")
        case "ClientHello" | "ServerHello" as name:
            return Hello(name == "ClientHello")
        case str():
            return None
        case _:
            raise MessageError("no-class", "the message has no colibriClass")


def add_receiver(relay_id: str, source: str, height: int) -> str:
    """What our receivers need of a source; ``relay_id`` is ours."""
    limits = {"maxHeight": height, "maxFrameRate": -1.0}
    return build("AddReceiver", bridgeId=relay_id, sourceName=source, videoConstraints=limits)


def video_type(endpoint: str, source: str, kind: str) -> str:
    """What one of our sources shows."""
    return build("SourceVideoTypeMessage", videoType=OTHER_TYPES.get(kind, "CAMERA"), sourceName=source,
                  endpointId=endpoint)  # fmt: skip
