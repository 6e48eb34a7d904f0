"""The terminal as a chat: lines from a person or a pipe, messages as text or as JSON."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.clock import SimulatedClock
from bot.files import read_ordinary
from bot.invocation import Attachment, Invocation
from bot.message import Message, Moment, message, say
from bot.plain import plain
from bot.ports import Destination, SendRefused
from bot.problem import Problem
from bot.reading import MOST_INPUT
from bot.screen import clean, json_line
from bot.when import read_duration
from storage.tables import NoticeKind
from storage.trouble import DatabaseProblem, DatabaseTrouble

PLATFORM = "console"
LONGEST_LINE = 20_000
FARTHEST = dt.timedelta(days=3 * 366)
"""How far the clock moves at once: each thing that is due on the way is done."""

EARLIEST, LATEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
MOST_KEYS = 1000
"""How many messages are remembered as shown."""
_KINDS: dict[str, str] = {NoticeKind.ANNOUNCEMENT: str(NoticeKind.NOTICE)}
"""What a kind is called in JSON where that is not its name: programs were promised eight kinds."""


class Core(Protocol):
    """What the console asks of the engine."""

    async def receive(self, invocation: Invocation) -> None:
        """Keep what was said."""

    async def settle(self) -> None:
        """Do everything that is due now."""

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        """Move the clock, doing what is due on the way."""


class ConsoleChat:
    """Shows messages on the terminal, one JSON object a line where asked."""

    def __init__(self, write: Callable[[str], None], *, as_json: bool = False) -> None:
        """Take what writes a line."""
        self._write, self._as_json = write, as_json
        self._shown: deque[str] = deque(maxlen=MOST_KEYS)

    async def send(self, to: Destination, content: Message, key: str) -> str | None:
        """Show the message, once: what was shown and could not be settled comes again under its key."""
        if key in self._shown:
            return key
        self._shown.append(key)
        name = f"@{to.name}" if to.reader.personal else f"#{to.name}"
        text = plain(content, to.reader)
        if self._as_json:
            row = {
                "to": name,
                "kind": _KINDS.get(to.kind, str(to.kind)),
                "at": to.due.astimezone(dt.UTC).isoformat(),
                "text": text,
            }
            self._write(json_line(row))
        else:
            self._write(clean(f"[{name}] " + text.replace("\n", "\n    ")))
        return key

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        """Say that what was shown is erased: a terminal cannot take anything back."""
        gone = message(say("Erased: what I wrote here since {moment}.", moment=Moment(since, shape="full")))
        await self.send(to, gone, secrets.token_hex(16))

    async def forget(self, _account: str) -> None:
        """Do nothing: nothing is kept of anybody here."""

    async def leave(self, _room: str) -> None:
        """Do nothing: a room here is a name."""

    async def fetch(self, _where: str, _most: int) -> bytes | None:
        """Refuse: a file that is attached here comes with its line."""
        raise SendRefused("not-here")


class ConsoleProblem(Exception):
    """A line cannot be followed; str() says why."""


class ConsoleTrouble(ConsoleProblem):
    """The database could not be used; str() says what became of the line."""


@dataclass
class Console:
    """A person at the terminal: who speaks, where, and what goes with the next line."""

    core: Core
    clock: SimulatedClock
    find_coalition: Callable[[str], Awaitable[str | None]]
    """Gives a coalition's name as it is written, or None when there is none."""
    speaker: str
    room: str | None = None
    coalition: str | None = None
    attached: Attachment | None = None
    find_account: Callable[[str | None, str], Awaitable[str | None]] | None = None
    """Gives the account here of the member of a coalition who is called so, or None when nobody is."""

    async def line(self, words: str) -> bool:
        """Take one line; False when it ends the conversation. Raises ConsoleProblem."""
        words = words.strip()
        if not words:
            return True
        if len(words) > LONGEST_LINE:
            raise ConsoleProblem(f"this line is longer than {LONGEST_LINE} characters: send a file with `:attach FILE`")
        if words.startswith(":"):
            return await self._steer(*_split(words[1:]))
        try:
            await self.core.receive(self._invocation(words, await self._account()))
        except DatabaseProblem as problem:
            raise ConsoleTrouble(f"this was not taken: {problem}; then say it again") from None
        self.attached = None
        try:
            await self.core.settle()
        except DatabaseTrouble as problem:
            raise ConsoleTrouble(f"this is kept and done with the next line: {problem}") from None
        return True

    async def _account(self) -> str:
        """Give the account that speaks: of the member with that alias, whatever they were called before."""
        known = await self.find_account(self.coalition, self.speaker) if self.find_account else None
        return known or self.speaker.casefold()

    def _invocation(self, words: str, account: str) -> Invocation:
        return Invocation(
            event_id=f"console/{secrets.token_hex(8)}",
            platform=PLATFORM,
            sender=account,
            sender_name=self.speaker,
            words=words,
            said_at=self.clock.now(),
            place=self.room.casefold() if self.room else None,
            addressed=self.room is None,
            coalition=self.coalition,
            attachments=(self.attached,) if self.attached else (),
        )

    async def _steer(self, verb: str, rest: str) -> bool:
        if verb == "quit":
            return False
        if verb not in ("as", "room", "direct", "coalition", "attach", "at", "advance"):
            raise ConsoleProblem(
                f"the console knows no :{verb}; it knows :as :room :direct :coalition :attach :at :advance :quit"
            )
        if verb in ("as", "room"):
            rest = rest.lstrip("@#").strip()
        if not rest and verb != "direct":
            raise ConsoleProblem(f":{verb} needs one more word, for example `{_EXAMPLES[verb]}`")
        await self._follow(verb, rest)
        return True

    async def _follow(self, verb: str, rest: str) -> None:
        if verb == "as":
            self.speaker = rest
        elif verb == "room":
            self.room = rest
        elif verb == "direct":
            self.room = None
        elif verb == "coalition":
            self.coalition = await self._known_coalition(rest)
        elif verb == "attach":
            self.attached = _read(rest)
        elif verb == "at":
            await self._advance(_moment(rest))
        else:
            await self._advance(self.clock.now() + min(_duration(rest), 2 * FARTHEST))

    async def _known_coalition(self, name: str) -> str:
        known = await self.find_coalition(name)
        if known is None:
            raise ConsoleProblem(f"there is no coalition called {name}")
        return known

    async def _advance(self, moment: dt.datetime) -> None:
        now = self.clock.now()
        if moment < now:
            raise ConsoleProblem(f"time does not go backwards: it is {now.isoformat()} already")
        if moment - now > FARTHEST:
            raise ConsoleProblem("that is too far at once: go three years at most")
        try:
            await self.core.advance(self.clock, _within(moment))
        except DatabaseTrouble as problem:
            raise ConsoleTrouble(f"it is only {self.clock.now().isoformat()} yet: {problem}") from None


