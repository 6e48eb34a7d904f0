"""Drafts added, published and withdrawn."""

from __future__ import annotations

import re

from sqlmodel import col

from bot.changes import Step, step_of
from bot.commands import Call, NeedsYes, Refusal, Verb
from bot.concerns import impact_of
from bot.drafts import keep_bytes, text_of
from bot.fetching import MOST_FETCHED
from bot.grammar import read_targets
from bot.limits import check_drafts
from bot.message import Heading, Inline, Message, actions, count, joined, message, say
from bot.previews import reach_words
from bot.provisions import current_draft, resolve, title
from bot.publishing import Told, alerted, publish, stranded, withdraw
from bot.relinking import correct
from bot.rules.labels import room_ceiling
from bot.tasks import look
from bot.when import WhenProblem, read_day
from storage.tables import Draft, DraftState, Label, Provision, Role

LONGEST_SYMBOL = 80
_MOST_MB = MOST_FETCHED // 10**6
NOTHING = ("none", "nothing", "gone")
_DATED = re.compile(r"\s+dated\s+", re.IGNORECASE)


def add(call: Call) -> Message | None:
    """Keep the attached file as a received draft; the preview follows when it has been read."""
    symbol, *dated = _DATED.split(call.words, maxsplit=1)
    symbol = " ".join(symbol.split())
    if not symbol or len(symbol) > LONGEST_SYMBOL:
        raise Refusal(say("Give the symbol that is printed on the draft: `draft add A/AC.291/22/Rev.2 dated 6 Feb`."))
    files = call.invocation.attachments
    if not files and call.invocation.unfetched:
        raise Refusal(
            say(
                "I could not fetch the file: it is gone, or larger than {most} MB. Attach it again.",
                most=_MOST_MB,
            )
        )
    if not files:
        raise Refusal(
            say("Attach the draft to the same message, as PDF or text. In the terminal: `:attach FILE` first.")
        )
    if len(files) > 1:
        raise Refusal(say("Attach one file: the draft in one language."))
    try:
        date = read_day(dated[0], call.now, call.zone) if dated else call.now.astimezone(call.zone).date()
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None
    check_drafts(call)
    call.work.put(
        Draft(
            coalition_id=call.work.tenant, text_id=text_of(call.work, symbol).id, symbol=symbol, date=date,
            state=DraftState.RECEIVED, label=_label(call), filename=files[0].name,
            sha256=keep_bytes(call.work, files[0].content), added_by=call.speaker.id,
            origin=call.invocation.asked, added_at=call.now,
        )
    )  # fmt: skip
    return None


def publish_draft(call: Call) -> Message | None:
    """Make the previewed draft the current one and alert whom it concerns."""
    draft, current = _candidate(call), current_draft(call.work)
    call.subject = draft
    if draft.base_id != (current.id if current else None):
        return _read_again(draft)
    if not call.confirmed:
        impact = impact_of(call.work, step_of(call.work, draft), call.now)
        reach = reach_words(call.work, impact)
        raise NeedsYes(say("Publishing {symbol}, dated {date}, tells {reach}. Say `yes` to publish it.",
                           symbol=draft.symbol, date=str(draft.date), reach=reach))  # fmt: skip
    told = publish(call.work, draft, call.now, call.invocation.event_id)
    return message(
        Heading(say("{symbol} is the current draft.", symbol=draft.symbol)),
        say("Told: {told}. `draft withdraw` takes it back.", told=_told(told)),
        actions((say("See the changes"), "diff")) if current else None,
    )


def withdraw_draft(call: Call) -> Message | None:
    """Take the current draft back and correct exactly those who were alerted."""
    draft = current_draft(call.work)
    if draft is None:
        raise Refusal(say("There is no published draft to withdraw. `drafts` lists what there is."))
    call.subject = draft
    base = call.work.row(Draft, draft.base_id) if draft.base_id is not None else None
    after = say("{symbol} is the current draft again", symbol=base.symbol) if base else say("there is no draft then")
    if not call.confirmed:
        n = alerted(call.work, draft, call.now)
        told = count(n, "{n} person or room is told", "{n} people and rooms are told") if n else say("nobody is told")
        raise NeedsYes(say("Withdrawing {symbol}: {after}{tasks}; {told}. Say `yes` to do it.",
                           symbol=draft.symbol, after=after, tasks=_tasks_then(call, draft), told=told))  # fmt: skip
    told_now = withdraw(call.work, draft, call.now, call.invocation.event_id)
    return message(
        Heading(say("{symbol} is withdrawn: {after}.", symbol=draft.symbol, after=after)),
        say("Told: {told}. `draft publish {symbol}` brings it back.", told=_told(told_now), symbol=draft.symbol),
    )


def _tasks_then(call: Call, draft: Draft) -> Inline:
    """Say what withdrawing a draft does to tasks: all but those on what only this draft has are as before."""
    left = stranded(call.work, draft)
    before = say(", tasks and times as before") if draft.base_id is not None else say("")
    if not left:
        return before
    tasks = look(call.work, call.now).titles(left)
    return count(len(left), "{before}; {n} task stays open without a text ({tasks})",
                 "{before}; {n} tasks stay open without a text ({tasks})", before=before, tasks=tasks)  # fmt: skip


