"""Verbs about one's own accounts: linking another one, and taking one out."""

from __future__ import annotations

from bot.commands import Call, NeedsYes, Refusal, Verb
from bot.dispatch import NO, YES
from bot.identities import account_of, accounts_of, most_of
from bot.invocation import ASKED_BY, ASKED_ON
from bot.linking import (
    GOOD_FOR,
    LOCKED,
    forget,
    give_code,
    giver,
    is_locked,
    join,
    may_be_linked,
    part,
    wrong_code,
)  # fmt: skip
from bot.message import Code, Message, Phrase, message, say
from bot.notices import coordinators, member_lane
from bot.people import about
from bot.rights import stranger
from bot.suspension import barred
from bot.tries import note_try
from storage.cipher import active
from storage.tables import Identity, Label, Link, Member, NoticeKind, Role
from storage.work import Work


def link(call: Call) -> Message:
    """Give a code for another account, take one that was given there, or confirm that it was."""
    _refuse_rooms(call, "link")
    if is_locked(call.work, call.now, call.invocation):
        note_try(call.work, call.now, call.invocation)
        return message(LOCKED)
    words = call.words.casefold().strip(" .!")
    if words and words not in (*YES, *NO):
        return _take_code(call)
    account = account_of(call.work, call.invocation)
    if call.account is None or account is None:
        raise stranger()
    if words:
        return _settle(call, account, _waiting(call.work, call, account), wanted=words in YES)
    code = give_code(call.work, call.now, account)
    return message(
        say("From your other account, say this to me in a direct chat within ten minutes: `link {code}`", code=code),
        say("Then I ask you here. Give the code to nobody: whoever says it asks to be you."),
    )


def unlink(call: Call) -> Message:
    """Take the account that speaks out of its member."""
    _refuse_rooms(call, "unlink")
    account = account_of(call.work, call.invocation)
    if account is None:
        raise LookupError("a member speaks from no account")
    others = [row for row in accounts_of(call.work, call.speaker.id) if row.id != account.id and _reaches(row, account)]
    if not others:
        raise Refusal(
            say("This is your only account here, so it cannot be taken out. Link another one first: `link` begins it.")
        )
    if _coordinates_alone(call.work, call.speaker) and all(most_of(row) is not Role.COORDINATOR for row in others):
        raise Refusal(
            say(
                "You are the only coordinator, and your other account acts as a member. Say "
                "{role} first, or make somebody else coordinator.",
                role=about(call.speaker, Code(f"role @{call.speaker.alias} coordinator"), Code("role")),
            )
        )
    if not call.confirmed:
        raise NeedsYes(
            say("This account will get nothing from me and may do nothing here; your other one stays. Say `yes`.")
        )
    part(call.work, account)
    told = say("One of your accounts was taken out, as it asked. If that was not you, tell a coordinator.")
    call.tell(member_lane(call.work, call.speaker.id), NoticeKind.ALERT, message(told), Label.PUBLIC)
    return message(say("This account is not linked any more."))


def _take_code(call: Call) -> Message:
    """Take a code from the other account, and ask the first. Neither message tells who the other is."""
    is_out = barred(call.work, call.invocation.platform, call.invocation.sender) is not None
    first = giver(call.work, call.now, call.words) if not is_out else None
    if first is None:
        return message(wrong_code(call.work, call.now, call.invocation))
    own, said = account_of(call.work, call.invocation), call.invocation
    if own is not None and own.id == first.id:
        raise Refusal(say("The code was given to this account. Say it from your other one."))
    if own is not None and own.member_id == first.member_id:
        raise Refusal(say("This account is linked already."))
    if not may_be_linked(call.work, said.platform, said.sender):
        raise Refusal(say("This account has a place of its own already, so it cannot be linked."))
    forget(call.work, first)
    call.work.put(
        Link(
            coalition_id=call.work.tenant, identity_id=first.id, platform=said.platform, address=said.sender,
            fingerprint=active()[0].fingerprint(said.sender), expires_at=call.now + GOOD_FOR,
        )
    )  # fmt: skip
    _write_to(call, first, say("Another account said your code. If that was you: `link yes`, else `link no`."))
    return message(say("Thank you. Now confirm it where you were given the code: I ask there."))


def _waiting(work: Work, call: Call, account: Identity) -> Link:
    found = work.first(Link, Link.identity_id == account.id, Link.expires_at > call.now)
    if found is None:
        raise Refusal(say("No account waits to be linked to this one. `link` gives a code for it."))
    return found


def _settle(call: Call, account: Identity, waiting: Link, *, wanted: bool) -> Message:
    if not wanted:
        call.work.delete(waiting)
        return message(say("Left as it was. The code no longer counts."))
    if not may_be_linked(call.work, waiting.platform, waiting.address):
        raise Refusal(say("That account has a place of its own by now, so it cannot be linked."))
    member = call.work.row(Member, account.member_id)
    _write_to(call, join(call.work, waiting, member), say("This account is linked now. `help` lists what I do."))
    return message(
        say("Linked. `unlink`, said on either account, takes that one out again."),
        say(
            "The other one acts as a member until a coordinator says {role}.",
            role=about(member, Code(f"role @{member.alias} {member.role}"), Code("role")),
        ) if member.role is Role.COORDINATOR else None,
    )  # fmt: skip


def _write_to(call: Call, account: Identity, words: Phrase) -> None:
    """Tell one account of a member something it waits for, at any hour."""
    lane = member_lane(call.work, account.member_id, account.platform)
    origin = {ASKED_ON: account.platform, ASKED_BY: account.address}
    call.tell(lane, NoticeKind.REPLY, message(words), Label.PUBLIC, origin=origin)


def _reaches(other: Identity, account: Identity) -> bool:
    """Tell whether somebody still gets messages at another account: on the console, whoever speaks there alone does."""
    return other.platform != "console" or account.platform == "console"


def _refuse_rooms(call: Call, verb: str) -> None:
    if call.invocation.place is not None:
        raise Refusal(say("Say `{verb}` in a direct chat with me, where nobody else can read it.", verb=verb))


def _coordinates_alone(work: Work, member: Member) -> bool:
    return [row.id for row in coordinators(work)] == [member.id]


VERBS: tuple[Verb, ...] = (
    Verb(
        "link", link, "link [CODE | yes | no]",
        "Joins another account of yours to this one: it gives a code, which you say there and confirm here.",
        role=None, label=Label.PUBLIC, private=True, anywhere=True, examples=("link", "link KDRW-MEAT", "link yes"),
    ),
    Verb(
        "unlink", unlink, "unlink", "Takes the account that says it out; you stay with your other one.",
        role=Role.OBSERVER, label=Label.PUBLIC, private=True, anywhere=True,
    ),
)  # fmt: skip