_EXAMPLES = {
    "as": ":as Ana",
    "room": ":room tasks",
    "coalition": ":coalition Safe Evidence",
    "attach": ":attach draft.pdf",
    "at": ":at 2024-02-06T14:30:00Z",
    "advance": ":advance 2h30m",
}


def read_moment(words: str) -> dt.datetime:
    """Read an ISO time from 1980 to 2199; without an offset it is UTC. Raises ConsoleProblem."""
    return _within(_moment(words))


def _moment(words: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(words)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ConsoleProblem(f"“{words}” is not an ISO time, for example 2024-02-06T14:30:00Z") from None


def _within(moment: dt.datetime) -> dt.datetime:
    """Keep to times around which days and zones can still be counted."""
    if not EARLIEST <= moment < LATEST:
        raise ConsoleProblem(f"the time must be between {EARLIEST.year} and {LATEST.year}")
    return moment


def _duration(words: str) -> dt.timedelta:
    try:
        return read_duration(words)
    except Problem as problem:
        raise ConsoleProblem(str(problem)) from None


def _read(words: str) -> Attachment:
    try:
        path = Path(words).expanduser()
        content = read_ordinary(path, MOST_INPUT)
    except OSError as problem:
        raise ConsoleProblem(f"{words} cannot be read: {problem.strerror}") from None
    except (RuntimeError, ValueError):  # nobody's home; a path with what no path can hold
        raise ConsoleProblem(f"{words} cannot be read: there is no such path") from None
    if len(content) > MOST_INPUT:
        raise ConsoleProblem(f"{words} is larger than {MOST_INPUT // 2**20} MB: send the text alone, without pictures")
    return Attachment(path.name, content)


def _split(words: str) -> tuple[str, str]:
    verb, _, rest = words.partition(" ")
    return verb.casefold(), rest.strip()
