"""Verbs that speak to many: announcements, the digest and notes for it."""

from __future__ import annotations

from bot.commands import Call, NeedsYes, Refusal, Verb
from bot.digest import next_moment, write_digest
from bot.discretion import ask_before_naming, named_in, visible
from bot.limits import check_notices
from bot.message import Heading, Message, Moment, Phrase, Text, count, message, say
from bot.notices import room_lane
from bot.people import members, mention
from bot.programme import home_zone
from bot.rules.labels import may_show, room_ceiling
from bot.when import WhenProblem, read_clock
from storage.tables import Label, Note, NoticeKind, Purpose, Role, Room

LONGEST_NOTE = 300
LONGEST_ANNOUNCEMENT = 2000
"""In letters: a digest is fifteen lines, and an announcement is read on a phone."""


def announce(call: Call) -> Message:
    """Tell everybody, in the rooms for alerts, or in all rooms where none is for alerts."""
    if not call.words:
        raise Refusal(say("Say what: `announce The plenary begins at 11:00.`"))
    _check_length(call.words, LONGEST_ANNOUNCEMENT)
    rooms = _announcing(call)
    check_notices(call, more=len(rooms))
    where, people = _rooms(len(rooms)), len(visible(call, members(call.work)))
    if not call.confirmed:
        readers, named = count(people, "{n} person", "{n} people"), named_in(call, call.words)
        if named is not None:
            raise NeedsYes(
                say("This goes to {rooms}, reaches {people} and names {who}, who is discreet, where they are not to be "
                    "named. Say `yes` to send it so.", rooms=where, people=readers, who=named)
            )  # fmt: skip
        raise NeedsYes(
            say("This goes to {rooms} and reaches {people}. Say `yes` to send it.", rooms=where, people=readers)
        )
    content = message(
        Heading(say("Announcement")), Text(call.as_typed(call.words)), say("From {who}", who=mention(call.speaker))
    )  # fmt: skip
    for room in rooms:
        call.tell(room_lane(call.work, room), NoticeKind.ANNOUNCEMENT, content)
    return message(say("Announced in {rooms}.", rooms=where))


def note(call: Call) -> Message:
    """Put a line into the next digest; noting it is sharing it with the coalition, wherever it is typed."""
    if not call.words:
        raise Refusal(say("Say what: `note Delegates of the group meet at 9:00 in the Vienna Café.`"))
    _check_length(call.words, LONGEST_NOTE)
    ask_before_naming(call, call.words)
    words = call.as_typed(call.words)
    call.work.put(
        Note(
            coalition_id=call.work.tenant, member_id=call.speaker.id, words=words, label=Label.COALITION,
            noted_at=call.now,
        )
    )  # fmt: skip
    return message(say("Noted for the next digest, which the whole coalition reads. `undo` takes it back."))


def digest(call: Call) -> Message | None:
    """Post a room's digest now, or say at what hour it comes, or that it does not."""
    word, _, rest = call.words.strip(" .").partition(" ")
    room = _digest_room(call)
    match word.casefold():
        case "" | "now":
            return _post(call, room)
        case "at" if rest:
            return _at(call, room, rest)
        case "off" | "on":
            room.digest_on = word.casefold() == "on"
            return _when(call, room)
    raise Refusal(say("Say `digest now`, `digest at 19:30`, `digest off` or `digest on`."))


def _check_length(words: str, longest: int) -> None:
    if len(words) > longest:
        raise Refusal(
            say("That is too long: {n} letters, {longest} at most. Say the rest in another.",
                n=len(words), longest=longest)
        )  # fmt: skip


def _announcing(call: Call) -> list[Room]:
    """Give the rooms that may see what is the coalition's: those for alerts, else all."""
    rooms = [
        room for room in call.work.rows(Room) if may_show(Label.COALITION, room_ceiling(room.label, room.platform))
    ]
    if not rooms:
        raise Refusal(say("I serve no room that may read this. Say `room here for alerts` in one first."))
    return [room for room in rooms if room.serves(Purpose.ALERTS)] or rooms


def _rooms(n: int) -> Phrase:
    return count(n, "{n} room", "{n} rooms")


def _digest_room(call: Call) -> Room:
    if call.room is not None and call.room.serves(Purpose.DIGEST):
        return call.room
    rooms = [room for room in call.work.rows(Room) if room.serves(Purpose.DIGEST)]
    if not rooms:
        raise Refusal(say("No room gets a digest yet. Say `room here for digest` in one, with what else it is for."))
    if len(rooms) > 1:
        names = ", ".join(f"#{room.name}" for room in rooms)
        raise Refusal(say("Several rooms get a digest: {rooms}. Say it in the one you mean.", rooms=names))
    return rooms[0]


def _post(call: Call, room: Room) -> Message | None:
    check_notices(call)
    content = write_digest(call.work, call.coalition, room, call.now, call.now)
    if content is None:
        return message(say("There is nothing to put into a digest now."))
    call.tell(room_lane(call.work, room), NoticeKind.DIGEST, content, room_ceiling(room.label, room.platform))
    here = call.room is not None and call.room.id == room.id
    return None if here else message(say("Posted in #{room}.", room=room.name))


def _at(call: Call, room: Room, words: str) -> Message:
    try:
        clock = read_clock(words)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None
    room.digest_at, room.digest_on = f"{clock:%H:%M}", True
    return _when(call, room)


def _when(call: Call, room: Room) -> Message:
    if not room.digest_on:
        return message(say("#{room} gets no digest now. `digest on` brings it back.", room=room.name))
    at = next_moment(call.work, call.coalition, room, call.now)
    due = Moment(at, home_zone(call.work, call.coalition, at).key)
    return message(
        say("#{room} gets the digest at {clock} of the venue on session days, otherwise on Mondays. Next: {due}.",
            room=room.name, clock=room.digest_at, due=due)
    )  # fmt: skip


VERBS: tuple[Verb, ...] = (
    Verb(
        "announce", announce, "announce TEXT", "Tells everybody, after you said `yes`.",
        role=Role.COORDINATOR, examples=("announce The plenary begins at 11:00.",),
    ),
    Verb(
        "note", note, "note TEXT", "Puts a line into the next digest.",
        undoable=True, examples=("note The draft of the group is expected tonight.",),
    ),
    Verb(
        "digest", digest, "digest [now | at TIME | off | on]",
        "Posts the digest now, or sets the hour at which it comes.",
        role=Role.COORDINATOR, undoable=True, examples=("digest now", "digest at 19:30", "digest off"),
    ),
)  # fmt: skip
