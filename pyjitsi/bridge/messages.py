"""Bridge-channel messages: JSON objects with a ``colibriClass``, from clients strictly parsed, to clients built."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pyjitsi.bridge.slots import Slot

MAX_BYTES = 65_536
MAX_NAMES = 500
MAX_HEIGHT = 100_000


class MessageError(ValueError):
    """A message that can't be taken; ``reason`` is short, for a metric, the text is for people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason: str = reason


@dataclass(frozen=True, slots=True)
class ReceiverVideoConstraints:
    """What a receiver wants to see; None is "unchanged". Heights are pixels, -1 unlimited, 0 off."""

    last_n: int | None = None
    selected: tuple[str, ...] | None = None
    on_stage: tuple[str, ...] | None = None
    default_height: int | None = None
    heights: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class AudioSubscription:
    """What a receiver wants to hear."""

    everything: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def wants(self, source: str) -> bool:
        """Whether a source is among it."""
        return source not in self.exclude and (self.everything or source in self.include)


@dataclass(frozen=True, slots=True)
class VideoType:
    """What a source shows: camera, desktop, desktop_high_fps, none or disabled."""

    source: str | None
    video_type: str


@dataclass(frozen=True, slots=True)
class EndpointMessage:
    """A message of the application's to one endpoint, or to all ("")."""

    to: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """Quality figures for the others."""

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClientHello:
    """A test of the channel."""


Message = (
    ReceiverVideoConstraints | AudioSubscription | VideoType | EndpointMessage | EndpointStats | ClientHello
)  # fmt: skip


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageError("duplicate-key", "the message has a key twice")
    return found


def _refuse_constant(text: str) -> Any:
    raise MessageError("json", f"{text} is not JSON")


def _finite(text: str) -> float:
    """A number as others can read it again: 1e999 would be forwarded as Infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise MessageError("json", f"the number {text[:20]} is too large")
    return value


def parse(text: str | bytes) -> Message | None:
    """A client's message; None for a class that this bridge has no use for. Raises MessageError."""
    fields = fields_of(text)
    match fields.get("colibriClass"):
        case "ReceiverVideoConstraints":
            return _constraints(fields)
        case "LastNChangedEvent":
            return ReceiverVideoConstraints(last_n=_integer(fields, "lastN", -1))
        case "ReceiverAudioSubscription":
            return _audio(fields)
        case "SourceVideoTypeMessage":
            return VideoType(text_of(fields, "sourceName"), text_of(fields, "videoType").lower())
        case "VideoTypeMessage":
            return VideoType(None, text_of(fields, "videoType").lower())
        case "EndpointMessage":
            return EndpointMessage(text_of(fields, "to"), fields)
        case "EndpointStats":
            return EndpointStats(fields)
        case "ClientHello":
            return ClientHello()
        case str():
            return None
        case _:
            raise MessageError("no-class", "the message has no colibriClass")


