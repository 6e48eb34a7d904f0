"""What a speaker may do: the role a verb asks for, and the device it has to be said on."""

from __future__ import annotations

from bot.commands import Call, Refusal, Verb
from bot.message import say
from storage.tables import Role


def check_rights(verb: Verb, call: Call) -> None:
    """Raise Refusal for whoever may not say the verb, or not on this device."""
    _check_role(verb, call)
    check_account(verb, call)


def check_account(verb: Verb, call: Call) -> None:
    """Raise Refusal for what the account may not do, or not on this device, whatever its member may.

    A device that its owner has not vouched for may have been added by anybody.
    """
    if verb.role is not None and call.most.rank < verb.role.rank:
        raise Refusal(
            say(
                "From this account I do not take `{verb}`: it was linked, and a coordinator has not said yet that it "
                "may. Say it from your other account.",
                verb=verb.name,
            )
        )
    if verb.guarded and not call.invocation.vouched:
        raise Refusal(
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
        raise Refusal(say("I work for a coalition and answer its members. To ask to join, say `hello`."))
    if call.account.role.rank < verb.role.rank:
        needed = {Role.MEMBER: say("members"), Role.COORDINATOR: say("coordinators")}[verb.role]
        raise Refusal(say("`{verb}` is for {role}. Ask one of them.", verb=verb.name, role=needed))
