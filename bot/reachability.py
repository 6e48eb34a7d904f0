"""What an adapter learns of people and rooms, told to the coordinators: who cannot be reached, whose keys changed.

Adapters call these in a transaction of the coalition concerned; `bot.whence` tells which ones an account or a room
belongs to. The messages name aliases and go to coordinators only. What was told once is not told again under its key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlmodel import col, select

from bot.identities import account_at
from bot.message import Code, Inline, Message, Moment, Phrase, Text, Veiled, count, joined, message, say
from bot.notices import coordinators, member_lane, tell, tell_each
from bot.people import about, mention
from bot.rules.discretion import names_all
from bot.tasks import look
from bot.veil import SOMEBODY
from storage.cipher import active
from storage.tables import Label, Member, Notice, NoticeKind, Room, Standing
from storage.work import Work

_PLATFORMS = {"matrix": "Matrix", "slack": "Slack", "console": "the terminal"}


def cannot_reach(work: Work, now: dt.datetime, member_id: int, platform: str) -> None:
    """Tell that a member gets nothing on a platform, and how much waits for them; once a day at most."""
    member = work.row(Member, member_id)
    if member.standing is not Standing.ACTIVE:
        return
    content = message(
        say("I cannot reach {who} on {platform}.", who=mention(member), platform=platform_name(platform)),
        _tasks_of(work, now, member),
        say("Ask them another way to write to me there, or `reassign` what cannot wait.")
        if look(work, now).held_by(member)
        else None,
    )
    tell_each(
        work, coordinators(work, member), NoticeKind.NOTICE, content, f"unreachable/{member_id}/{now:%Y%m%d}", now
    )


def joined_closed_room(work: Work, now: dt.datetime, room: Room, names: Sequence[str]) -> None:
    """Tell who is new in a closed room: accounts, or what they are called; once a day at most for the same ones."""
    new = say("New in #{room}: {people}.", room=room.name, people=_people(work, room, names))
    advice = say("The room is closed: if somebody does not belong there, take them out of it.")
    _tell_of_closed(work, now, room, names, "joined", message(new, advice))


def invited_to_closed_room(work: Work, now: dt.datetime, room: Room, names: Sequence[str]) -> None:
    """Tell who was invited to a closed room, likewise: before they come they may read what is said from then on."""
    new = say("Invited to #{room}: {people}.", room=room.name, people=_people(work, room, names))
    advice = say("The room is closed: if somebody does not belong there, take them out of it.")
    _tell_of_closed(work, now, room, names, "invited", message(new, advice))


def left_room(work: Work, now: dt.datetime, room: Room, names: Sequence[str]) -> None:
    """Tell who left a closed room, likewise."""
    gone = say("No longer in #{room}: {people}.", room=room.name, people=_people(work, room, names))
    _tell_of_closed(work, now, room, names, "left", message(gone))


def member_left(work: Work, now: dt.datetime, room: Room, account: str) -> None:
    """Tell that a member is no longer in a served room, and how much waits for them; strangers may come and go."""
    found = account_at(work, room.platform, account)
    member = work.row(Member, found.member_id) if found is not None else None
    if member is None or member.standing is not Standing.ACTIVE:
        return
    content = message(
        say("{who} is no longer in #{room}.", who=mention(member), room=room.name),
        _tasks_of(work, now, member),
    )
    tell_each(
        work, coordinators(work, member), NoticeKind.NOTICE, content, f"left/{room.id}/{member.id}/{now:%Y%m%d}", now
    )


def left_platform(work: Work, now: dt.datetime, account: str, platform: str) -> None:
    """Tell that a member left a platform's workspace, or all rooms that are served there, and what is theirs; once.

    Once they have come back (`came_back`) it is told again.
    """
    found = account_at(work, platform, account)
    member = work.row(Member, found.member_id) if found is not None else None
    if member is None or member.standing is not Standing.ACTIVE:
        return
    gone = (
        say("{who} is not in the workspace on Slack any more.", who=mention(member))
        if platform == "slack"
        else say(
            "{who} is in none of my rooms on {platform} any more.",
            who=mention(member),
            platform=platform_name(platform),
        )
    )
    content = message(
        gone,
        _tasks_of(work, now, member),
        say("If they are not to come back: {suspend}.", suspend=_typed("suspend", member)),
    )
    tell_each(work, coordinators(work, member), NoticeKind.NOTICE, content, _gone_key(member.id, platform), now)


def came_back(work: Work, account: str, platform: str) -> None:
    """Take note that somebody is there again, so that it is told when they leave again."""
    found = account_at(work, platform, account)
    if found is not None:
        key = f"{_gone_key(found.member_id, platform)}/"
        for notice in work.rows(Notice, col(Notice.key).startswith(key, autoescape=True)):
            notice.key = f"was-{notice.key}/{notice.id}"


def _gone_key(member_id: int, platform: str) -> str:
    return f"gone/{member_id}/{platform}"


def room_shared(work: Work, now: dt.datetime, room: Room) -> None:
    """Show only public items from now on in a room that other organisations joined, and tell that; once."""
    was_public, was_shared = room.label is Label.PUBLIC, room.shared
    room.shared = True
    if was_public or was_shared:
        return
    room.label = Label.PUBLIC
    content = message(
        say("#{room} is shared with other organisations now: I show only public items there.", room=room.name),
        say("If they may see more, say `room here for … as coalition` in it."),
    )
    tell_each(work, coordinators(work), NoticeKind.ALERT, content, f"room-shared/{room.id}/{now:%Y%m%dT%H%M}", now)


def room_lost(work: Work, now: dt.datetime, room: Room) -> None:
    """Tell that what is owed to a served room does not arrive there; once a day at most."""
    content = message(
        say("What I owe to #{room} does not arrive.", room=room.name),
        say("Either I am no longer in it, or it is not protected any more: encrypted, and by invitation only."),
        say("Invite me again or mend its settings, or say `room here for …` in another room."),
    )
    tell_each(work, coordinators(work), NoticeKind.ALERT, content, f"room-lost/{room.id}/{now:%Y%m%d}", now)


def missed_in_room(work: Work, now: dt.datetime, room: Room, before: dt.datetime, mark: str) -> None:
    """Tell that the bot did not see all that was said in a served room; `mark` is the platform's mark of that gap."""
    content = message(
        say("I was away and missed what was said in #{room} before {moment}.", room=room.name, moment=Moment(before)),
        say("Whoever meant something for me there: please say it again."),
    )
    tell_each(work, coordinators(work), NoticeKind.NOTICE, content, f"missed/{room.id}/{_print(mark)}", now)


