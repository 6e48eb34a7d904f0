"""The file that `dragoman load` takes, checked at the door: every error names the file, the table and the key."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from bot.commands import nearest
from bot.days import LANGUAGES
from bot.files import read_ordinary
from bot.grammar import Target, read_targets
from bot.problem import Problem
from bot.when import read_clock, read_duration
from bot.zones import find_zone
from storage.tables import Label, Purpose, Role

Place = tuple[int | str, ...]
"""Where something stands: ("members", 0, "role") is the role of the first [[members]]."""

MOST_BYTES = 5_000_000
_ALIAS = re.compile(r"[\w.\-’']+")


class LoadProblem(Problem):
    """A file cannot be loaded; nothing was changed."""


def _known(words: Iterable[str], what: str) -> Callable[[str], str]:
    """Make the check that a word is one of a few, else the nearest is named."""
    known = tuple(words)

    def check(word: str) -> str:
        if word in known:
            return word
        near = nearest(word, known)
        hint = f"did you mean “{near}”?" if near else f"it can be {', '.join(known)}."
        raise ValueError(f"“{word}” is no {what}: {hint}")

    return check


def _zone(name: str) -> str:
    return name if name in available_timezones() else find_zone(name)


def _spoken(words: str) -> str:
    """Take the spaces off; what is left must be something to say on one line."""
    words = words.strip()
    if not words or not words.isprintable():
        raise ValueError("it must be words on one line.")
    return words


def _mention(alias: str) -> str:
    alias = _spoken(alias).lstrip("@")
    if not _ALIAS.fullmatch(alias):
        raise ValueError("an alias is one word, as in @ana: letters, digits, hyphens and full stops.")
    return alias


def _clock(words: str) -> str:
    return f"{read_clock(words):%H:%M}"


def _length(words: str) -> str:
    read_duration(words)
    return words


def _targets(words: str) -> str:
    targets, left = read_targets(words)
    if left or not targets:
        raise ValueError(f"“{words}” is no provision: write it like “article 5”, “articles 5-9” or “chapter IV”.")
    return words


Words = Annotated[str, Field(max_length=300), AfterValidator(_spoken)]
Alias = Annotated[str, Field(max_length=60), AfterValidator(_mention)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_known(LANGUAGES, "language"))]
Time = Annotated[dt.datetime, Strict()]


class Table(BaseModel):
    """A table of the file; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Named(Table):
    """A table that a later load knows again: by its id, else by its name."""

    id: Words | None = None
    name: Words

    @property
    def keys(self) -> tuple[str, ...]:
        """What it may have been known by, surest first."""
        by_name = f"name:{self.name.casefold()}"
        return (f"id:{self.id}", by_name) if self.id else (by_name,)


class CoalitionTable(Table):
    """The coalition; members and rooms without a zone of their own use its."""

    name: Words
    timezone: Zone = "UTC"
    language: Language = "en"


class MemberTable(Named):
    """One person."""

    name: Alias
    organisation: str = Field(default="", max_length=300)
    role: Annotated[str, AfterValidator(_known(Role, "role"))] = Role.MEMBER.value
    timezone: Zone | None = None
    slack: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,}$")] | None = None
    matrix: Annotated[str, Field(pattern=r"^@[^:\s]+:\S+$")] | None = None


