"""Two people: what one coordinator asks for and another one, or the host where there is no other, confirms.

A verb says `call.ask_second(...)`; the command is then kept as it was said. When it is confirmed it is run as said, for
the one who asked and with the rights they have by then, and only if it still does what was read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from sqlmodel import func, select

from bot.audit import GONE, HOST, record
from bot.commands import Call, CommandTable, NeedsSecond, Refusal, clean, without_prefix
from bot.identities import account_of, accounts_of, most_of
from bot.invocation import Invocation
from bot.mentions import with_aliases
from bot.message import Heading, Inline, Message, Moment, Phrase, actions, message, say
from bot.notices import About, coordinators, member_lane, room_lane, tell
from bot.people import mention
from bot.planning import bring_up_to_date, replan
from bot.rights import answered_in, check_rights
from bot.whence import find_member, find_room
from storage.tables import Coalition, Label, Member, NoticeKind, Outcome, Request, RequestState, Role
from storage.work import Work

WITHIN = dt.timedelta(hours=1)
KEPT = dt.timedelta(days=1)
"""How long after it expired the words of a request stay."""
TOLD = "told.request"


def seconds(work: Work, member_id: int) -> list[Member]:
    """Give the coordinators who can confirm what a member asks: active ones, with an account that may coordinate."""
    return [
        other
        for other in coordinators(work)
        if other.id != member_id and any(most_of(row) is Role.COORDINATOR for row in accounts_of(work, other.id))
    ]


def ask(work: Work, now: dt.datetime, asker: Member, needs: NeedsSecond, verb: str) -> Phrase:
    """Keep what was asked, tell the other coordinators, and give the answer for the one who asked."""
    said, others = needs.invocation, seconds(work, asker.id)
    for earlier in _of(work, now, asker):
        if said.corrects is not None and earlier.said == said.corrects:
            close(work, now, earlier, RequestState.WITHDRAWN, asker)
        elif earlier.verb == verb and what_of(earlier) == needs.what:
            return say("That waits already, as request {n}: {next}", n=earlier.number, next=_next(earlier, others))
    request = work.put(
        Request(
            coalition_id=work.tenant, number=_last_number(work) + 1, member_id=asker.id, verb=verb,
            asked={"invocation": said.to_data(), "what": message(needs.what).to_data()},
            said=said.corrects or said.event_id, asked_at=now, expires_at=now + WITHIN,
        )
    )  # fmt: skip
    record(work, now, verb, asker.id, request, Outcome.ASKED)
    for other in coordinators(work):
        if other.id != asker.id:
            _tell(work, now, request, other, _asks(request, asker), "asked", About(TOLD, request.id))
    replan(work, now)
    return say("This waits, as request {n}, for a second person. {next} `refuse {n}` takes it back.",
               n=request.number, next=_next(request, others))  # fmt: skip


def open_requests(work: Work, now: dt.datetime) -> list[Request]:
    """Give what waits for a second person, the oldest first."""
    return work.rows(Request, Request.state == RequestState.OPEN, Request.expires_at > now)


def find_request(work: Work, now: dt.datetime, typed: str) -> Request:
    """Give the request with that number, held until the end of the transaction; raises Refusal where none waits."""
    number = typed.strip(" .#")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refusal(say("Say it with the number of the request: `confirm` alone lists them."))
    found = select(Request).where(Request.coalition_id == work.tenant, Request.number == int(number))
    request = work.exec(found.with_for_update()).first()  # two people may say it at once
    if request is None or request.state is not RequestState.OPEN or request.expires_at <= now:
        raise Refusal(say("No request {n} waits. `confirm` lists what does.", n=int(number)))
    return request


def what_of(request: Request) -> Phrase | None:
    """Give what a request would do, in words; None once they are erased."""
    blocks = Message.from_data(request.asked["what"]).blocks if request.asked else ()
    line = getattr(blocks[0], "line", None) if blocks else None
    return line if isinstance(line, Phrase) else None


def asker_of(work: Work, request: Request) -> Member | None:
    """Give who asked; None once they are removed."""
    return work.first(Member, Member.id == request.member_id)


def name_of(asker: Member | None) -> Inline:
    """Give how whoever asked is named."""
    return mention(asker) if asker is not None else GONE


def close(work: Work, now: dt.datetime, request: Request, state: RequestState, by: Member | None) -> None:
    """Settle a request and tell all coordinators and who asked, but not who settled it; None stands for the host."""
    asker = asker_of(work, request)
    told = {one.id: one for one in (*coordinators(work), asker) if one is not None and one != by}
    _settle(work, now, request, state, by, told.values())


def _settle(
    work: Work, now: dt.datetime, request: Request, state: RequestState, by: Member | None, told: Iterable[Member]
) -> None:
    request.state = state
    said = _outcome(request, state, asker_of(work, request), by)
    for member in told:
        _tell(work, now, request, member, message(said), "settled")
    work.flush()
    replan(work, now)


def carry_out(work: Work, now: dt.datetime, table: CommandTable, request: Request, by: Member | None) -> None:
    """Run what was asked and answer the one who asked; None stands for the host.

    Raises Refusal where they may not say it any more or it would do something else by now, and what the verb raises.
    """
    what, asker = what_of(request), asker_of(work, request)
    call = _as_asked(work, now, table, request)
    if call is None or asker is None or what is None or call.account is None or call.account.id != asker.id:
        raise Refusal(say("Whoever asked for it is not here any more. Ask for it yourself."))
    found = table.find(call.words)
    if found is None:
        raise Refusal(say("It would do something else by now, so it is not done. Ask for it again."))
    try:
        check_rights(found[0], call)
    except Refusal:
        raise Refusal(say("{who} may not do that any more. Ask for it yourself.", who=mention(asker))) from None
    call.words = with_aliases(call)
    verb, call.words = table.find(call.words) or found
    others = [one for one in coordinators(work) if one not in (asker, by)]
    answer = verb.act(call)
    record(work, now, verb.name, asker.id, call.subject)
    _settle(work, now, request, RequestState.CONFIRMED, by, others)
    said = _outcome(request, RequestState.CONFIRMED, asker, by)
    room = answered_in(verb, call.account, call.room)
    if answer is not None and room is not None:
        call.tell(room_lane(work, room), NoticeKind.REPLY, answer, verb.label)
    private = answer.blocks if answer is not None and room is None else ()
    call.answer(Message((*message(said).blocks, *private)), verb.label if private else Label.COALITION)


def confirm_on_host(work: Work, now: dt.datetime, table: CommandTable, typed: str) -> Request:
    """Carry out a request by word of the host; raises Refusal where a second coordinator is there to confirm it."""
    request = find_request(work, now, typed)
    if seconds(work, request.member_id):
        raise Refusal(
            say("Another coordinator is there to confirm request {n}: ask them, in chat.", n=request.number)
        )  # fmt: skip
    carry_out(work, now, table, request, None)
    record(work, now, "confirm", HOST, request)
    bring_up_to_date(work, now)
    return request


def _as_asked(work: Work, now: dt.datetime, table: CommandTable, request: Request) -> Call | None:
    if request.asked is None:
        return None
    asked = Invocation.from_data(request.asked["invocation"])
    # Its first event has its one answer, and its message is not edited any more.
    said = replace(asked, event_id=f"{asked.event_id}/confirmed", origin={}, corrects=None)
    words, _ = without_prefix(clean(asked.words))
    account, coalition = account_of(work, asked), work.get_one(Coalition, work.tenant)
    return Call(
        work, now, coalition, find_member(work, asked), find_room(work, asked), words, said, table, confirmed=True,
        most=most_of(account), seconded=what_of(request),
    )  # fmt: skip


def _of(work: Work, now: dt.datetime, asker: Member) -> list[Request]:
    return [request for request in open_requests(work, now) if request.member_id == asker.id]


def _last_number(work: Work) -> int:
    # The coalition's row is held, so that two who ask at once get two numbers.
    work.exec(select(Coalition.id).where(Coalition.id == work.tenant).with_for_update()).one()
    return work.exec(select(func.max(Request.number)).where(Request.coalition_id == work.tenant)).one() or 0


def _next(request: Request, others: list[Member]) -> Phrase:
    if others:
        return say("Another coordinator says `confirm {n}` until {moment}.",
                   n=request.number, moment=Moment(request.expires_at))  # fmt: skip
    return say("You are the only coordinator, so whoever runs me confirms it on the host until {moment}: "
               "`dragoman confirm {n}`.", n=request.number, moment=Moment(request.expires_at))  # fmt: skip


def _asks(request: Request, asker: Member) -> Message:
    return message(
        Heading(say("Request {n} needs a second person", n=request.number)),
        say("{who} asks to {what}.", who=mention(asker), what=what_of(request) or ""),
        say("If you know from them that it is right, say `confirm {n}` until {moment}; if not, `refuse {n}`.",
            n=request.number, moment=Moment(request.expires_at)),
        actions((say("Confirm"), f"confirm {request.number}"), (say("Refuse"), f"refuse {request.number}")),
    )  # fmt: skip


def _outcome(request: Request, state: RequestState, asker: Member | None, by: Member | None) -> Phrase:
    who, n, what = say("Whoever runs me") if by is None else mention(by), request.number, what_of(request) or ""
    match state:
        case RequestState.WITHDRAWN:
            return say("{who} took back request {n}, to {what}.", who=who, n=n, what=what)
        case RequestState.REFUSED:
            return say("{who} refused request {n} of {asker}, to {what}.",
                       who=who, n=n, asker=name_of(asker), what=what)  # fmt: skip
    return say("{who} confirmed request {n} of {asker}, to {what}.", who=who, n=n, asker=name_of(asker), what=what)


def _tell(
    work: Work, now: dt.datetime, request: Request, to: Member, content: Message, what: str, about: About | None = None
) -> None:
    key = f"request/{request.id}/{what}/{to.id}"
    tell(work, member_lane(work, to.id), NoticeKind.ALERT, content, key=key, now=now, about=about)
