"""Polls (4-services.md 2.8). Who asks and votes is who sent the stanza, whatever it says (JSA-2022-0004)."""

from typing import Any, cast
from xml.etree.ElementTree import Element

from pyjitsi.rooms.metadata import Metadata
from pyjitsi.rooms.room import FOCUS_NICK, Occupant, Room
from pyjitsi.rooms.services import RoomService, World
from pyjitsi.rooms.untrusted import read
from pyjitsi.xmpp.stanzas.errors import StanzaError

KEY = "polls"
MAX_REQUEST = 1024
MAX_STORED = 100_000


class Polls(RoomService):
    """See the module's text. A room's memory is its polls as ``old-polls`` has them, in order."""

    def __init__(self, world: World, metadata: Metadata) -> None:
        super().__init__(world)
        self._metadata: Metadata = metadata

    def of(self, room: Room) -> list[dict[str, Any]]:
        """A room's polls."""
        return room.data.setdefault(KEY, [])

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """Tell those who came meanwhile."""
        for nick in new:
            self.joined(room, room.occupants[nick])

    def joined(self, room: Room, occupant: Occupant) -> None:
        """Who joins gets the polls there are."""
        if self.of(room) and occupant.nick != FOCUS_NICK:
            message = {"type": "polls", "command": "old-polls", "polls": self.of(room)}
            self.world.actions.tell(room.jid, (occupant.nick,), message)

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """A new poll, or an answer. Raises StanzaError."""
        body = read(request.text, MAX_REQUEST)
        identity = body.get("pollId")
        if body.get("type") != "polls" or not isinstance(identity, str) or not 0 < len(identity) <= 64:
            raise StanzaError("bad-request", "a message about polls has type and pollId")
        match body.get("command"):
            case "new-poll":
                self._create(room, sender, identity, body)
            case "answer-poll":
                self._answer(room, sender, identity, body)
            case _:
                raise StanzaError("bad-request", "polls are asked by new-poll and answered by answer-poll")

    def _create(self, room: Room, sender: Occupant, identity: str, body: dict[str, Any]) -> None:
        polls = self.of(room)
        if self._metadata.permissions(room).get("pollCreationRestricted") and not sender.may("create-polls"):
            raise StanzaError("not-allowed", "polls are the moderators' to make here")
        if any(poll["pollId"] == identity for poll in polls):
            raise StanzaError("not-allowed", "there is a poll of that id")
        if len(polls) >= self.world.settings.max_polls or len(str(polls)) > MAX_STORED:
            raise StanzaError("not-allowed", "this meeting has as many polls as it can hold")
        question, answers = body.get("question"), body.get("answers")
        names = [each.get("name") for each in cast(list[Any], answers) if isinstance(each, dict)] if isinstance(
            answers, list) else []  # fmt: skip
        if not isinstance(question, str) or not question or not all(isinstance(name, str) and name for name in names):
            raise StanzaError("bad-request", "a poll has a question, and answers with names")
        if len(names) < 2 or len(names) != len(cast(list[Any], answers)):
            raise StanzaError("bad-request", "a poll has at least two answers")
        polls.append({
            "pollId": identity, "senderId": sender.nick, "senderName": sender.name or "", "question": question,
            "answers": [{"name": name, "voters": []} for name in names],
        })  # fmt: skip
        self.world.actions.store(room.jid, KEY, polls)
        self.world.actions.tell(room.jid, "all", {
            "type": "polls", "command": "new-poll", "pollId": identity, "senderId": sender.nick,
            "senderName": sender.name or "", "question": question, "answers": [{"name": name} for name in names],
        })  # fmt: skip

    def _answer(self, room: Room, sender: Occupant, identity: str, body: dict[str, Any]) -> None:
        poll = next((each for each in self.of(room) if each["pollId"] == identity), None)
        if poll is None:
            raise StanzaError("item-not-found", "there is no such poll")
        given = body.get("answers")
        if not isinstance(given, list) or len(cast(list[Any], given)) != len(poll["answers"]) or not all(
            isinstance(each, bool) for each in cast(list[Any], given)
        ):  # fmt: skip
            raise StanzaError("bad-request", "an answer says true or false to each of the poll's")
        votes = cast(list[bool], given)
        before = [any(voter["id"] == sender.nick for voter in answer["voters"]) for answer in poll["answers"]]
        if before == votes:
            return
        for answer, vote in zip(poll["answers"], votes):
            answer["voters"] = [voter for voter in answer["voters"] if voter["id"] != sender.nick]
            if vote:
                answer["voters"].append({"id": sender.nick, "name": sender.name or ""})
        self.world.actions.store(room.jid, KEY, self.of(room))
        self.world.actions.tell(room.jid, "all", {
            "type": "polls", "command": "answer-poll", "pollId": identity, "senderId": sender.nick,
            "senderName": sender.name or "", "answers": votes,
        })  # fmt: skip
