"""A negotiating fortnight of many coalitions on a simulated clock, as it is and with power cuts: what everybody sees.

What coalitions, people and texts there are, what is said and when, and where the power is cut follow from one seed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from bot.app import build
from bot.clock import SimulatedClock
from bot.engine import Engine
from bot.invocation import Attachment, Invocation
from bot.load import load_file
from bot.message import Message
from bot.plain import plain
from bot.ports import Destination, SendRefused
from storage.cipher import Keyring
from storage.tables import Notice, Parcel
from storage.work import Store, Work
from tests.conftest import KEY
from tests.fakes.chat import PowerCut
from tests.fakes.fresh import make_fresh

BEGIN = dt.datetime(2024, 1, 28, 15, tzinfo=dt.UTC)
"""The Sunday before the session."""
STEP = 10
"""How many minutes lie between the moments at which people speak: so several coalitions are busy at one."""
ZONES = ("America/New_York", "Europe/Vienna", "Asia/Singapore", "America/Bogota", "Africa/Accra", "Asia/Karachi")
VERBS = ("shall", "may", "should", "must", "will")
THINGS = ("evidence", "notice", "access", "authorization", "records", "requests", "journalists", "researchers")


@dataclass(frozen=True)
class Size:
    """How much of everything there is."""

    coalitions: int
    members: int
    days: int
    articles: int
    said: int
    """How much is said in a coalition on one day, beside what coordinators do at each meeting."""


@dataclass(frozen=True)
class Line:
    """What somebody says, and when."""

    at: dt.datetime
    who: str
    words: str
    room: str | None = None
    draft: bytes = b""


@dataclass
class Seen:
    """What a fortnight looked like: to each room and person every message with its moment, and each parcel."""

    shown: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    parcels: dict[int, list[tuple[str, ...]]] = field(default_factory=dict)
    """By lane, in the order in which they left: the keys of what left together."""
    notices: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By key: its state, and when it left."""
    cuts: int = 0

    @property
    def messages(self) -> int:
        """Give how many messages there were."""
        return sum(map(len, self.shown.values()))


class Fuse:
    """Cuts the power at some of the commits, just before or just after."""

    def __init__(self, dice: random.Random, every: int) -> None:
        """Cut at one of so many commits; 0: at none."""
        self._dice, self._every = dice, every

    def blows(self) -> bool:
        return self._every > 0 and self._dice.randrange(2 * self._every) == 0