def missed_in_chat(
    work: Work, now: dt.datetime, member_id: int, platform: str, *, before: dt.datetime, mark: str
) -> None:
    """Tell a member that the bot did not see all that they said in their direct chat there, likewise."""
    content = message(
        say("I was away and missed what you wrote here before {moment}.", moment=Moment(before)),
        say("Say again what was meant for me."),
    )
    key = f"missed/{member_id}/{platform}/{_print(mark)}"
    tell(work, member_lane(work, member_id, platform), NoticeKind.NOTICE, content, key=key, now=now)


def room_moved(work: Work, platform: str, old_address: str, new_address: str) -> Room | None:
    """Serve a room at its new address from now on, and give it; None where no such room is served or the new one is."""
    room, taken = _rooms_at(work, platform, old_address), _rooms_at(work, platform, new_address)
    own = next((row for row in room if row.coalition_id == work.tenant), None)
    if own is None or taken:
        return None
    own.address, own.fingerprint = new_address, active()[0].fingerprint(new_address)
    return own


def identity_changed(work: Work, now: dt.datetime, member_id: int, change: str | None = None) -> None:
    """Tell that a member's security identity changed; `change` is the platform's mark of it, else the day is."""
    member = work.row(Member, member_id)
    content = message(
        say("The security identity of {who} changed.", who=mention(member)),
        say("Ask them another way whether that was them. If not, somebody else may read and write as them there."),
    )
    key = f"identity-changed/{member_id}/{change or f'{now:%Y%m%d}'}"
    tell_each(work, coordinators(work, member) or [member], NoticeKind.ALERT, content, key, now)


