"""Taking a command back: its rows are as before, what was not told yet is not told, and who heard is told so."""

from __future__ import annotations

from bot.audit import record
from bot.commands import Call, Refusal
from bot.message import Heading, Inline, List, Message, Paragraph, message, say
from bot.notices import cancel, coordinators
from bot.people import mention
from bot.rights import check_account
from storage.journal import ChangedSince, restore, touched_ids
from storage.tables import Deed, Lane, Member, Notice, NoticeKind, NoticeState, Outcome


def take_back(call: Call, deed: Deed) -> int:
    """Take a command of the speaker's back, and give how many lanes had heard of it and are corrected.

    Raises Refusal for a verb that lasts, when somebody changed it since, when nobody would coordinate, or for a guarded
    verb on a device that is not vouched for; NeedsYes when more people would hear than one may tell without asking.
    """
    if (verb := call.table.names.get(deed.verb)) is not None:
        check_account(verb, call)
        if verb.lasting:
            raise Refusal(
                say("I do not take `{verb}` back that way. `help {verb}` says what there is instead.", verb=verb.name)
            )
    try:
        restore(call.work, deed.journal, strict=True)
    except ChangedSince:
        raise Refusal(
            say("Somebody has changed it since, so `{verb}` cannot be taken back. Change it by hand.", verb=deed.verb)
        ) from None
    if touched_ids(deed.journal, Member) and not coordinators(call.work):
        raise Refusal(say("Without it nobody would coordinate. Make somebody else coordinator first."))
    if verb is not None and verb.privileged:
        record(call.work, call.now, verb.name, call.speaker.id, outcome=Outcome.UNDONE)
    deed.undone = True
    return _correct(call, deed)


def _correct(call: Call, deed: Deed) -> int:
    """Cancel what was not told yet, correct the rest, and give the number of corrections."""
    left = cancel(call.work.rows(Notice, Notice.deed_id == deed.id))
    heard: dict[int, list[Notice]] = {}
    for notice in left:
        if notice.state in (NoticeState.SENDING, NoticeState.SENT):
            heard.setdefault(notice.lane_id, []).append(notice)
    lanes = {lane_id: call.work.row(Lane, lane_id) for lane_id in heard}
    call.ask_before_telling(sum(lane.member_id is not None for lane in lanes.values()))
    for lane_id, notices in heard.items():
        label = max((notice.label for notice in notices), key=lambda label: label.rank)
        call.tell(lanes[lane_id], NoticeKind.NOTICE, _correction(call, notices), label)
    return len(heard)


def _correction(call: Call, notices: list[Notice]) -> Message:
    said = [line for notice in notices for line in _first_lines(notice)]
    return message(
        say("{who} has taken this back; it does not hold any more:", who=mention(call.speaker)),
        List(tuple(said)) if said else None,
    )


def _first_lines(notice: Notice) -> tuple[Inline, ...]:
    """Give what a notice said first: its heading or paragraph, or each item of a list."""
    for block in Message.from_data(notice.content or {"blocks": []}).blocks:
        if isinstance(block, List):
            return block.items
        if isinstance(block, Heading | Paragraph):
            return (block.line,)
    return ()
