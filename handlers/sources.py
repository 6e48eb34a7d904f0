"""Watched sources: addresses at which drafts appear."""

from __future__ import annotations

import datetime as dt
import re

from bot.commands import Call, NeedsYes, Refusal, Verb
from bot.message import Code, Inline, Message, Moment, Table, Text, message, say
from bot.sources import (
    LEAST,
    MOST,
    MOST_SOURCES,
    USUAL,
    allow,
    host_of,
    is_allowed,
    source_at,
    sources,
    trouble_words,
)  # fmt: skip
from bot.when import WhenProblem, read_duration
from storage.cipher import active
from storage.tables import Role, Source

LONGEST_PATTERN = 200
_EVERY = re.compile(r"\s+every\s+(?P<every>\S+(?:\s+(?:minutes?|hours?|min|h|day))?)", re.IGNORECASE)
_PATTERN = re.compile(r"\s+for\s+(?P<pattern>.+)$", re.IGNORECASE | re.DOTALL)


def watch(call: Call) -> Message | None:
    """Look at an address from now on."""
    words, pattern = _taken(_PATTERN, call.words, "pattern")
    words, every_words = _taken(_EVERY, words, "every")
    if len(words.split()) != 1 or len(pattern) > LONGEST_PATTERN:
        raise Refusal(say("Say it as `watch https://example.org/draft.pdf every 15m`; for a page that lists documents "
                          "add `for` and a part of the link, as in `for *Rev*en.pdf`."))  # fmt: skip
    address, host, every = words.strip("<>"), host_of(words.strip("<>")), _every(every_words)
    if source_at(call.work, address) is not None:
        raise Refusal(say("That address is watched already: `sources` lists them."))
    if len(sources(call.work)) >= MOST_SOURCES:
        raise Refusal(say("I watch {n} addresses already: `unwatch` one first.", n=MOST_SOURCES))
    if not is_allowed(call.work, host) and not call.confirmed:
        raise NeedsYes(say("I would fetch from {host}: whoever runs it sees my server's address, and how often I come. "
                           "Say `yes` to allow it.", host=host))  # fmt: skip
    allow(call.work, host)
    row = call.subject = call.work.put(
        Source(
            coalition_id=call.work.tenant, address=address, fingerprint=active()[0].fingerprint(address),
            pattern=pattern.strip("\"'") or None, every=int(every.total_seconds()), next_at=call.now,
            added_by=call.speaker.id,
        )
    )  # fmt: skip
    return message(
        say("I watch it every {every}, as source {n}. New text is published by itself unless it looks wrong.",
            every=_length(every), n=row.id),
        say("`unwatch {n}` ends it; `sources` lists all.", n=row.id),
    )  # fmt: skip


def unwatch(call: Call) -> Message | None:
    """Look at an address no more."""
    wanted = call.words.strip().lstrip("#")
    row = next((row for row in sources(call.work) if wanted in (str(row.id), row.address)), None)
    if row is None:
        raise Refusal(say("Which one? Say `unwatch` with its number: `sources` lists them."))
    row.active, call.subject = False, row
    return message(say("I no longer look at source {n}. What was found there stays.", n=row.id))


def list_sources(call: Call) -> Message | None:
    """List the watched addresses."""
    rows = sources(call.work)
    if not rows:
        return message(say("I watch nothing yet: `watch https://example.org/draft.pdf every 15m`."))
    titles = say("No."), say("Address"), say("Every"), say("Last answer"), say("State")
    return message(Table(titles, tuple(_row(row) for row in rows)))


def _row(row: Source) -> tuple[Inline, ...]:
    address = say("{address} for {pattern}", address=row.address, pattern=row.pattern) if row.pattern else row.address
    answered = Moment(row.answered_at) if row.answered_at else say("none yet")
    state = trouble_words(row.trouble) if row.failures else say("well") if row.answered_at else say("new")
    every = _length(dt.timedelta(seconds=row.every))
    return Code(str(row.id)), Text(address) if isinstance(address, str) else address, Text(every), answered, state


def _taken(pattern: re.Pattern[str], words: str, name: str) -> tuple[str, str]:
    """Give the words without what a pattern finds, and that."""
    found = pattern.search(words)
    return (pattern.sub("", words, count=1), found[name].strip()) if found else (words, "")


def _every(words: str) -> dt.timedelta:
    if not words:
        return USUAL
    try:
        every = read_duration(words, bare_minutes=True)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None
    if not LEAST <= every <= MOST:
        raise Refusal(say("Every {least} to every {most}, please: servers turn away who comes too often.",
                          least=_length(LEAST), most=_length(MOST)))  # fmt: skip
    return every


def _length(length: dt.timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


VERBS: tuple[Verb, ...] = (
    Verb(
        "watch", watch, "watch URL [every TIME] [for PATTERN]",
        "Looks at an address again and again, and takes in the drafts that appear there.",
        role=Role.COORDINATOR, private=True, guarded=True,
        examples=("watch https://example.org/draft.pdf every 15m", "watch https://example.org/papers for *Rev*en.pdf"),
    ),
    Verb(
        "unwatch", unwatch, "unwatch NUMBER", "Ends that.", role=Role.COORDINATOR, private=True,
        examples=("unwatch 2",),
    ),
    Verb(
        "sources", list_sources, "sources",
        "Lists the watched addresses, when each last answered and what is wrong with it.",
        role=Role.COORDINATOR, private=True,
    ),
)  # fmt: skip