def _label(call: Call) -> Label:
    """Keep a draft closed until it is published, where its platform has not seen it already."""
    return room_ceiling(Label.CLOSED, call.invocation.platform)


def _candidate(call: Call) -> Draft:
    """Give the draft to publish: the last one previewed, else the last one withdrawn; or the one named."""
    symbol = " ".join(call.words.split()).casefold()
    for state in (DraftState.PREVIEWED, DraftState.WITHDRAWN):
        found = [
            row for row in call.work.rows(Draft, col(Draft.state) == state) if symbol in ("", row.symbol.casefold())
        ]
        if found:
            return found[-1]
    if call.work.first(Draft, col(Draft.state) == DraftState.RECEIVED):
        raise Refusal(say("The draft is still being read. I send you its preview; publish it then."))
    if symbol:
        raise Refusal(say("No draft {symbol} waits to be published. `drafts` lists what there is.", symbol=symbol))
    raise Refusal(say("No draft waits to be published. Add one first: `draft add SYMBOL` with the file attached."))


def _read_again(draft: Draft) -> Message:
    """Have a draft compared with the draft that is in force now, before anybody publishes it."""
    if draft.state is DraftState.WITHDRAWN:
        raise Refusal(
            say(
                "Another draft came into force since: `draft add` {symbol} again.",
                symbol=draft.symbol,
            )
        )
    draft.state = DraftState.RECEIVED
    return message(say("The current draft has changed since. I compare {symbol} with it and send the preview.",
                       symbol=draft.symbol))  # fmt: skip


def relink(call: Call) -> Message | None:
    """Say what continues an old provision, where the comparison is wrong."""
    old_words, sign, new_words = call.words.partition("=")
    step = _to_relink(call)
    if not sign or not old_words.strip() or not new_words.strip():
        raise Refusal(say("Say it as `relink article 17 bis = article 18`, the old number first; `= none` where it "
                          "is gone."))  # fmt: skip
    old = _one(list(step.old.values()), old_words)
    new = None if new_words.strip().casefold() in NOTHING else _one(list(step.new.values()), new_words)
    in_force = step.draft.state is DraftState.PUBLISHED
    correct(call.work, step, old, new, call.speaker, in_force=in_force)
    if not in_force:
        step.draft.state = DraftState.RECEIVED
    becomes = title(new) if new else say("gone")
    after = (
        say("I compare again and tell whom it concerns.") if in_force else say("I compare again and send the preview.")
    )
    return message(say("Noted: {old} of {base} is {new} in {symbol}.", old=title(old), new=becomes,
                       base=step.base.symbol if step.base else "", symbol=step.draft.symbol), after)  # fmt: skip


def _to_relink(call: Call) -> Step:
    """Give the comparison that is corrected: of the draft that waits to be published, else of the one in force."""
    waiting = call.work.rows(Draft, col(Draft.state) == DraftState.PREVIEWED)
    draft = waiting[-1] if waiting else current_draft(call.work)
    if draft is None or draft.base_id is None:
        raise Refusal(say("There is no comparison to correct: that takes two drafts."))
    return step_of(call.work, draft)


def _one(provisions: list[Provision], words: str) -> Provision:
    targets, left = read_targets(words.strip())
    found = resolve(provisions, targets) if targets and not left else []
    if len(found) != 1:
        raise Refusal(say("“{words}” must be one article, for example `article 17 bis`.", words=words.strip()))
    return found[0]


def _told(told: Told) -> Inline:
    people = count(told.members, "{n} person", "{n} people")
    return joined([people, count(told.rooms, "{n} room", "{n} rooms")]) if told.rooms else people


VERBS: tuple[Verb, ...] = (
    Verb(
        "draft add", add, "draft add SYMBOL [dated DATE]",
        "Reads the attached draft, compares it with the current one and previews it to you alone.",
        role=Role.COORDINATOR, private=True, examples=("draft add A/AC.291/22/Rev.2 dated 6 Feb",),
    ),
    Verb(
        "draft publish", publish_draft, "draft publish [SYMBOL]",
        "Makes the previewed draft the current one and alerts the owners of what it changed.",
        role=Role.COORDINATOR, guarded=True, examples=("draft publish",),
    ),
    Verb(
        "draft withdraw", withdraw_draft, "draft withdraw",
        "Takes the current draft back: the one before, its tasks and due times hold again, and those alerted are told.",
        role=Role.COORDINATOR, guarded=True, examples=("draft withdraw",),
    ),
    Verb(
        "relink", relink, "relink OLD ARTICLE = NEW ARTICLE",
        "Corrects what a comparison says continues an article; tasks and history follow.",
        role=Role.COORDINATOR, examples=("relink article 17 bis = article 18", "relink article 9 = none"),
    ),
)  # fmt: skip