def fields_of(text: str | bytes) -> dict[str, Any]:
    """The fields of a message, strictly parsed. Raises MessageError."""
    if len(text) > MAX_BYTES:
        raise MessageError("too-long", f"a message of {len(text)} characters is longer than {MAX_BYTES}")
    try:
        body = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant, parse_float=_finite)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError("json", f"the message is not JSON: {error}") from None
    except ValueError as error:  # numbers of too many digits
        if isinstance(error, MessageError):
            raise
        raise MessageError("json", f"the message is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise MessageError("json", "the message is not an object")
    return cast(dict[str, Any], body)


def _wrong(name: str, what: str) -> MessageError:
    return MessageError("field", f"{name} is not {what}")


def text_of(fields: dict[str, Any], name: str) -> str:
    """A short text field. Raises MessageError."""
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > 256:
        raise _wrong(name, "a short text")
    return value


def _integer(fields: dict[str, Any], name: str, low: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= MAX_HEIGHT:
        raise _wrong(name, f"an integer of {low} to {MAX_HEIGHT}")
    return value


def _names(fields: dict[str, Any], name: str) -> tuple[str, ...] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(cast(list[Any], value)) > MAX_NAMES:
        raise _wrong(name, f"a list of at most {MAX_NAMES}")
    names = cast(list[Any], value)
    if not all(isinstance(each, str) and len(each) <= 256 for each in names):
        raise _wrong(name, "a list of names")
    return tuple(names)


def height_of(value: Any, name: str) -> int:
    """The height of a constraint object; no frames at all is 0. Raises MessageError."""
    if not isinstance(value, dict):
        raise _wrong(name, "an object")
    fields = cast(dict[str, Any], value)
    rate = fields.get("maxFrameRate", -1)
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise _wrong("maxFrameRate", "a number")
    return 0 if rate == 0 else _integer(fields, "maxHeight", -1)


def _constraints(fields: dict[str, Any]) -> ReceiverVideoConstraints:
    heights = fields.get("constraints")
    found: dict[str, int] | None = None
    if heights is not None:
        if not isinstance(heights, dict) or len(cast(dict[str, Any], heights)) > MAX_NAMES:
            raise _wrong("constraints", f"an object of at most {MAX_NAMES}")
        found = {name: height_of(each, "constraints") for name, each in cast(dict[str, Any], heights).items()}
    default = fields.get("defaultConstraints")
    return ReceiverVideoConstraints(
        last_n=_integer(fields, "lastN", -1) if fields.get("lastN") is not None else None,
        selected=_names(fields, "selectedSources"),
        on_stage=_names(fields, "onStageSources"),
        default_height=None if default is None else height_of(default, "defaultConstraints"),
        heights=found,
    )


def _audio(fields: dict[str, Any]) -> AudioSubscription:
    mode = fields.get("mode")
    if isinstance(mode, str):  # the older form
        names = _names(fields, "list") or ()
        return AudioSubscription(
            everything=mode.lower() in ("all", "exclude"),
            include=names if mode.lower() == "include" else (),
            exclude=names if mode.lower() == "exclude" else (),
        )
    everything = fields.get("all", False)
    if not isinstance(everything, bool):
        raise _wrong("all", "true or false")
    return AudioSubscription(everything, _names(fields, "include") or (), _names(fields, "exclude") or ())


def build(colibri_class: str, **fields: Any) -> str:
    """A message of a class."""
    return json.dumps({"colibriClass": colibri_class, **fields}, separators=(",", ":"))


def server_hello(version: str) -> str:
    """First message on a web-socket, and the answer to a ClientHello."""
    return build("ServerHello", version=version)


def dominant_speaker(endpoint: str, previous: Sequence[str]) -> str:
    """Who speaks, and who did before, latest first."""
    return build(
        "DominantSpeakerEndpointChangeEvent",
        dominantSpeakerEndpoint=endpoint,
        previousSpeakers=list(previous),
        silence=False,
    )


def connectivity(endpoint: str, active: bool) -> str:
    """Whether anything arrives from an endpoint; clients compare with the text "true"."""
    return build("EndpointConnectivityStatusChangeEvent", endpoint=endpoint, active="true" if active else "false")


def forwarded_sources(names: Sequence[str]) -> str:
    """The complete set of video sources that the receiver is sent."""
    return build("ForwardedSources", forwardedSources=list(names))


def source_map(media: str, slots: Sequence[Slot], video_types: Mapping[str, str]) -> str:
    """What is sent under the SSRCs of slots from now on (``VideoSourcesMap``, ``AudioSourcesMap``)."""
    mapped: list[dict[str, str | int]] = []
    for slot in slots:
        entry: dict[str, str | int] = {"source": slot.source, "owner": slot.owner, "ssrc": slot.ssrc}
        if media == "video":
            entry |= {"rtx": slot.rtx_ssrc, "videoType": video_types.get(slot.source, "camera").upper()}
        if slot.mid:
            entry["mid"] = slot.mid
        mapped.append(entry)
    return build("VideoSourcesMap" if media == "video" else "AudioSourcesMap", mappedSources=mapped)


def sender_constraints(source: str, height: int) -> str:
    """The tallest layer that anybody wants of the receiver's own source; 0: nobody watches."""
    return build("SenderSourceConstraints", sourceName=source, maxHeight=height)


def connection_stats(bitrate: int) -> str:
    """The estimated downlink in bit/s."""
    return build("ConnectionStats", estimatedDownlinkBandwidth=bitrate)


def forwarded(body: dict[str, Any], sender: str) -> str:
    """An endpoint's message or figures as others get them. Raises MessageError."""
    try:
        return json.dumps({**body, "from": sender}, separators=(",", ":"))
    except RecursionError:
        raise MessageError("json", "the message is nested too deep to be passed on") from None
