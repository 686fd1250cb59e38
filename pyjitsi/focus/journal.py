"""The focus's journal: a file for each running conference. It is the only state that a service of ours keeps.

Without it a focus that was killed would find rooms full of people whose sessions it does not know, and would have to
invite all of them again, with a gap for everybody. It is read once, after a start or a lost stream, and everything in
it is held against what rooms and bridges say; what is missing or stale costs an invitation, nothing else.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import structlog

from pyjitsi.focus.record import ConferenceRecord, from_json, to_json
from pyjitsi.private_file import write_whole

log = structlog.get_logger("focus")


class Journal:
    """``folder`` None keeps nothing. A disk that fails is logged, and costs no conference anything."""

    def __init__(self, folder: Path | None) -> None:
        self._folder: Path | None = folder
        self._complained: bool = False

    def write(self, record: ConferenceRecord) -> None:
        """Keep what a conference is now; whole or not at all, but not for a loss of power: nobody is connected then."""
        path = self._path(record.room)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, to_json(record))
        except OSError as error:
            if not self._complained:
                self._complained = True
                log.error("the journal can't be written; see state_directory", path=str(path), reason=error.strerror)

    def forget(self, room: str) -> None:
        """A conference is over."""
        path = self._path(room)
        if path is not None:
            path.unlink(missing_ok=True)

    def read(self, room: str) -> ConferenceRecord | None:
        """What is kept of a room."""
        path = self._path(room)
        record = None if path is None else _read(path)
        return record if record is not None and record.room == room else None

    def rooms(self) -> Iterator[str]:
        """All rooms of which something is kept."""
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.json")):
                record = _read(path)
                if record is not None:
                    yield record.room

    def _path(self, room: str) -> Path | None:
        # A room's name may hold anything that a JID may, and be longer than a file's.
        name = hashlib.sha256(room.encode(errors="surrogatepass")).hexdigest()[:40]
        return None if self._folder is None else self._folder / f"{name}.json"


def _read(path: Path) -> ConferenceRecord | None:
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("a page of the journal can't be used", path=str(path), reason=str(error)[:200])
        path.unlink(missing_ok=True)
        return None
