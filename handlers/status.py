"""The verb about the bot itself: whether all is well, and what waits."""

from __future__ import annotations

from bot.commands import Call, Verb
from bot.message import Heading, List, Message, Moment, message, say
from bot.waits import beside, wrong
from storage.tables import Role


def status(call: Call) -> Message:
    """Say what waits and since when, or that all is well."""
    troubles, known = wrong(call.work, call.now, call.limits), beside(call.work, call.now)
    looked = Moment(call.now)
    return message(
        Heading(say("Not all is well; looked at {moment}", moment=looked)) if troubles
        else say("All is well, looked at {moment}.", moment=looked),
        List(tuple(troubles)) if troubles else None,
        *known,
    )  # fmt: skip


VERBS: tuple[Verb, ...] = (
    Verb(
        "status", status, "status", "Says whether all is well with me: what waits for whom, since when and why.",
        role=Role.COORDINATOR, private=True,
    ),
)  # fmt: skip
