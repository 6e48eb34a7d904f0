"""The verb that ends a coalition."""

from __future__ import annotations

from bot.commands import Call, Refusal, Verb
from bot.message import Heading, List, Message, message, say
from bot.purging import inventory, own_rooms, purge
from storage.coalitions import line_of
from storage.tables import Role

_WORDS = {
    "member": say("people"), "room": say("rooms"), "task": say("tasks"), "review": say("reviews"),
    "meeting": say("meetings"), "deadline": say("deadlines"), "text": say("texts"), "draft": say("drafts"),
    "source": say("watched addresses"), "reminder": say("reminders"), "note": say("notes"),
}  # fmt: skip
"""The tables that people know, and what their rows are called."""
_UNREADABLE = say(
    "Backups made before could not be opened for this coalition any more, once each copy of the key file is replaced."
)
_OLD = say(
    "Backups made before could still be opened, since this coalition is older than the lines of the key file: whoever "
    "hosts me has to delete them."
)


def purge_(call: Call) -> Message | None:
    """End the coalition: once a second person has confirmed it, nothing is said any more, so there is no answer."""
    words = call.words.strip(" .!").casefold()
    if words == "rehearse":
        return _rehearsal(call)
    if words:
        raise Refusal(say("Say `purge` alone to end the coalition, or `purge rehearse` to see what would go."))
    call.ask_second(
        say(
            "purge {coalition}: all that I keep of it is deleted, I leave its rooms and say nothing more, not even "
            "that it is done",
            coalition=call.coalition.name,
        )
    )
    purge(call.work, call.now)
    return None


def _rehearsal(call: Call) -> Message:
    """Say what would go, in counts."""
    counts = inventory(call.work)
    return message(
        Heading(say("A purge would delete")),
        List(tuple(say("{what}: {n}", what=words, n=counts[name]) for name, words in _WORDS.items() if name in counts)),
        say("With them goes all else that I keep: accounts, messages, the audit."),
        say("Without a word I would leave the direct chats, and rooms: {n}.", n=len(own_rooms(call.work))),
        _OLD if line_of(call.work) is None else _UNREADABLE,
        say("What is written in the chats stays there. Nothing was changed: `purge` asks for it."),
    )


VERBS: tuple[Verb, ...] = (
    Verb(
        "purge", purge_, "purge [rehearse]",
        "Deletes all that I keep of this coalition and leaves its rooms, once a second person confirmed it; "
        "`purge rehearse` says what would go.",
        role=Role.COORDINATOR, private=True, guarded=True, lasting=True, examples=("purge rehearse",),
    ),
)  # fmt: skip
