"""The verb that shows who did what that only coordinators or verified devices may."""

from __future__ import annotations

from bot.audit import in_words, latest
from bot.commands import Call, Refusal, Verb
from bot.message import Heading, List, Message, Moment, joined, message, say
from storage.tables import Role

MOST_LINES = 20


def audit(call: Call) -> Message:
    """Show the latest lines of the audit."""
    lines = latest(call.work, MOST_LINES)
    if not lines:
        raise Refusal(say("The audit is empty: nobody has used a privileged command yet."))
    shown = tuple(joined([Moment(line.done_at), in_words(call.work, line)]) for line in lines)
    return message(Heading(say("Audit, the latest {n} of {all}", n=len(lines), all=lines[0].sequence)), List(shown))


VERBS: tuple[Verb, ...] = (
    Verb(
        "audit", audit, "audit",
        "Shows who used which privileged command when; `dragoman doctor` checks that no line was changed or taken out.",
        role=Role.COORDINATOR, private=True,
    ),
)  # fmt: skip
