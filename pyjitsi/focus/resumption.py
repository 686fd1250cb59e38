"""Going on with a conference that an earlier life of the focus began."""

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.cascade import Cascade
from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.placing import Placing
from pyjitsi.focus.record import BridgeRecord, ConferenceRecord, SessionRecord
from pyjitsi.focus.session import Session
from pyjitsi.focus.sources import ConferenceSources, without_simulcast
from pyjitsi.xmpp.stanzas import colibri2


def record_of(
    placing: Placing, start_muted: tuple[int | None, int | None], cascade: Cascade, members: Membership,
    sources: ConferenceSources,
) -> ConferenceRecord:  # fmt: skip
    """What to write down. Offers that were not accepted are left out: those people are invited anew."""
    kept: list[SessionRecord] = []
    for member in members:
        session = member.session
        if session is not None and session.state == "active":
            current = {who: without_simulcast(each) for who, each in sources.others(member.endpoint).items()}
            told = None if session.told == current else dict(session.told)
            kept.append(
                SessionRecord(
                    member.endpoint, member.occupant.jid, session.sid, session.bridge.bridge,
                    sources.of(member.endpoint), member.features, told, session.rewriting,
                )
            )  # fmt: skip
    bridges = tuple(
        BridgeRecord(each.bridge, each.id, each.relay_id, each.region, frozenset(each.endpoints), frozenset(each.links))
        for each in cascade
        if each.created
    )
    return ConferenceRecord(
        placing.room, placing.meeting_id, start_muted, placing.pinned, bridges, tuple(kept), placing.rtcstats
    )


class Resumption:
    """The sessions of a record, each until its participant has been seen; bridges are in ``cascade`` from the start."""

    def __init__(self, record: ConferenceRecord | None, cascade: Cascade) -> None:
        self._sessions: dict[str, SessionRecord] = {}
        self._bridges: dict[str, BridgeSession] = {}
        if record is None:
            return
        self._sessions = {each.endpoint: each for each in record.sessions}
        self._told = {each.endpoint: without_simulcast(each.sources) for each in record.sessions if each.sources}
        for each in record.bridges:
            session = BridgeSession(
                each.bridge, record.meeting_id, record.room, each.relay_id, each.region, rtcstats=record.rtcstats
            )
            session.id, session.created = each.id, True
            session.endpoints, session.links = set(each.endpoints), set(each.links)
            self._bridges[each.bridge] = cascade.sessions[each.bridge] = session

    def resume(self, member: Member, sources: ConferenceSources) -> bool:
        """Give a member its session back, where it is the one who had it."""
        kept = self._sessions.get(member.endpoint)
        bridge = None if kept is None else self._bridges.get(kept.bridge)
        if kept is None or bridge is None or kept.jid is None or kept.jid != member.occupant.jid:
            return False
        del self._sessions[member.endpoint]
        session = Session(bridge)
        session.sid, session.state, session.rewriting = kept.sid, "active", kept.rewriting
        if kept.told is None:
            session.told = {who: each for who, each in self._told.items() if who != member.endpoint}
        else:
            session.told = kept.told
        member.session, member.features = session, kept.features
        sources.restore(member.endpoint, kept.sources)
        return True

    def leftovers(self, members: Membership) -> list[tuple[BridgeSession, str]]:
        """Endpoints that bridges may have and that nobody uses: of those who left meanwhile, and of those whose offer
        was under way. A bridge answers the expiry of an endpoint that it does not have like any other."""
        using = {each.endpoint for each in members if each.session is not None}
        present = {each.endpoint for each in members}
        found: list[tuple[BridgeSession, str]] = []
        for bridge in self._bridges.values():
            unused = (bridge.endpoints | present) - using
            bridge.endpoints |= unused
            found += [(bridge, endpoint) for endpoint in sorted(unused)]
        self._sessions.clear()
        return found


def refresh(member: Member, sources: ConferenceSources) -> colibri2.ConferenceModify | None:
    """Tell the bridge what it should know of a resumed member; its error says that it knows nothing of them."""
    session = member.session
    return None if session is None else session.bridge.update(member.endpoint, sources=sources.of(member.endpoint))
