"""The console: lines that steer it, one clear sentence for each that cannot be followed, and messages shown."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.console import LONGEST_LINE, Console, ConsoleChat, ConsoleProblem, ConsoleTrouble, read_moment
from bot.clock import SimulatedClock
from bot.files import read_ordinary
from bot.invocation import Invocation
from bot.message import Heading, Text, message, say
from bot.plain import Reader
from bot.ports import Destination
from bot.reading import MOST_INPUT
from bot.screen import clean, json_line
from storage.tables import NoticeKind
from storage.trouble import DatabaseTrouble

NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)


@dataclass
class Core:
    """Keeps what is said."""

    heard: list[Invocation] = field(default_factory=list)

    async def receive(self, invocation: Invocation) -> None:
        self.heard.append(invocation)

    async def settle(self) -> None:
        pass

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        clock.advance_to(moment)


async def find_coalition(name: str) -> str | None:
    """Know one coalition."""
    return "Safe Evidence" if name.casefold() == "safe evidence" else None


@pytest.fixture
def console() -> Console:
    """Give a console at which Ana sits."""
    return Console(Core(), SimulatedClock(NOW), find_coalition, "Ana")


def type_lines(console: Console, *lines: str) -> list[Invocation]:
    """Type lines, and give all that was said."""

    async def play() -> None:
        for line in lines:
            assert await console.line(line)

    asyncio.run(play())
    assert isinstance(console.core, Core)
    return console.core.heard


def test_steering_says_who_speaks_where(console: Console) -> None:
    """The account is the name in small letters; a room's lines are not addressed to the bot by themselves."""
    heard = type_lines(
        console, "tasks", ":as @Luis", ":ROOM #team", ":coalition safe evidence", "  take 24 ", "", ":direct", "x"
    )
    assert [(said.sender, said.place, said.words, said.addressed, said.coalition) for said in heard] == [
        ("ana", None, "tasks", True, None),
        ("luis", "team", "take 24", False, "Safe Evidence"),
        ("luis", None, "x", True, "Safe Evidence"),
    ]
    assert len({said.event_id for said in heard}) == 3


def test_time_moves_forward(console: Console) -> None:
    """To a moment, by a duration; each line is said at the moment the clock shows."""
    heard = type_lines(console, ":advance 2h30m", "one", ":at 2024-01-30T09:00+01:00", "two", ":at 2024-01-31", "three")
    assert [said.said_at.isoformat() for said in heard] == [
        "2024-01-29T15:30:00+00:00", "2024-01-30T08:00:00+00:00", "2024-01-31T00:00:00+00:00",
    ]  # fmt: skip


def test_a_file_goes_with_the_next_line_only(console: Console, tmp_path: Path) -> None:
    """Attached once, gone after it was sent."""
    file = tmp_path / "my draft.txt"
    file.write_bytes(b"Article 1")
    with_file, without = type_lines(console, f":attach {file}", "draft add A/1", "draft add A/2")
    assert [(item.name, item.content) for item in with_file.attachments] == [("my draft.txt", b"Article 1")]
    assert without.attachments == ()


def test_quit_ends_the_conversation(console: Console) -> None:
    """Nothing is said."""
    assert asyncio.run(console.line(":quit")) is False
    assert type_lines(console) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (":dance", "the console knows no :dance; it knows :as"),
        (":", "the console knows no :;"),
        (":as", ":as needs one more word, for example `:as Ana`"),
        (":as @", ":as needs one more word, for example `:as Ana`"),
        (":room #", ":room needs one more word, for example `:room tasks`"),
        (":at", ":at needs one more word, for example `:at 2024-02-06T14:30:00Z`"),
        (":at tomorrow", "“tomorrow” is not an ISO time, for example 2024-02-06T14:30:00Z"),
        (":at 2024-01-29T12:00Z", "time does not go backwards: it is 2024-01-29T13:00:00+00:00 already"),
        (":at 9999-12-31T23:59-12:00", "“9999-12-31T23:59-12:00” is not an ISO time"),
        (":advance a while", "a while"),
        (":advance 99999999999 days", "99999999999"),
        (":advance 5000 days", "too far at once"),
        (":at 9999-12-31", "too far at once"),
        (":coalition Nobody", "there is no coalition called Nobody"),
        (":attach /nowhere/at.all", "/nowhere/at.all cannot be read: No such file or directory"),
        (":attach .", "cannot be read: Is a directory"),
        (":attach ~nobody-here/x", "cannot be read"),
        (":attach a\x00b", "cannot be read"),
        ("x" * (LONGEST_LINE + 1), "send a file with `:attach FILE`"),
    ],
)
def test_a_line_that_cannot_be_followed_says_why(console: Console, line: str, words: str) -> None:
    """One sentence; speaker, place and time stay as they were."""
    with pytest.raises(ConsoleProblem) as problem:
        asyncio.run(console.line(line))
    assert words in str(problem.value)
    assert (console.speaker, console.room, console.attached, console.clock.now()) == ("Ana", None, None, NOW)
    assert type_lines(console) == []


@given(st.text(max_size=30), st.sampled_from(["at", "advance", "as", "room", "coalition", "direct", ""]))
def test_no_steering_upsets_the_console(rest: str, verb: str) -> None:
    """Whatever follows the colon is done or refused with a sentence."""
    console = Console(Core(), SimulatedClock(NOW), find_coalition, "Ana")
    with contextlib.suppress(ConsoleProblem):
        asyncio.run(console.line(f":{verb} {rest}"))
    assert console.clock.now() >= NOW
    assert console.speaker


