"""What a speaker may do: the role a verb asks for, and the device it has to be said on."""

from __future__ import annotations

from bot.commands import Call, Denied, Verb
from bot.message import say
from bot.rules.labels import may_show, room_ceiling
from storage.tables import Member, Role, Room


def stranger() -> Denied:
    """Give what whoever is no member hears, whatever they say: also who asked to join, or was a member once."""
    return Denied(say("I work for a coalition and answer its members. To ask to join, say `hello`."))


def check_rights(verb: Verb, call: Call) -> None:
    """Raise Denied for whoever may not say the verb, or not on this device."""
    _check_role(verb, call)
    check_account(verb, call)


def check_account(verb: Verb, call: Call) -> None:
    """Raise Denied for what the account may not do, or not on this device, whatever its member may.

    A device that its owner has not vouched for may have been added by anybody.
    """
    if verb.role is not None and call.most.rank < verb.role.rank:
        raise Denied(
            say(
                "From this account I do not take `{verb}`: it was linked, and a coordinator has not said yet that it "
                "may. Say it from your other account.",
                verb=verb.name,
            )
        )
    if verb.guarded and not call.invocation.vouched:
        raise Denied(
            say(
                "I take `{verb}` only from a device that you have verified: in your app, verify this session with your "
                "other device or your recovery key, then say it again.",
                verb=verb.name,
            )
        )


def _check_role(verb: Verb, call: Call) -> None:
    if verb.role is None:
        return
    if call.account is None:
        raise stranger()
    if call.account.role.rank < verb.role.rank:
        needed = {Role.MEMBER: say("members"), Role.COORDINATOR: say("coordinators")}[verb.role]
        raise Denied(say("`{verb}` is for {role}. Ask one of them.", verb=verb.name, role=needed))


def answered_in(verb: Verb | None, account: Member | None, room: Room | None) -> Room | None:
    """Give the room that an answer appears in: none, where it concerns the asker alone or is not for that room.

    What a stranger is told, and what is said of words that are no verb, is for everybody.
    """
    if room is None or verb is None:
        return room
    seen = account is None or may_show(verb.label, room_ceiling(room.label, room.platform))
    return room if seen and not verb.private else None
