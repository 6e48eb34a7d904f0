"""The command table: one row a verb, from which parsing, help, reference and manifests come."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein
from sqlmodel import SQLModel

from bot.invocation import Invocation
from bot.message import Message, Phrase, say
from bot.notices import About, member_lane, tell
from bot.rules.discretion import names_all
from bot.rules.labels import direct_ceiling, room_ceiling
from bot.rules.limits import USUAL, Limits
from storage.tables import Coalition, Label, Lane, Member, NoticeKind, Role, Room
from storage.work import Work

MOST_WITHOUT_YES = 5
"""How many people one command may message before it asks."""


LONGEST_ECHO = 300
"""How many letters of what somebody typed a refusal repeats."""


def _shortened(phrase: Phrase) -> Phrase:
    cut = {
        name: f"{value[:LONGEST_ECHO]}…" if isinstance(value, str) and len(value) > LONGEST_ECHO else value
        for name, value in phrase.values.items()
    }
    return replace(phrase, values=cut)


class Refusal(Exception):
    """A command cannot be done; the phrase says what is wrong and what to do. Nothing is changed."""

    def __init__(self, phrase: Phrase) -> None:
        """Take the sentence for the speaker."""
        super().__init__(phrase.msgid)
        self.phrase = _shortened(phrase)


class Denied(Refusal):
    """A command is refused for who says it or for a wrong code: such tries are counted."""


class NeedsYes(Exception):
    """A command waits for its speaker's `yes`; the phrase says what would happen. Nothing is changed yet."""

    def __init__(self, phrase: Phrase) -> None:
        """Take the question for the speaker."""
        super().__init__(phrase.msgid)
        self.phrase = phrase


class NeedsSecond(Exception):
    """A command waits for a second person's `confirm`. Nothing is changed yet."""

    def __init__(self, what: Phrase, invocation: Invocation) -> None:
        """Take what it does, to be put after "asks to", and the command as it was said."""
        super().__init__(what.msgid)
        self.what, self.invocation = what, invocation