class Mains(Store):
    """A database that nothing more reaches once the power is cut."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url, Keyring([KEY]))
        self._fuse, self._dead = fuse, False

    async def write(self, coalition_id: int | None, act: Callable[[Work], Any]) -> Any:
        self._burn()
        done = await super().write(coalition_id, act)
        self._burn()
        return done

    async def read(self, coalition_id: int | None, ask: Callable[[Work], Any]) -> Any:
        if self._dead:
            raise PowerCut
        return await super().read(coalition_id, ask)

    def _burn(self) -> None:
        self._dead = self._dead or self._fuse.blows()
        if self._dead:
            raise PowerCut


@dataclass
class Hall:
    """A chat that knows what it has shown by its key, and when."""

    clock: SimulatedClock
    seen: Seen
    keys: set[str] = field(default_factory=set)

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        if key not in self.keys:
            self.keys.add(key)
            self.seen.shown[to.address].append((self.clock.now().isoformat(), plain(message, to.reader)))
        return key

    async def fetch(self, _where: str, _most: int) -> bytes | None:
        raise SendRefused("not-here")

    async def erase(self, _to: Destination, _since: dt.datetime) -> None:
        raise SendRefused("not-here")

    async def forget(self, _account: str) -> None:
        raise SendRefused("not-here")

    async def leave(self, _room: str) -> None:
        raise SendRefused("not-here")


class House:
    """One deployment that is begun anew, from its database alone, whenever the power was cut."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        self._url, self._fuse = url, fuse
        self.clock, self.seen = SimulatedClock(BEGIN), Seen()
        self._hall = Hall(self.clock, self.seen)
        self._store, self._engine = self._begun()

    def _begun(self) -> tuple[Store, Engine]:
        store = Mains(self._url, self._fuse)
        return store, build(store, self.clock, {"console": self._hall}, sole=("console",))

    async def come_to(self, moment: dt.datetime) -> None:
        """Let time pass."""
        await self._through(lambda: self._engine.advance(self.clock, moment))

    async def hear(self, lines: Mapping[int, Line]) -> None:
        """Have something said and answered: what was not taken is said again by the platform."""
        await self.come_to(max(line.at for line in lines.values()))
        for number, line in lines.items():
            await self._through(partial(self._receive, _invocation(number, line)))
        await self._through(self._settle)

    async def _settle(self) -> None:
        await self._engine.settle()

    async def _receive(self, invocation: Invocation) -> None:
        await self._engine.receive(invocation)

    async def restart(self) -> None:
        """End, and begin anew."""
        await self._store.close()
        self._store, self._engine = self._begun()

    async def closed(self) -> Seen:
        """Give what was seen."""
        self._fuse = Fuse(random.Random(0), 0)
        await self.restart()
        self.seen.parcels, self.seen.notices = await self._store.read(None, _left)
        await self._store.close()
        return self.seen

    async def _through(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something; where the power is cut, begin anew, do what is left from before, and do it again."""
        try:
            await act()
        except PowerCut:
            self.seen.cuts += 1
            await self.restart()
            await self._through(self._settle)
            await self._through(act)


def _invocation(number: int, line: Line) -> Invocation:
    attached = (Attachment("draft.txt", line.draft),) if line.draft else ()
    return Invocation(
        event_id=f"line/{number}", platform="console", sender=line.who.casefold(), sender_name=line.who,
        words=line.words, said_at=line.at, place=line.room, addressed=line.room is None, attachments=attached,
    )  # fmt: skip


def _left(work: Work) -> tuple[dict[int, list[tuple[str, ...]]], dict[str, tuple[str, str]]]:
    parcels: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    keys: dict[int, list[str]] = defaultdict(list)
    notices: dict[str, tuple[str, str]] = {}
    wanted = (Notice.coalition_id, Notice.key, Notice.state, Notice.sent_at, Notice.parcel_id)
    for coalition_id, key, state, sent_at, parcel_id in work.execute(
        select(*map(col, wanted)).order_by(col(Notice.id))
    ):
        notices[f"{coalition_id}/{key}"] = (state, str(sent_at))
        if parcel_id is not None:
            keys[parcel_id].append(key)
    for parcel_id, lane_id in work.execute(select(col(Parcel.id), col(Parcel.lane_id)).order_by(col(Parcel.id))):
        parcels[lane_id].append(tuple(sorted(keys[parcel_id])))
    return dict(parcels), notices


async def found(folder: Path, size: Size) -> Path:
    """Make the database with all coalitions in it, and give its path."""
    path = folder / "fortnight.db"
    url = f"sqlite+aiosqlite:///{path}"
    await make_fresh(url)
    store = Store(url, Keyring([KEY]))
    for number in range(size.coalitions):
        await load_file(store, _load_file(folder, size, number), BEGIN)
    await store.close()
    return path


async def play(path: Path, size: Size, seed: int, *, every: int, restarts: int) -> Seen:
    """Play the fortnight on a database of `found`.

    The power is cut at one of `every` commits (0: never), and the bot ends and begins anew `restarts` times beside.
    """
    dice = random.Random(f"{seed}/power")
    house = House(f"sqlite+aiosqlite:///{path}", Fuse(dice, every))
    end = BEGIN + dt.timedelta(days=size.days)
    ends = [end, *sorted(BEGIN + dice.random() * (end - BEGIN) for _ in range(restarts))]
    for at, lines in groupby(enumerate(script(size, seed)), key=lambda row: row[1].at):
        while len(ends) > 1 and ends[1] <= at:
            await house.come_to(ends.pop(1))
            await house.restart()
        await house.hear(dict(lines))
    await house.come_to(end)
    return await house.closed()


def played(path: Path, size: Size, seed: int, every: int, restarts: int) -> Seen:
    """Play it in a process of its own."""
    return asyncio.run(play(path, size, seed, every=every, restarts=restarts))


def script(size: Size, seed: int) -> list[Line]:
    """Give all that is said, in order."""
    lines = [line for number in range(size.coalitions) for line in _of_coalition(size, number, seed)]
    return sorted(lines, key=lambda line: (line.at, line.who))


def _of_coalition(size: Size, number: int, seed: int) -> Iterator[Line]:
    dice = random.Random(f"{seed}/{number}")
    yield from _given_out(size, number, dice)
    for day in range(size.days):
        morning = BEGIN + dt.timedelta(days=day)
        for _ in range(size.said):
            at = morning + dt.timedelta(hours=1, minutes=STEP * dice.randrange(22 * 60 // STEP))
            yield from _anything(size, number, at, dice)
        if 0 < day < size.days - 1:
            yield from _chaired(size, number, morning, dice)
        if day % 5 == 2:
            yield from _new_draft(size, number, morning, day, dice)


def _given_out(size: Size, number: int, dice: random.Random) -> Iterator[Line]:
    """Let a coordinator give out the articles, and people answer."""
    people = size.members - 1
    for article in range(1, size.articles + 1):
        lead, backup = dice.sample(range(1, people + 1), 2)
        at = BEGIN + dt.timedelta(minutes=article)
        by = (
            f" by {dice.choice(('Wed 31 Jan 12:00', 'Fri 2 Feb 18:00', 'Tue 6 Feb 10:00'))}"
            if dice.random() < 0.5
            else ""
        )
        words = f"assign {article} @{_alias(number, lead)} backup @{_alias(number, backup)}{by}"
        yield Line(at, _alias(number, 0), words)
        if dice.random() < 0.8:
            answer = dice.choice(("accept all", "accept all", "accept all", "decline all I teach then"))
            yield Line(at + dt.timedelta(minutes=STEP * dice.randrange(2, 40)), _alias(number, lead), answer)


def _chaired(size: Size, number: int, morning: dt.datetime, dice: random.Random) -> Iterator[Line]:
    """Let a coordinator tell from the room how the day goes: 15:00 UTC is 10:00 in New York."""
    chair, room, minute = _alias(number, 0), _room(number), dt.timedelta(minutes=1)
    step = STEP * minute
    if dice.random() < 0.3:
        yield Line(morning - 5 * minute, chair, f"late {dice.choice((10, 15, 30))}", room)
        yield Line(morning + dice.randrange(3, 6) * step, chair, "resumed", room)
    if dice.random() < 0.3:
        at = morning + dice.randrange(6, 12) * step
        yield Line(at, chair, f"now article {dice.randint(1, size.articles)}", room)
    if dice.random() < 0.3:
        yield Line(morning + dice.randrange(15, 20) * step, chair, "over", room)
    if dice.random() < 0.2:
        at = morning + dice.randrange(20, 28) * step
        yield Line(at, chair, "programme today")
        yield Line(at + minute, chair, dice.choice(("meeting move 2 to 16:00", "meeting cancel 2")))
    if dice.random() < 0.2:
        at = morning + dice.randrange(30, 70) * step
        yield Line(at, chair, f"announce The {dice.choice(THINGS)} group meets at the coffee bar")
        yield Line(at + minute, chair, "yes")


def _new_draft(size: Size, number: int, morning: dt.datetime, day: int, dice: random.Random) -> Iterator[Line]:
    """Let new text appear at night."""
    at = morning + dt.timedelta(hours=dice.randrange(9, 16))
    chair, step = _alias(number, dice.randrange(2)), dt.timedelta(minutes=4)
    yield Line(at, chair, f"draft add L.{number}/Rev.{day}", draft=_text(size, number, day))
    yield Line(at + step, chair, "draft publish")
    yield Line(at + 2 * step, chair, "yes")
    if dice.random() < 0.2:
        yield Line(at + 3 * step, chair, "draft withdraw")
        yield Line(at + 4 * step, chair, "yes")


def _anything(size: Size, number: int, at: dt.datetime, dice: random.Random) -> Iterator[Line]:
    """Let somebody say something."""
    who, article = _alias(number, dice.randrange(size.members)), dice.randint(1, size.articles)
    verdict = dice.choice(("support", "concern Too little detail.", "oppose It goes too far."))
    words = dice.choice(
        (
            f"review {article} {verdict}", f"review {article} {verdict}", "accept all", f"take {article}", "done all",
            f"done {article}", "stands", f"release {article} Too much.", "next", "tasks", "programme today",
            f"article {article}", f"find {dice.choice(THINGS)}", f"diff {article}", "coverage", "drafts",
            f"note {dice.choice(THINGS).title()} were discussed over lunch",
            f"remind me to write about {dice.choice(THINGS)} in {dice.randint(1, 70)} hours",
            f"remind me to call the mission at {dice.randrange(24)}:{dice.randrange(60):02}",
            "my quiet off", "my quiet on", "my away until Fri 2 Feb", "my away off", "undo", "snooze",
            f"my timezone {dice.choice(('Vienna', 'Bogota', 'Singapore'))}",
        )
    )  # fmt: skip
    yield Line(at, who, words, _room(number) if dice.random() < 0.2 else None)
    if dice.random() < 0.1:
        yield Line(at + dt.timedelta(minutes=dice.randrange(1, 9)), who, "undo")


def _alias(coalition: int, member: int) -> str:
    return f"C{coalition:02}M{member:02}"


def _room(coalition: int) -> str:
    return f"general-{coalition}"


def _load_file(folder: Path, size: Size, number: int) -> Path:
    """Write what `dragoman load` takes."""
    text = folder / f"text-{number}.txt"
    text.write_bytes(_text(size, number, 0))
    parts = [f'[coalition]\nname = "Coalition {number}"\ntimezone = "America/New_York"\nlanguage = "en"\n']
    for member in range(size.members):
        role = "coordinator" if member < 2 else "observer" if member == size.members - 1 else "member"
        zone = ZONES[(member + number) % len(ZONES)]
        parts.append(
            f'[[members]]\nname = "{_alias(number, member)}"\nrole = "{role}"\ntimezone = "{zone}"\n'
            f'organisation = "Organisation {member}"\n'
        )
    parts.append(
        f'[[rooms]]\nname = "{_room(number)}"\npurposes = ["tasks", "countdown", "digest"]\ndigest_at = "19:30"\n'
        f'label = "coalition"\ncountdown = ["30m"]\n\n[[rooms]]\nname = "alerts-{number}"\npurposes = ["alerts"]\n'
        'label = "coalition"\n\n[[sessions]]\nname = "Second session"\nvenue = "New York"\n'
        'timezone = "America/New_York"\n'
    )
    parts += _meetings(size, number)
    parts.append(
        f'[[texts]]\nname = "Draft convention"\n\n[[texts.drafts]]\nsymbol = "L.{number}"\nfile = "{text.name}"\n'
        'date = 2024-01-08\nlanguage = "en"\n'
    )
    path = folder / f"coalition-{number}.toml"
    path.write_text("\n".join(parts))
    return path


def _meetings(size: Size, number: int) -> Iterator[str]:
    article = 0
    for day in range(1, size.days):
        date = (BEGIN + dt.timedelta(days=day)).date()
        for begin, end in ((10, 13), (15, 18)):
            if date.weekday() < 5:
                table = [article % size.articles + 1, (article + 1) % size.articles + 1]
                article += 2
                yield (
                    f'[[sessions.meetings]]\ntitle = "Plenary {day}.{begin} of {number}"\n'
                    f"start = {date}T{begin}:00:00\n"
                    f'end = {date}T{end}:00:00\nplace = "Room 4"\n'
                    f'provisions = ["article {table[0]}", "article {table[1]}"]\n'
                )


def _text(size: Size, number: int, revision: int) -> bytes:
    """Write a draft; each revision changes a word here and there, and now and then adds an article in the middle."""
    dice = random.Random(f"text/{number}")
    bodies = []
    for article in range(size.articles):
        words = [dice.choice((*VERBS, *THINGS, "the", "of", "each", "State Party")) for _ in range(40)]
        bodies.append((f"On {dice.choice(THINGS)} {article}", words))
    for step in range(1, revision + 1):
        change = random.Random(f"text/{number}/{step}")
        for _ in range(3):
            change.choice(bodies)[1][change.randrange(40)] = change.choice(VERBS)
        if step % 5 == 2:
            words = [change.choice(("whereas", "parties", "remedy", *THINGS)) for _ in range(40)]
            bodies.insert(change.randrange(len(bodies)), (f"Added on day {step}", words))
    parts = [
        f"Article {place}\n{title}\n\n1. Each State Party shall {' '.join(words)}.\n"
        for place, (title, words) in enumerate(bodies, 1)
    ]
    return (f"L.{number}\n\nDraft convention\n\n" + "\n".join(parts)).encode()
