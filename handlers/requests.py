"""Verbs of the second person: confirming what another coordinator asks for, and refusing it."""

from __future__ import annotations

from bot.commands import Call, Refusal, Verb
from bot.discretion import discreet
from bot.message import List, Message, Moment, mentioned, message, say
from bot.requests import asker_of, carry_out, close, find_request, name_of, open_requests, what_of
from storage.tables import Request, RequestState, Role


def confirm(call: Call) -> Message:
    """Let what another coordinator asked for be done, or list what waits."""
    if not call.words:
        return _list(call)
    request = call.subject = find_request(call.work, call.now, call.words)
    if request.member_id == call.speaker.id:
        raise Refusal(
            say("You asked for it yourself, so somebody else confirms it. `refuse {n}` takes it back.",
                n=request.number)
        )  # fmt: skip
    _refuse_unseen(call, request)
    call.settles = True
    carry_out(call.work, call.now, call.table, request, call.speaker)
    return message(say("Confirmed and done: request {n}.", n=request.number))


def _refuse_unseen(call: Call, request: Request) -> None:
    """Let nobody confirm what they were not told: who asks, or whom it is about."""
    asker, what = asker_of(call.work, request), what_of(request)
    if not call.names_all and mentioned(message(name_of(asker), what)) & discreet(call.work):
        raise Refusal(
            say("Request {n} concerns somebody who is not named here. Look at it, and confirm it, in a direct chat "
                "with me on Matrix.", n=request.number)
        )  # fmt: skip


def refuse(call: Call) -> Message:
    """End what another coordinator asked for, or take back one's own request."""
    request = call.subject = find_request(call.work, call.now, call.words)
    call.settles = True
    own = request.member_id == call.speaker.id
    close(call.work, call.now, request, RequestState.WITHDRAWN if own else RequestState.REFUSED, call.speaker)
    if own:
        return message(say("Taken back: request {n}.", n=request.number))
    return message(say("Refused: request {n}. Whoever asked is told.", n=request.number))


def _list(call: Call) -> Message:
    waiting = open_requests(call.work, call.now)
    if not waiting:
        raise Refusal(say("No request waits for a second person."))
    lines = tuple(
        say("{n}: {who} asks to {what}, until {moment}", n=request.number, who=name_of(asker_of(call.work, request)),
            what=what_of(request) or "", moment=Moment(request.expires_at))
        for request in waiting
    )  # fmt: skip
    return message(List(lines), say("Next: `confirm {n}` or `refuse {n}`.", n=waiting[0].number))


VERBS: tuple[Verb, ...] = (
    Verb(
        "confirm", confirm, "confirm [NUMBER]",
        "Lets what another coordinator asked for be done, within the hour; alone, lists what waits.",
        role=Role.COORDINATOR, private=True, guarded=True, examples=("confirm 3",),
    ),
    Verb(
        "refuse", refuse, "refuse NUMBER", "Ends what another coordinator asked for, or takes your own request back.",
        role=Role.COORDINATOR, private=True, examples=("refuse 3",),
    ),
)  # fmt: skip
