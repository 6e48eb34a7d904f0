"""An assignment as it was typed: what, to whom, until when."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from bot.commands import Call, Refusal, nearest
from bot.discretion import find_named
from bot.grammar import KINDS, Arguments, read_arguments, read_targets
from bot.message import Phrase, say
from bot.people import mention
from bot.when import WhenProblem, read_when
from storage.tables import Member, Role

LONGEST_WORDS = 200
"""Of a task in free words: it is named in every list."""


def read_assignment(call: Call) -> Arguments:
    """Read what stands after `assign`; raises Refusal for words that mean nothing beside a target, and for slips."""
    given = read_arguments(call.words)
    if given.targets and given.words:
        raise Refusal(
            say(
                "I do not understand “{words}” after {target}. {example}",
                words=given.words,
                target=str(given.targets[-1]),
                example=_example(),
            )
        )
    if quoted := re.fullmatch(r'"([^"]+)"', given.words):
        return replace(given, words=quoted[1].strip())
    head, _, number = given.words.partition(" ")
    kinds = [word for words in KINDS.values() for word in words if len(word) > 3]
    slip = nearest(head, kinds) if head and number[:1].isdigit() else None
    if slip and slip != head.casefold():
        raise Refusal(
            say("I do not know “{word}”. Did you mean `{near} {number}`?", word=head, near=slip, number=number)
        )
    if len(given.words) > LONGEST_WORDS:
        raise Refusal(say("A task may have {n} letters at most. Say the rest in a `note`.", n=LONGEST_WORDS))
    if re.search(r"\bback-?up\b", given.words, re.IGNORECASE):
        raise Refusal(say("Name one backup, as @name: `assign article 24 @ana backup @luis`."))
    if given.words and (given.words[0].isdigit() or _names_target(given.words)):
        raise Refusal(
            say(
                "Is “{words}” an article or a task in your own words? Articles come first: `assign article 24 @ana`; "
                'your own words go into quotes: `assign "{words}" @ana`.',
                words=given.words,
            )
        )
    return given


def _names_target(words: str) -> bool:
    """Tell whether a target stands anywhere in words, or they are a kind of target alone ("articles")."""
    kinds = {word for kind in KINDS.values() for word in kind}
    parts = words.split()
    return words.casefold() in kinds or any(
        word.casefold() in kinds and read_targets(" ".join(parts[at:]))[0] for at, word in enumerate(parts)
    )


def read_people(call: Call, given: Arguments) -> tuple[list[Member], Member | None]:
    """Find the people; raises Refusal for unknown ones, observers, and others than the speaker named by a member."""
    if not given.people:
        raise Refusal(say("To whom? {example} `take article 24` takes it yourself.", example=_example()))
    people = list({person.id: person for name in given.people for person in [find_named(call, name)]}.values())
    backup = find_named(call, given.backup) if given.backup else None
    everybody = [*people, *([backup] if backup else [])]
    if call.role is not Role.COORDINATOR and any(person.id != call.speaker.id for person in everybody):
        raise Refusal(
            say("Assigning others is for coordinators; you are a member. `take article 24` takes it yourself.")
        )
    for person in everybody:
        if person.role is Role.OBSERVER:
            raise Refusal(
                say(
                    "{person} is an observer: tasks are for members. A coordinator can change that with `role`.",
                    person=mention(person),
                )
            )
    if backup and backup in people:
        raise Refusal(
            say("{person} cannot be lead and backup at once. Name somebody else as backup.", person=mention(backup))
        )
    return people, backup


def read_due(call: Call, given: Arguments) -> dt.datetime | None:
    """Read the due time in the speaker's zone, if one was given; raises Refusal for what is no time to come."""
    if given.by is None:
        return None
    try:
        return read_when(given.by, call.now, call.zone)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None


def _example() -> Phrase:
    return say("For example `assign article 24 @ana by fri`.")
