"""Bad input against a running server: refused as its protocol says, counted, and nobody else in the room notices."""

import asyncio
import json
import socket
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.xmpp.stanzas import ice_udp, ssma
from tests.scenario.meeting.conftest import Connect, Invite
from tests.support.jingle_sdp import JINGLE, LocalSources, Offer, accept
from tests.support.participant import JITMEET, Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import Refused, XmppClient

FINGERPRINT = ice_udp.Fingerprint("sha-256", ":".join(["AB"] * 32), "active")
TRANSPORT = ice_udp.IceUdpTransport(ufrag="ufrag123", pwd="password0of024characters", fingerprints=(FINGERPRINT,))


class Company:
    """Two who meet, and whose meeting must go on."""

    def __init__(self, one: Participant, two: Participant) -> None:
        self.one: Participant = one
        self.two: Participant = two

    async def goes_on(self) -> None:
        """Both still hear and see each other."""
        for listener, other in ((self.one, self.two), (self.two, self.one)):
            assert other.mine is not None
            heard, seen = len(listener.received[other.mine.audio]), len(listener.received[other.mine.video])
            await listener.until(
                lambda a=listener, b=other.mine, h=heard, s=seen: (
                    len(a.received[b.audio]) > h + 10 and len(a.received[b.video]) > s + 5
                ),
                f"more of {other.nick}",
            )
        assert self.one.offers == self.two.offers == 1


@pytest.fixture
async def company(invite: Invite, room: str) -> Company:
    one, two = await invite(room), await invite(room)
    await one.until(lambda: one.sees(two) and two.sees(one), "each other")
    return Company(one, two)


async def refusal(person: Participant, payload: Element) -> Refused:
    with pytest.raises(Refused) as caught:
        await person.client.iq(person.focus, payload)
    return caught.value


async def offered(invite: Invite, room: str) -> tuple[Participant, Offer]:
    """Somebody who was offered a session and has not answered."""
    person = await invite(room, answers=False)
    await person.until(lambda: person.offer is not None, "an offer")
    assert person.offer is not None
    return person, person.offer


def answer(person: Participant, offer: Offer, transport: ice_udp.IceUdpTransport, sources: LocalSources) -> Element:
    return accept(offer, person.nick, person.focus, person.client.jid, transport, sources)


async def test_somebody_elses_ssrc_is_refused(
    company: Company, invite: Invite, room: str, server: MeetingServer
) -> None:
    before = server.metric("focus", "pyjitsi_focus_refused_total", what="jingle", reason="bad-request")
    thief, offer = await offered(invite, room)
    assert company.one.mine is not None
    stolen = answer(thief, offer, TRANSPORT, LocalSources(company.one.mine.audio, 4_000_001, None))
    error = await refusal(thief, stolen)
    assert error.condition == "bad-request"
    assert f"SSRC is already used: {company.one.mine.audio}." in str(error)
    await company.goes_on()
    assert server.metric("focus", "pyjitsi_focus_refused_total", what="jingle", reason="bad-request") == before + 1


async def test_somebody_elses_source_name_is_refused(company: Company, invite: Invite, room: str) -> None:
    thief, offer = await offered(invite, room)
    payload = answer(thief, offer, TRANSPORT, LocalSources(4_100_001, 4_100_002, None))
    for source in payload.iter(f"{{{ssma.NS}}}source"):
        source.set("name", f"{company.one.nick}-a0")
    error = await refusal(thief, payload)
    assert (error.condition, "does not belong to" in str(error)) == ("bad-request", True)
    await company.goes_on()


async def test_ten_thousand_ssrcs_are_refused(company: Company, invite: Invite, room: str) -> None:
    greedy, offer = await offered(invite, room)
    payload = answer(greedy, offer, TRANSPORT, LocalSources(4_200_001, 4_200_002, None))
    crowd = [{"s": 5_000_000 + number} for number in range(10_000)]
    text = json.dumps({"sources": {greedy.nick: [[], [], crowd]}}, separators=(",", ":"))
    SubElement(payload, f"{{{JITMEET}}}json-message").text = text
    assert (await refusal(greedy, payload)).condition == "bad-request"
    await company.goes_on()