class RoomTable(Named):
    """One room that is served."""

    purposes: list[Annotated[str, AfterValidator(_known(Purpose, "purpose"))]] = []
    digest_at: Annotated[str, AfterValidator(_clock)] = "19:30"
    label: Annotated[str, AfterValidator(_known(Label, "label"))] = Label.COALITION.value
    countdown: list[Annotated[str, AfterValidator(_length)]] = ["30m"]
    slack: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{2,}$")] | None = None
    matrix: Annotated[str, Field(pattern=r"^![^:\s]+(:\S+)?$")] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> RoomTable:
        if self.slack and self.matrix:
            raise ValueError("a room is in Slack or in Matrix, not in both.")
        if self.slack and self.label == Label.CLOSED:
            raise ValueError("a room in Slack is never above “coalition”.")
        return self

    @property
    def minutes(self) -> list[int]:
        """How many minutes before a meeting the room is told, longest first."""
        return sorted({int(read_duration(words).total_seconds() // 60) for words in self.countdown}, reverse=True)


class MeetingTable(Table):
    """One meeting; times without an offset are in the session's zone."""

    id: Words | None = None
    title: Words
    start: Time
    end: Time
    place: str = Field(default="", max_length=300)
    provisions: list[Annotated[str, AfterValidator(_targets)]] = []

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is on the table."""
        return tuple(target for words in self.provisions for target in read_targets(words)[0])


class SessionTable(Named):
    """One session with its meetings."""

    venue: str = Field(default="", max_length=300)
    timezone: Zone | None = None
    meetings: list[MeetingTable] = []


class DraftTable(Table):
    """One draft of a text."""

    symbol: Words
    file: str
    date: Annotated[dt.date, Strict()]
    language: Language = "en"


class TextTable(Named):
    """One instrument with its drafts, oldest first."""

    drafts: list[DraftTable] = []


class LoadFile(Table):
    """The whole file."""

    coalition: CoalitionTable
    members: list[MemberTable] = []
    rooms: list[RoomTable] = []
    sessions: list[SessionTable] = []
    texts: list[TextTable] = []


def read_load_file(path: Path) -> LoadFile:
    """Read and check the file; raises LoadProblem with the first thing that is wrong."""
    given = _toml(path)
    try:
        file = LoadFile.model_validate(given)
    except ValidationError as problem:
        raise wrong(path, *_sentence(problem.errors()[0])) from None
    _refuse_twice(path, file)
    return file


def _toml(path: Path) -> dict[str, Any]:
    try:
        content = read_ordinary(path, MOST_BYTES)
        words = content.decode()
    except FileNotFoundError:
        raise LoadProblem("There is no file {file}.", file=str(path)) from None
    except (OSError, UnicodeDecodeError):
        raise LoadProblem("{file} cannot be read as text in UTF-8.", file=path.name) from None
    if len(content) > MOST_BYTES:
        raise LoadProblem("{file} is larger than {most} MB.", file=path.name, most=str(MOST_BYTES // 1_000_000))
    try:
        return tomllib.loads(words)
    except tomllib.TOMLDecodeError as problem:
        raise LoadProblem("{file} is not valid TOML: {problem}.", file=path.name, problem=str(problem)) from None
    except (RecursionError, ValueError):  # lists in lists in lists; a number of thousands of digits
        raise LoadProblem(
            "{file} cannot be read: it is nested too deeply, or a number is too long.", file=path.name
        ) from None


def wrong(path: Path, place: Place, sentence: str) -> LoadProblem:
    """Make the refusal of one place in the file."""
    tables, key, name = [], "", ""
    for step in place:
        if isinstance(step, int):
            tables.append(f"[[{name}]] {step + 1}" if key == "" else "")
        elif step in _LISTS or (step == "coalition" and not name):
            name = f"{name}.{step}".lstrip(".")
            tables += ["[coalition]"] if step == "coalition" else []
        else:
            key = f", {step}"
    where = " ".join(filter(None, tables)) + key
    return LoadProblem("{file}: {place}: {sentence}", file=path.name, place=where.lstrip(", ") or "the file",
                       sentence=sentence)  # fmt: skip


_LISTS: dict[str, type[Table]] = {
    "members": MemberTable, "rooms": RoomTable, "sessions": SessionTable, "meetings": MeetingTable,
    "texts": TextTable, "drafts": DraftTable, "coalition": CoalitionTable,
}  # fmt: skip

_SENTENCES = {
    "missing": "it is missing.",
    "string_type": "it must be text in quotes.",
    "string_too_long": "it is too long.",
    "list_type": "it must be a list.",
    "datetime_type": "it must be a date and time, such as 2024-01-29T10:00:00 without quotes.",
    "date_type": "it must be a date, such as 2023-12-11 without quotes.",
    "date_from_datetime_inexact": "it must be a date without a time, such as 2023-12-11.",
}
_PATTERNS = {
    ("members", "slack"): "it must be the Slack member id, such as U0123ABCD.",
    ("members", "matrix"): "it must be the full Matrix id, such as @ana:example.org.",
    ("rooms", "slack"): "it must be the Slack channel id, such as C0123ABCD.",
    ("rooms", "matrix"): "it must be the Matrix room id, such as !room:example.org.",
}


def _sentence(error: Any) -> tuple[Place, str]:
    place, kind = tuple(error["loc"]), error["type"]
    if kind == "extra_forbidden":
        return place[:-1], _unknown(str(place[-1]), _table(place[:-1]))
    if kind == "value_error":
        return place, str(error["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return place, _PATTERNS[str(place[0]), str(place[-1])]
    if kind in ("model_type", "list_type") and place[-1] in _LISTS:
        word = "[coalition]" if place[-1] == "coalition" else f"[[{'.'.join(s for s in place if isinstance(s, str))}]]"
        return place[:-1], f"{place[-1]} must be written as tables that begin with {word}."
    return place, _SENTENCES.get(kind, "it cannot be used as it is.")


def _table(place: Place) -> type[Table]:
    names = [step for step in place if isinstance(step, str)]
    return _LISTS[names[-1]] if names else LoadFile


def _unknown(key: str, table: type[Table]) -> str:
    near = nearest(key, table.model_fields)
    return f"unknown key “{key}”: " + (
        f"did you mean “{near}”?" if near else f"it can be {', '.join(table.model_fields)}."
    )


def _refuse_twice(path: Path, file: LoadFile) -> None:
    """Refuse what would be one row twice."""
    lists: list[tuple[Place, str, list[str | None]]] = []
    for name, tables in (("members", file.members), ("rooms", file.rooms), ("sessions", file.sessions),
                         ("texts", file.texts)):  # fmt: skip
        lists += [((name,), "id", [table.id for table in tables]),
                  ((name,), "name", [table.name.casefold() for table in tables])]  # fmt: skip
    for name, placed in (("members", file.members), ("rooms", file.rooms)):
        lists += [((name,), "slack", [table.slack for table in placed]),
                  ((name,), "matrix", [table.matrix for table in placed])]  # fmt: skip
    for index, session in enumerate(file.sessions):
        lists.append((("sessions", index, "meetings"), "id", [meeting.id for meeting in session.meetings]))
    for index, text in enumerate(file.texts):
        lists.append((("texts", index, "drafts"), "symbol", [draft.symbol for draft in text.drafts]))
    for place, key, values in lists:
        for index, value in enumerate(values):
            if value is not None and value in values[:index]:
                raise wrong(path, (*place, index, key), "it is the same as another one's above; each needs its own.")
