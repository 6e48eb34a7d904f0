"""Verbs about rooms: which ones the bot serves, and what for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands import Call, Refusal, Verb, nearest
from bot.limits import check_rooms
from bot.message import Heading, Inline, List, Message, Phrase, joined, message, say
from bot.rules.labels import exposes_more, room_ceiling
from storage.cipher import active
from storage.tables import Label, Purpose, Role, Room

_PURPOSES = {
    Purpose.TASKS: say("tasks"), Purpose.ALERTS: say("alerts"), Purpose.COUNTDOWN: say("countdown"),
    Purpose.DIGEST: say("digest"),
}  # fmt: skip
_LABELS = {Label.PUBLIC: say("public"), Label.COALITION: say("coalition"), Label.CLOSED: say("closed")}

_NOT_PROTECTED = say(
    "I serve only rooms that are encrypted and that people come into by invitation. Change that in the room's "
    "settings, then say it again."
)
_NOT_IN_IT = say("I am not in this channel. Invite me with `/invite`, then say it again.")


def room_here(call: Call) -> Message:
    """Serve the room it is said in."""
    place = call.invocation.place
    if place is None:
        raise Refusal(say("Say this in the room itself: I cannot tell here which one you mean."))
    if not call.invocation.servable:
        raise Refusal(_NOT_IN_IT if call.invocation.platform == "slack" else _NOT_PROTECTED)
    words, label = _label_wanted(call.words)
    purposes, room = read_purposes(words), call.room
    before, was_shared = (room.label, room.shared) if room is not None else (None, False)
    # When it was asked, others may not have read along yet.
    shared = call.invocation.shared or (was_shared and call.seconded is not None)
    after = label or (Label.PUBLIC if shared and not was_shared else before or Label.COALITION)
    if exposes_more(before, after, was_shared=was_shared, shared=shared):
        call.ask_second(_shows_more(room.name if room is not None else _name(call, place), after, shared=shared))
    if room is None:
        check_rooms(call)
        room = Room(
            coalition_id=call.work.tenant, name=_name(call, place), platform=call.invocation.platform, address=place,
            fingerprint=active()[0].fingerprint(place), purposes=purposes,
        )  # fmt: skip
        call.room = call.work.put(room)  # served from now on: the answer appears in it
    call.subject = room
    room.purposes, room.shared, room.label = purposes, shared, after
    return message(
        say("This room is served now for {purposes}; it may see {label} items.",
            purposes=_purposes(purposes), label=_LABELS[room_ceiling(room.label, room.platform)]),
        say("Other organisations read along here: `room here for {purposes} as coalition` shows them more.",
            purposes=", ".join(purposes)) if shared and room.label is Label.PUBLIC else None,
    )  # fmt: skip


def _shows_more(name: str, label: Label, *, shared: bool) -> Phrase:
    """Say what a room would see that it does not see now."""
    if shared:
        return say("show {label} items in #{room}, where other organisations read along",
                   label=_LABELS[label], room=name)  # fmt: skip
    return say("show {label} items in #{room}", label=_LABELS[label], room=name)


def list_rooms(call: Call) -> Message:
    """List the rooms that are served."""
    rooms = call.work.rows(Room)
    if not rooms:
        raise Refusal(say("I serve no room yet. A coordinator says `room here for tasks, alerts` in one."))
    return message(Heading(say("Rooms: {n}", n=len(rooms))), List(tuple(_line(room) for room in rooms)))


def read_purposes(words: str) -> list[Purpose]:
    """Read "for tasks, alerts and digest" in the order that Purpose has; raises Refusal for what is no purpose."""
    wanted = set()
    for word in re.findall(r"[^\s,;]+", re.sub(r"^for\b", "", words.strip(), flags=re.IGNORECASE).casefold()):
        if word in ("and", "&"):
            continue
        found = {purpose.rstrip("s"): purpose for purpose in Purpose}.get(word.strip(".").rstrip("s"))
        if found is None:
            near = nearest(word, list(Purpose))
            if near:
                raise Refusal(say("I know no purpose “{word}”. Did you mean `{near}`?", word=word[:40], near=str(near)))
            raise Refusal(
                say(
                    "I know no purpose “{word}”. There are `tasks`, `alerts`, `countdown` and `digest`.", word=word[:40]
                )
            )
        wanted.add(found)
    if not wanted:
        raise Refusal(say("Say what for: `room here for tasks, alerts`, also `countdown` and `digest`."))
    return [purpose for purpose in Purpose if purpose in wanted]


def _label_wanted(words: str) -> tuple[str, Label | None]:
    """Take "as public" or "as coalition" off the end."""
    found = re.fullmatch(rf"(.*?)\s*\bas\s+({Label.PUBLIC}|{Label.COALITION})[ .!]*", words, re.IGNORECASE | re.DOTALL)
    return (found[1], Label(found[2].casefold())) if found else (words, None)


def _name(call: Call, place: str) -> str:
    """Give a free name. Platform ids stay encrypted, so they never serve as names; the console has names for ids."""
    given = place if call.invocation.platform == "console" else str(call.invocation.origin.get("room_name", ""))
    name = given.lstrip("#") or "room"
    taken = {room.name for room in call.work.rows(Room)}
    return next(free for free in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if free not in taken)


def _purposes(purposes: Sequence[Purpose]) -> Inline:
    return joined([_PURPOSES[Purpose(purpose)] for purpose in purposes])


def _line(room: Room) -> Inline:
    parts: list[Inline | str] = [f"#{room.name}", _purposes(room.purposes), _LABELS[room.label]]
    if room.serves(Purpose.DIGEST):
        parts.append(say("digest at {clock}", clock=room.digest_at) if room.digest_on else say("digest off"))
    return joined([part for part in parts if part], "; ")


VERBS: tuple[Verb, ...] = (
    Verb(
        "room here", room_here, "room here for tasks, alerts, countdown, digest [as public | coalition]",
        "Serves the room it is said in, for what you name; public items alone, or the coalition's too.",
        role=Role.COORDINATOR, label=Label.PUBLIC, guarded=True, anywhere=True,
        examples=("room here for tasks, alerts", "room here for countdown, digest as public"),
    ),
    Verb("rooms", list_rooms, "rooms", "Lists the rooms that I serve, and what for.", private=True),
)  # fmt: skip
