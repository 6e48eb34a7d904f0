"""Verbs about going: putting somebody out at once or for good, and one's own data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.accounts import account_holder
from bot.commands import Call, NeedsYes, Refusal, Verb
from bot.discretion import called, find_named
from bot.message import Code, Inline, Message, Moment, joined, message, say
from bot.mydata import data_files
from bot.notices import coordinators, member_lane
from bot.people import about, members, mention
from bot.removal import remove
from bot.retention import keeping_of
from bot.rights import stranger
from bot.rules.retention import DAY
from bot.suspension import ERASED_BACK, suspend, suspended, suspension_of, unsuspend
from storage.tables import Identity, Label, Member, NoticeKind, Role, Room, Standing


def suspend_(call: Call) -> Message:
    """Put somebody out at once."""
    member = find_named(call, _named(call, "suspend"), [*members(call.work), *suspended(call.work)])
    if member.standing is Standing.SUSPENDED:
        return message(say("{who} is suspended already.", who=mention(member)))
    if member.id == call.speaker.id:
        raise Refusal(say("That is you: another coordinator does that, or whoever hosts me with `dragoman suspend`."))
    rooms, days = _rooms_of(call, member), keeping_of(call.work, call.limits.keeping).suspended
    handed = suspend(call.work, call.now, member, call.speaker)
    return message(
        say("Suspended: {who}. From now on their accounts do nothing here. They are not told.", who=mention(member)),
        say(
            "What was on its way to them is cancelled, and what I wrote to them since {since} is deleted where that is "
            "possible.", since=Moment(call.now - ERASED_BACK, shape="full"),
        ),
        *handed.lines(),
        say("They still read along in {rooms}: take them out there, I cannot.", rooms=rooms) if rooms else None,
        say("Another coordinator takes it back with {unsuspend}. After {moment} they are out for good.",
            unsuspend=about(member, Code(f"unsuspend @{called(call, member)}"), Code("unsuspend")),
            moment=Moment(call.now + days * DAY, shape="full")),
    )  # fmt: skip


def unsuspend_(call: Call) -> Message:
    """Let somebody in again who was put out."""
    member = find_named(call, _named(call, "unsuspend"), suspended(call.work))
    if suspension_of(call.work, member).by_id == call.speaker.id:
        raise Refusal(
            say(
                "You suspended {who}, so another coordinator has to take it back, or whoever hosts me with "
                "`dragoman unsuspend`.",
                who=mention(member),
            )
        )
    unsuspend(call.work, call.now, member, call.speaker)
    return message(
        say("{who} is in again as before, and was not told.", who=mention(member)),
        say("Their tasks stay with whoever has them now: `reassign` gives some back."),
    )


def members_remove(call: Call) -> Message:
    """Take somebody out for good."""
    words, with_reviews = _with_reviews(call.words)
    call.words = words
    asked = call.work.rows(Member, Member.standing == Standing.ASKED)
    member = find_named(call, _named(call, "members remove"), [*members(call.work), *suspended(call.work), *asked])
    if member.id == call.speaker.id:
        raise Refusal(say("That is you: `forget me`, in a direct chat with me, takes yourself out."))
    if not call.confirmed:
        raise NeedsYes(
            say(
                "This takes {who} out for good: their accounts, notes, reminders and what I wrote to them go, and "
                "“a former member” stands where others name them; {reviews}. It cannot be undone. Say `yes` to go on.",
                who=mention(member), reviews=_reviews(with_reviews),
            )
        )  # fmt: skip
    told = say("{who} took a member out for good.", who=mention(call.speaker))
    handed = remove(call.work, call.now, member, told, call.speaker, with_reviews=with_reviews)
    return message(
        say("They are out for good."),
        *handed.lines(),
        say("Backups that were made before have them still: delete those, or let them grow old."),
    )


def my_data(call: Call) -> Message:
    """Give the asker all that is kept of them, as files in the direct chat."""
    member, keeping = _asker(call), keeping_of(call.work, call.limits.keeping)
    content = message(
        say("This is all that I keep of you, to be read and for programs."),
        *data_files(call.work, call.now, member, call.invocation.platform, keeping),
    )
    if call.invocation.place is None:
        return content
    lane = member_lane(call.work, member.id, call.invocation.platform)
    call.tell(lane, NoticeKind.REPLY, content, Label.PUBLIC, origin=call.invocation.asked)
    return message(say("I answer that in the direct chat."))


def forget_me(call: Call) -> Message:
    """Delete all that is kept of the speaker."""
    words, with_reviews = _with_reviews(call.words)
    if words:
        raise Refusal(say("Say `forget me`, or `forget me with reviews` if your reviews are to go too."))
    member = _asker(call)
    if [row.id for row in coordinators(call.work)] == [member.id]:
        raise Refusal(say("You are the only coordinator. Make somebody else one first: `role @NAME coordinator`."))
    if not call.confirmed:
        raise NeedsYes(
            say(
                "This deletes all that I keep of you and hands your tasks on; {reviews}. You are no member then, and "
                "it cannot be undone. Say `yes` to go on; `my data` shows what there is.",
                reviews=_reviews(with_reviews),
            )
        )
    told = say("A member had themselves forgotten.")
    remove(call.work, call.now, member, told, member, with_reviews=with_reviews)
    return message(
        say("You are forgotten. What I wrote to you in the last 7 days is deleted where that is possible."),
        say(
            "I cannot reach the rest: what you wrote, here and in rooms; what I wrote before, and in rooms; what "
            "others copied; backups that were made before. Delete what you can yourself, leave the rooms, and ask "
            "whoever hosts me about the backups."
        ),
    )


def _named(call: Call, verb: str) -> str:
    name = call.words.strip().rstrip(".!")
    if not name or " " in name:
        raise Refusal(say("Say whom, one at a time: `{verb} @ana`.", verb=verb))
    return name


def _with_reviews(words: str) -> tuple[str, bool]:
    """Take "with reviews" off the end."""
    found = re.fullmatch(r"(.*?)\s*\bwith reviews[ .!]*", words.strip(), re.IGNORECASE | re.DOTALL)
    return (found[1], True) if found else (words.strip(), False)


def _reviews(with_reviews: bool) -> Inline:
    return say("the reviews go too") if with_reviews else say("the reviews stay without a name")


def _rooms_of(call: Call, member: Member) -> Inline | None:
    """Name the rooms that are served where a member has accounts: nobody but people can take them out there."""
    platforms = {row.platform for row in call.work.rows(Identity, Identity.member_id == member.id)}
    rooms: Sequence[str] = [f"#{room.name}" for room in call.work.rows(Room) if room.platform in platforms]
    return joined(rooms) if rooms else None


def _asker(call: Call) -> Member:
    """Give who asks, also one who has only asked to join."""
    member = call.account or account_holder(call.work, call.invocation)
    if member is None:
        raise Refusal(stranger().phrase)
    return member


VERBS: tuple[Verb, ...] = (
    Verb(
        "suspend", suspend_, "suspend @NAME",
        "Puts somebody out at once, on all platforms, and hands their tasks on; they are not told.",
        role=Role.COORDINATOR, private=True, guarded=True, lasting=True, examples=("suspend @luis",),
    ),
    Verb(
        "unsuspend", unsuspend_, "unsuspend @NAME",
        "Lets somebody in again who was suspended; it takes another coordinator than the one who did that.",
        role=Role.COORDINATOR, private=True, guarded=True, lasting=True, examples=("unsuspend @luis",),
    ),
    Verb(
        "members remove", members_remove, "members remove @NAME [with reviews]",
        "Takes somebody out for good: what names them is deleted; reviews stay without a name, or go too.",
        role=Role.COORDINATOR, private=True, guarded=True, lasting=True,
        examples=("members remove @luis", "members remove @luis with reviews"),
    ),
    Verb(
        "my data", my_data, "my data", "Sends you all that I keep of you, as files in the direct chat.",
        role=None, label=Label.PUBLIC,
    ),
    Verb(
        "forget me", forget_me, "forget me [with reviews]",
        "Deletes all that I keep of you and hands your tasks on; reviews stay without a name, or go too.",
        role=None, label=Label.PUBLIC, private=True, guarded=True, lasting=True,
        examples=("forget me", "forget me with reviews"),
    ),
)  # fmt: skip
