"""What is written down of a running conference, so that a focus that starts anew can go on with it."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from pyjitsi.xmpp.stanzas.json_sources import EndpointSources

VERSION = 1


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """An accepted Jingle session. ``jid`` is the participant's real address: somebody else may come under its nick.

    ``told`` is what the client knows of others' sources, where that is not everything; with ``rewriting`` it is told of
    them by the bridge.
    """

    endpoint: str
    jid: str | None
    sid: str
    bridge: str
    sources: EndpointSources
    features: frozenset[str] | None = None
    told: dict[str, EndpointSources] | None = None
    rewriting: bool = False


@dataclass(frozen=True, slots=True)
class BridgeRecord:
    """A bridge session: ``endpoints`` and ``links`` as the bridge was asked for them."""

    bridge: str
    id: str
    relay_id: str | None
    region: str | None
    endpoints: frozenset[str]
    links: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConferenceRecord:
    """All of a conference that can't be learnt from presence."""

    room: str
    meeting_id: str
    start_muted: tuple[int | None, int | None] = (None, None)
    pinned: str | None = None
    bridges: tuple[BridgeRecord, ...] = ()
    sessions: tuple[SessionRecord, ...] = ()
    rtcstats: bool = True
    version: int = VERSION


_ADAPTER: TypeAdapter[ConferenceRecord] = TypeAdapter(ConferenceRecord)


def to_json(record: ConferenceRecord) -> bytes:
    """As it is written."""
    return _ADAPTER.dump_json(record, exclude_defaults=True)


def from_json(text: bytes) -> ConferenceRecord:
    """Read it. Raises ValueError: not such a text, or of another version."""
    record = _ADAPTER.validate_json(text)
    if record.version != VERSION:
        raise ValueError(f"a record of version {record.version}, where {VERSION} is known")
    return record