async def test_an_answer_without_fingerprint_is_refused(company: Company, invite: Invite, room: str) -> None:
    person, offer = await offered(invite, room)
    bare = replace(TRANSPORT, fingerprints=())
    error = await refusal(person, answer(person, offer, bare, LocalSources(4_300_001, 4_300_002, None)))
    assert (error.condition, "no DTLS fingerprint" in str(error)) == ("bad-request", True)
    await company.goes_on()


async def test_a_wrong_fingerprint_gets_no_media(company: Company, invite: Invite, room: str) -> None:
    liar = await invite(room, lies_about_fingerprint=True)
    await liar.until(lambda: liar.pc is not None and liar.pc.connectionState in ("failed", "closed"), "the end of DTLS")
    await company.goes_on()
    assert sum(map(len, liar.received.values())) == 0


async def test_jingle_from_outside_the_room_is_refused(
    company: Company, connect: Connect, room: str, server: MeetingServer
) -> None:
    outsider = await connect()
    jingle = Element(f"{{{JINGLE}}}jingle", action="session-terminate", sid="x")
    with pytest.raises(Refused) as through_the_room:
        await outsider.iq(f"{room}/focus", jingle)
    assert through_the_room.value.condition == "not-acceptable"
    with pytest.raises(Refused) as directly:
        await outsider.iq("focus@focus.localhost/focus", jingle)
    assert directly.value.condition == "forbidden"
    assert server.metric("focus", "pyjitsi_focus_refused_total", what="jingle", reason="forbidden") >= 1
    await company.goes_on()


async def test_colibri_from_outside_the_brewery_is_refused(company: Company, connect: Connect) -> None:
    outsider: XmppClient = await connect()
    modify = Element("{jitsi:colibri2}conference-modify", {"meeting-id": "stolen", "create": "true"})
    for address in ("jvbbrewery@internal.auth.localhost/jvb", "jvb@auth.localhost"):
        with pytest.raises(Refused) as refused:
            await outsider.iq(address, modify, kind="get")
        assert refused.value.condition in ("forbidden", "not-acceptable", "service-unavailable")
    await company.goes_on()


async def test_messages_that_are_not_json_as_it_should_be_are_counted_and_the_channel_stays(
    company: Company, server: MeetingServer
) -> None:
    def refused(reason: str) -> float:
        return server.metric("bridge", "pyjitsi_bridge_refused_total", what="channel", reason=reason)

    before = refused("duplicate-key")
    await company.one.tell_bridge('{"colibriClass":"LastNChangedEvent","lastN":1,"lastN":2}')
    await company.one.until(lambda: refused("duplicate-key") == before + 1, "the count")
    await company.goes_on()


async def test_a_megabyte_on_the_bridge_channel_hurts_nobody_else(company: Company) -> None:
    await company.two.tell_bridge('{"colibriClass":"EndpointStats","x":"' + "y" * 2**20 + '"}')
    await asyncio.sleep(0.3)
    await company.goes_on()


async def test_dtls_from_an_address_that_ice_never_validated_is_dropped(
    company: Company, server: MeetingServer
) -> None:
    def dropped() -> float:
        return server.metric("bridge", "pyjitsi_bridge_dropped_total", reason="dtls-unvalidated")

    before = dropped()
    hello = bytes.fromhex("16fefd0000000000000000000c0100000000000000000000000000")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(5):
            stranger.sendto(hello, ("127.0.0.1", server.settings("bridge")["udp_port"]))
        await company.one.until(lambda: dropped() == before + 5, "the count")
        stranger.settimeout(0.2)
        with pytest.raises(TimeoutError):
            stranger.recv(2000)
    await company.goes_on()