@dataclass
class Call:
    """One command as its handler gets it: the transaction, the moment, who speaks where, the words after the verb."""

    work: Work
    now: dt.datetime
    coalition: Coalition
    account: Member | None
    """Who speaks; None for a stranger. Handlers of verbs for members use `speaker`."""
    room: Room | None
    """The served room it was said in; None in a direct chat, and in a room that is not served: see `unserved`."""
    words: str
    invocation: Invocation
    table: CommandTable
    confirmed: bool = False
    told: int = 0
    most: Role = Role.COORDINATOR
    """The most that the account that speaks may act as."""
    limits: Limits = USUAL
    """How much the coalition may have."""
    seconded: Phrase | None = None
    """What a second person has confirmed that this command does."""
    settles: bool = False
    """It has done what a button offered, though it is nothing that `undo` takes back."""
    subject: SQLModel | None = None
    """The row that it is mainly about, for the audit; None: the first that it changed."""

    @property
    def speaker(self) -> Member:
        """The member who speaks; raises LookupError for a stranger (dispatch lets none through to such verbs)."""
        if self.account is None:
            raise LookupError("a stranger speaks")
        return self.account

    @property
    def role(self) -> Role:
        """What the speaker may act as: the member's role, if the account that speaks was given it."""
        return min(self.speaker.role, self.most, key=lambda role: role.rank)

    @property
    def unserved(self) -> bool:
        """Whether it was said in a room that is not served, where others may read along."""
        return self.room is None and self.invocation.place is not None

    @property
    def zone(self) -> ZoneInfo:
        """The speaker's zone."""
        return ZoneInfo(self.account.timezone if self.account else self.coalition.timezone)

    @property
    def ceiling(self) -> Label:
        """The most sensitive label that the answer may show."""
        if self.account is None:
            return Label.PUBLIC
        own = direct_ceiling(self.role, self.invocation.platform)
        if self.room is None:
            return own
        return min(own, room_ceiling(self.room.label, self.room.platform), key=lambda label: label.rank)

    @property
    def names_all(self) -> bool:
        """Whether people who are discreet may be named where this was said, and so in the answer."""
        platform = self.invocation.platform if self.room is None else self.room.platform
        return names_all(platform) and self.invocation.servable

    @property
    def typed_label(self) -> Label:
        """The label of what is typed here: closed in a direct chat or a closed room, else the coalition's.

        Never above what the platform may show at all: it has seen the words already.
        """
        if self.room is None:
            return room_ceiling(Label.CLOSED, self.invocation.platform)
        return max(self.room.label, Label.COALITION, key=lambda label: label.rank)

    def ask_before_telling(self, people: int) -> None:
        """Raise NeedsYes where this command would message more people than one may without a yes."""
        if people > MOST_WITHOUT_YES and not self.confirmed:
            raise NeedsYes(say("This would message {n} people. Say `yes` to go on.", n=people))

    def ask_second(self, what: Phrase) -> None:
        """Raise NeedsSecond unless a second person has confirmed that this command does just that.

        `what` names people and rooms, and what becomes of them, so that nothing is done but what was read: where it is
        another by now, Refusal is raised. It comes after "asks to".
        """
        if self.seconded is None:
            raise NeedsSecond(what, self.invocation)
        if self.seconded != what:
            raise Refusal(say("It would do something else by now, so it is not done. Ask for it again."))

    def as_typed(self, part: str) -> str:
        """Give a part of `words` that people will read with the quotes that its writer typed."""
        # Looked for in what was said: in `words` mentions have become aliases, which are longer or shorter.
        typed, at = clean(self.invocation.words, straight=False), clean(self.invocation.words).rfind(part)
        return typed[at : at + len(part)] if at >= 0 else part

    def answer(self, content: Message, label: Label = Label.COALITION) -> None:
        """Owe an answer to the direct chat of the account that speaks, wherever it was asked."""
        lane = member_lane(self.work, self.speaker.id, self.invocation.platform)
        self.tell(lane, NoticeKind.REPLY, content, label, origin=self.invocation.asked)

    def tell(
        self,
        lane: Lane | None,
        kind: NoticeKind,
        content: Message,
        label: Label = Label.COALITION,
        *,
        about: About | None = None,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        """Owe a message to a lane because of this command; the same command run again owes it once."""
        if lane is not None:
            self.told += 1
            key = f"said/{self.invocation.event_id}/{self.told}"
            tell(
                self.work, lane, kind, content, key=key, now=self.now, label=label, about=about, origin=origin
            )  # fmt: skip


Act = Callable[[Call], Message | None]


@dataclass(frozen=True)
class Verb:
    """One row of the table."""

    name: str
    """One or two words."""
    act: Act
    """Does it, in one transaction, and gives the answer (None: the answer comes later, as a notice)."""
    usage: str
    """The whole command as it is typed: CAPITALS stand for what the speaker fills in, [ ] for what may be left out."""
    summary: str
    """What it does, one sentence, a msgid."""
    role: Role | None = Role.MEMBER
    """The least role that may say it; None: anybody."""
    private: bool = False
    """The answer concerns only the asker: it goes to the direct chat, wherever it was asked."""
    label: Label = Label.COALITION
    """How sensitive its answers and refusals are: where a room may not see them, they go to the direct chat.

    Public is for verbs that show each room only what it may see.
    """
    undoable: bool = False
    """`undo` takes it back."""
    lasting: bool = False
    """`undo` refuses to take it back, rather than take back what was done before it."""
    guarded: bool = False
    """Taken only from a device that its owner has vouched for."""
    examples: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other words for it, "did you mean" aside."""
    anywhere: bool = False
    """It works in a room that is not served, too."""
    empowers: bool = False
    """It gives power though anybody may say it."""

    @property
    def privileged(self) -> bool:
        """Whether the audit records it: what takes a coordinator or a verified device to say, or gives power."""
        return self.role is Role.COORDINATOR or self.guarded or self.empowers


@dataclass(frozen=True)
class CommandTable:
    """All verbs, by name."""

    verbs: tuple[Verb, ...]
    names: dict[str, Verb] = field(init=False)

    def __post_init__(self) -> None:
        """Index the rows; raises ValueError when two claim one name."""
        names: dict[str, Verb] = {}
        for verb in self.verbs:
            for name in (verb.name, *verb.aliases):
                if name in names:
                    raise ValueError(f"two verbs are called {name}")
                names[name] = verb
        object.__setattr__(self, "names", names)

    def find(self, words: str) -> tuple[Verb, str] | None:
        """Give the verb that the words begin with, two-word names first, and the rest; None when there is none."""
        head = words.split(maxsplit=2)
        for length in (2, 1):
            verb = self.names.get(" ".join(head[:length]).casefold())
            if verb and len(head) >= length:
                return verb, words.split(maxsplit=length)[length] if len(head) > length else ""
        return None

    def family(self, word: str) -> list[Verb]:
        """Give the verbs whose two-word name begins with this word."""
        return [verb for verb in self.verbs if verb.name.startswith(f"{word.casefold()} ")]

    def nearest(self, words: str) -> str | None:
        """Give the name most like what was typed, if any is likely meant."""
        head = [word.casefold() for word in words.split()[:2]]
        for typed in (" ".join(head), *head[:1]):
            if typed and (near := nearest(typed, self.names)):
                return near
        return None


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Give the known word most like the typed one, when they differ by few enough letters to be a slip."""
    distance = max(1, len(typed) // 3)
    found = process.extractOne(
        typed.casefold(), sorted(known), scorer=DamerauLevenshtein.distance, score_cutoff=distance,
        processor=str.casefold,
    )  # fmt: skip
    return found[0] if found else None


_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "＠": "@"})
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_PREFIX = re.compile(r"^[/!](?:dragoman\b)?\s*", re.IGNORECASE)


def clean(words: str, *, straight: bool = True) -> str:
    """Give the words as they were meant: composed letters, straight quotes, no invisible marks, nothing at the ends.

    With `straight` false quotes stay as they were typed; the letters are as many.
    """
    composed = unicodedata.normalize("NFC", words).replace("\u00a0", " ")
    return _INVISIBLE.sub("", composed.translate(_QUOTES) if straight else composed).strip()


def without_prefix(words: str) -> tuple[str, bool]:
    """Take `/`, `!` or `/dragoman` off the front, and tell whether there was one."""
    bare = _PREFIX.sub("", words, count=1)
    return bare, bare != words


def missing(verb: Verb) -> Sequence[str]:
    """Give what to type for a verb: its usage and examples."""
    return (verb.usage, *verb.examples)
