"""One Jingle session with one participant: where it stands, and what its client has been told of others' sources."""

import secrets
from collections import deque
from collections.abc import Mapping
from typing import Literal

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.sources import minus, without_simulcast
from pyjitsi.xmpp.stanzas.colibri2 import ForceMute
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources

State = Literal["inviting", "pending", "active", "ended"]


class Session:
    """States: inviting (a bridge is asked), pending (offered), active (accepted), ended."""

    def __init__(self, bridge: BridgeSession) -> None:
        self.sid: str = secrets.token_hex(8)
        self.bridge: BridgeSession = bridge
        self.state: State = "inviting"
        self.rewriting: bool = False  # the bridge tells the client of others' sources
        self.told: dict[str, EndpointSources] = {}
        self.forced: ForceMute = ForceMute(False, False)  # as the bridge was told
        self.ice_generation: int = 0  # of the last restart in place that the client was told of

    def offer(self, others: Mapping[str, EndpointSources]) -> Mapping[str, EndpointSources]:
        """What the offer tells of others' sources; noted as told."""
        if not self.rewriting:
            self.told = {owner: without_simulcast(each) for owner, each in others.items()}
        return self.told

    def difference(
        self, current: Mapping[str, EndpointSources]
    ) -> tuple[dict[str, EndpointSources], dict[str, EndpointSources]]:
        """What to take from the client and what to add, so that it knows ``current``; noted as told.

        Nothing is told before the accept; what changed meanwhile is told then.
        """
        removed: dict[str, EndpointSources] = {}
        added: dict[str, EndpointSources] = {}
        if self.state != "active" or self.rewriting:
            return removed, added
        for owner in {*self.told, *current}:
            before, after = self.told.get(owner, EndpointSources()), current.get(owner, EndpointSources())
            if before is after:
                continue  # nearly always, and quicker than to compare
            gone, new = minus(before, after), minus(after, before)
            if gone:
                removed[owner] = gone
            if new:
                added[owner] = new
        self.told = dict(current)
        return removed, added

    def forget(self, owner: str) -> None:
        """A participant left the room: clients drop its sources by themselves."""
        self.told.pop(owner, None)


class RestartLimit:
    """How often one participant may ask for a new session."""

    def __init__(self, min_interval: float, max_per_minute: int) -> None:
        self._min_interval: float = min_interval
        self._times: deque[float] = deque(maxlen=max_per_minute)

    def allow(self, now: float) -> bool:
        """Whether a restart may be had now; noted if so."""
        if self._times and now - self._times[-1] < self._min_interval:
            return False
        if len(self._times) == self._times.maxlen and now - self._times[0] < 60.0:
            return False
        self._times.append(now)
        return True