def device_unsigned(work: Work, now: dt.datetime, member_id: int, n: int, change: str | None = None) -> None:
    """Tell that a member uses `n` devices that they have not verified; `change` as for identity_changed()."""
    member = work.row(Member, member_id)
    devices = count(n, "{who} uses {n} device that they have not verified.",
                    "{who} uses {n} devices that they have not verified.", who=mention(member))  # fmt: skip
    advice = say("Ask them to verify it in their app, or to sign it out if it is not theirs.")
    key = f"device-unsigned/{member_id}/{n}/{change or f'{now:%Y%m%d}'}"
    tell_each(work, coordinators(work, member) or [member], NoticeKind.ALERT, message(devices, advice), key, now)


def _tasks_of(work: Work, now: dt.datetime, member: Member) -> Phrase:
    n = len(look(work, now).held_by(member))
    tasks = count(n, "{n} task is theirs: {tasks}.", "{n} tasks are theirs: {tasks}.",
                  tasks=_typed("tasks", member))  # fmt: skip
    return tasks if n else say("No task is theirs.")


def _typed(verb: str, member: Member) -> Inline:
    return about(member, Code(f"{verb} @{member.alias}"), Code(verb))


def other_device_on_account(work: Work, now: dt.datetime, platform: str, device: str) -> None:
    """Tell that somebody signed in to the bot's own account; `device` marks theirs, told of once."""
    content = message(
        say("Somebody signed in to my {platform} account with another device.", platform=platform_name(platform)),
        say("It reads nothing that I write, but it can write in my name and see who is in which room."),
        say("Whoever hosts me: run `dragoman matrix status`, log that device out and change the account's password."),
    )
    tell_each(work, coordinators(work), NoticeKind.ALERT, content, f"own-device/{platform}/{device}", now)


def own_identity_replaced(work: Work, now: dt.datetime, platform: str, identity: str) -> None:
    """Tell that the bot's own security identity is not the one it made; `identity` is a mark of the new one."""
    content = message(
        say("My own security identity on {platform} was replaced.", platform=platform_name(platform)),
        say("Somebody else may write in my name there: trust nothing of importance that I say until it is set right."),
        say("Whoever hosts me: run `dragoman matrix status`, change the account's password, ask who runs the server."),
    )
    tell_each(work, coordinators(work), NoticeKind.ALERT, content, f"own-identity/{platform}/{identity}", now)


def platform_name(platform: str) -> str:
    """Give what people call a platform."""
    return _PLATFORMS.get(platform, platform)


def _tell_of_closed(
    work: Work, now: dt.datetime, room: Room, names: Sequence[str], what: str, content: Message
) -> None:
    if room.label is not Label.CLOSED or not names:
        return
    key = f"{what}/{room.id}/{_print(chr(10).join(sorted(names)))}/{now:%Y%m%d}"
    tell_each(work, coordinators(work), NoticeKind.NOTICE, content, key, now)


def _print(mark: str) -> str:
    return active()[0].fingerprint(mark)  # keys are not encrypted


def _people(work: Work, room: Room, names: Sequence[str]) -> Inline:
    """Give those who are members as such, the others as they are called."""
    found = [(name, account_at(work, room.platform, name)) for name in names]
    return joined(
        [mention(work.row(Member, account.member_id)) if account else _account(room, name) for name, account in found]
    )


def _account(room: Room, name: str) -> Inline:
    """Give how an account of nobody's is called: one on Matrix is nobody's concern elsewhere."""
    return Veiled(None, Text(name), SOMEBODY) if names_all(room.platform) else Text(name)


def _rooms_at(work: Work, platform: str, address: str) -> list[Room]:
    """Give the rooms with that address, in whatever coalition."""
    prints = active()[0].fingerprints(address)
    return list(work.exec(select(Room).where(Room.platform == platform, col(Room.fingerprint).in_(prints))))