@pytest.mark.parametrize("words", ["2024-02-06T14:30:00Z", "2024-02-06T15:30+01:00", "2024-02-06T14:30"])
def test_a_time_without_offset_is_utc(words: str) -> None:
    """The ways to write one moment."""
    assert read_moment(words) == dt.datetime(2024, 2, 6, 14, 30, tzinfo=dt.UTC)


def test_messages_are_shown_as_text_or_json() -> None:
    """A room has #, a person @; the rest of a message is indented, and JSON keeps a message on a line."""
    shown: list[str] = []
    both = message(Heading(say("Plenary")), Text("[@Ana] \x1b[2J“forged”"))
    room = Destination("console", "team", "team", Reader(ZoneInfo("UTC")), "alert", NOW)
    ana = Destination("console", "ana", "Ana", Reader(ZoneInfo("UTC"), personal=True), "reply", NOW)

    async def show() -> None:
        await ConsoleChat(shown.append).send(room, both, "k1")
        await ConsoleChat(shown.append, as_json=True).send(ana, both, "k2")

    asyncio.run(show())
    assert shown[0].splitlines() == ["[#team] Plenary", "    [@Ana] [2J“forged”"]
    assert json.loads(shown[1]) == {
        "to": "@Ana", "kind": "reply", "at": "2024-01-29T13:00:00+00:00", "text": "Plenary\n[@Ana] \x1b[2J“forged”",
    }  # fmt: skip


@pytest.mark.parametrize("kind", NoticeKind)
def test_programs_were_promised_eight_kinds(kind: NoticeKind) -> None:
    """Each kind bears its name in JSON, but an announcement: it is a notice there."""
    shown: list[str] = []
    to = Destination("console", "team", "team", Reader(ZoneInfo("UTC")), kind, NOW)
    asyncio.run(ConsoleChat(shown.append, as_json=True).send(to, message(say("x")), "k"))
    promised = ["reply", "task", "reminder", "countdown", "programme", "alert", "digest", "notice"]
    expected = "notice" if kind is NoticeKind.ANNOUNCEMENT else kind.value
    assert (json.loads(shown[0])["kind"], expected in promised) == (expected, True)


def test_time_ends_where_days_can_no_longer_be_counted(console: Console) -> None:
    """Neither at once nor step by step does the clock leave the years around ours."""
    for words in ("0001-01-01T00:00:00", "9999-12-31T23:59:59", "1979-12-31T23:59:59+00:00"):
        with pytest.raises(ConsoleProblem, match="between 1980 and 2200"):
            read_moment(words)
    console.clock.advance_to(dt.datetime(2199, 12, 31, tzinfo=dt.UTC))
    with pytest.raises(ConsoleProblem, match="between 1980 and 2200"):
        asyncio.run(console.line(":advance 2d"))


def test_only_ordinary_files_are_attached(console: Console, tmp_path: Path) -> None:
    """A device that never ends is refused; a file is read no further than is of use."""
    with pytest.raises(ConsoleProblem, match="no ordinary file"):
        asyncio.run(console.line(":attach /dev/zero"))
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(MOST_INPUT + 2)
    assert len(read_ordinary(path, 10)) == 11
    with pytest.raises(ConsoleProblem, match="larger than 50 MB"):
        asyncio.run(console.line(f":attach {path}"))


def test_controls_are_escaped_in_json_and_taken_out_of_text() -> None:
    """Of C0, DEL and C1 none reaches a terminal; JSON still says what there was, and half a character is a ?."""
    assert clean("a\x1b[2J\x9bm\tb\n\udcff") == "a[2Jm\tb\n?"
    line = json_line({"text": "a\x1b\x9b\x7fé"})
    assert line == '{"text": "a\\u001b\\u009b\\u007fé"}'
    assert json.loads(line) == {"text": "a\x1b\x9b\x7fé"}


@dataclass
class Troubled(Core):
    """A core whose database is away: for what is said, or only for what follows."""

    takes: bool = False

    async def receive(self, invocation: Invocation) -> None:
        if not self.takes:
            raise DatabaseTrouble("the disk of the database is full", "SQLITE_FULL")
        await super().receive(invocation)

    async def settle(self) -> None:
        raise DatabaseTrouble("the disk of the database is full", "SQLITE_FULL")


@pytest.mark.parametrize(("takes", "told"), [(False, "this was not taken: the disk"), (True, "this is kept and done")])
def test_what_was_typed_during_trouble_is_told(console: Console, takes: bool, told: str) -> None:
    """Whoever types learns whether it was taken, and what to mend."""
    console.core = Troubled(takes=takes)
    with pytest.raises(ConsoleTrouble, match=told):
        asyncio.run(console.line("take 5"))


def test_a_message_is_shown_once() -> None:
    """One that was shown and could not be settled comes again under its key, and is not shown again."""
    lines: list[str] = []
    chat = ConsoleChat(lines.append)
    to = Destination("console", "ana", "Ana", Reader(ZoneInfo("UTC"), personal=True), "reply", NOW)
    for key in ("a", "a", "b"):
        assert asyncio.run(chat.send(to, message(say("Hello")), key)) == key
    assert lines == ["[@Ana] Hello"] * 2
