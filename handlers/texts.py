"""The text itself: an article, words found in it, what changed, and the drafts there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.articles import page
from bot.changes import Step, became_named, listing, standing, step_of, tally
from bot.commands import Call, Refusal, Verb
from bot.finding import find_words
from bot.grammar import Target, read_targets
from bot.message import (  # fmt: skip
    Block,
    Bold,
    Heading,
    Inline,
    List,
    Message,
    Redline,
    Table,
    Text,
    actions,
    count,
    joined,
    message,
    say,
)
from bot.provisions import current_draft, provisions_of, resolve, title
from bot.rules.labels import may_show
from bot.tasks import look
from bot.texts.notes import agreed
from bot.texts.payload import callouts_from
from bot.versions import published, step_between
from storage.tables import Change, Draft, DraftState, Label, Role

MOST_HITS = 12
"""How many provisions `find` shows."""
MOST_WORDS = 200
"""How many characters `find` takes."""
_AT_MOST = 8
"""How many provisions `article` shows at once."""


def article(call: Call) -> Message | None:
    """Show provisions: text, owner, reviews, and their history through the drafts."""
    targets, left = read_targets(call.words)
    if not targets or left or any(target.kind == "task" for target in targets):
        raise Refusal(say("Which one? For example `article 24`, `article preamble`, `article 5-7`."))
    board = look(call.work, call.now, call.ceiling)
    rows = resolve(board.provisions, targets)
    if not rows:
        raise Refusal(say("The current draft leaves that number empty. `diff` lists what became of it."))
    if len(rows) > _AT_MOST:
        raise Refusal(say("That is {n} of them. Ask for {most} at most.", n=len(rows), most=_AT_MOST))
    return message(*(block for row in rows for block in page(board, row)))


def find(call: Call) -> Message | None:
    """Find words in the current draft."""
    draft, words = current_draft(call.work), " ".join(call.words.strip("\"'").split())
    if draft is None:
        raise _no_draft()
    if not words or len(words) > MOST_WORDS:
        raise Refusal(say("Which words? For example `find judicial authorization`."))
    hits = list(find_words(provisions_of(call.work, draft), words))
    if not hits:
        return message(say("“{words}” is not in {symbol}.", words=words, symbol=draft.symbol))
    more = len(hits) - MOST_HITS
    return message(
        Heading(count(len(hits), "“{words}” is in {n} provision of {symbol}",
                      "“{words}” is in {n} provisions of {symbol}", words=words, symbol=draft.symbol)),
        List(tuple(
            say("{label}: {before}{found}{after}", label=title(hit.provision), before=hit.before, found=Bold(hit.found),
                after=hit.after)
            for hit in hits[:MOST_HITS]
        )),
        count(more, "And {n} more: name it more closely.", "And {n} more: name it more closely.") if more > 0 else None,
    )  # fmt: skip


def diff(call: Call) -> Message | None:
    """Show what changed: one provision word by word, or the list of changes."""
    targets, symbols = _targets_and_symbols(call.words)
    step = _step(call, symbols)
    if targets:
        changes = _meant(step, targets)
        return message(Heading(_between(step)), *(block for change in changes for block in _whole(step, change)))
    return message(
        Heading(_between(step)),
        _counts(step),
        List(lines) if (lines := tuple(listing(step))) else None,
        say("`diff ARTICLE` shows one word by word."),
    )  # fmt: skip


def drafts(call: Call) -> Message | None:
    """List the drafts."""
    rows = [row for row in call.work.rows(Draft) if _may_see(call, row)]
    if not rows:
        raise _no_draft()
    current = current_draft(call.work)
    titles = say("Draft"), say("Date"), say("State"), say("Provisions"), say("Brackets"), say("Agreed")
    return message(
        Table(titles, tuple(_draft_row(row, current) for row in rows)),
        _trend(call, current),
        actions((say("What changed"), "diff")),
    )


def _targets_and_symbols(words: str) -> tuple[tuple[Target, ...], list[str]]:
    """Read `[24] [SYMBOL SYMBOL]`; raises Refusal for one symbol alone, or more than two."""
    targets, left = read_targets(words)
    if left and "/" in words.split(maxsplit=1)[0]:
        targets, left = (), words
    symbols = left.split()
    if len(symbols) not in (0, 2):
        raise Refusal(say("Name two drafts, the older first: `diff 24 A/CONF/1 A/CONF/1/Rev.1`. `drafts` lists them."))
    return targets, symbols


def _step(call: Call, symbols: Sequence[str]) -> Step:
    rows = published(call.work)
    if not rows:
        raise _no_draft()
    if symbols:
        known = {row.symbol.casefold(): row for row in rows}
        for symbol in symbols:
            if symbol.casefold() not in known:
                raise Refusal(say("I have no published draft {symbol}. `drafts` lists them.", symbol=symbol))
        return step_between(call.work, known[symbols[0].casefold()], known[symbols[1].casefold()])
    step = step_of(call.work, rows[-1])
    if step.base is None:
        raise Refusal(say("{symbol} is the only draft: there is nothing to compare it with.", symbol=rows[-1].symbol))
    return step


def _meant(step: Step, targets: Sequence[Target]) -> list[Change]:
    """Give the changes that targets mean: numbers of the new draft, else of the old one."""
    try:
        labels = {row.label for row in resolve(list(step.new.values()), targets)}
    except Refusal:
        labels = set()
    if labels:
        return [change for change in step.changes if labels & set(change.new)]
    gone = {row.label for row in resolve(list(step.old.values()), targets)}
    return [change for change in step.changes if gone & set(change.old)]


def _whole(step: Step, change: Change) -> Iterator[Block | Inline]:
    yield Redline(became_named(step, change), tuple((op, words) for op, words in change.ops), whole=True)
    facts: list[Inline] = [*agreed(callouts_from(change.callouts), say)]
    if facts:
        yield say("As it stands: {facts}.", facts=joined(facts))


def _counts(step: Step) -> Inline | None:
    if step.base is None:
        return None
    return say("{tally}; {standing}.", tally=tally(step.changes), standing=standing(step.draft, step.base))


def _between(step: Step) -> Inline:
    base = step.base.symbol if step.base else ""
    return say("{old} → {new}", old=base, new=step.draft.symbol)


def _may_see(call: Call, draft: Draft) -> bool:
    """Tell whether a draft is listed: published ones for all, withdrawn for members, the others for coordinators."""
    if draft.state is DraftState.PUBLISHED:
        return True
    if draft.state is DraftState.WITHDRAWN:
        return may_show(Label.COALITION, call.ceiling)
    return call.role is Role.COORDINATOR and may_show(draft.label, call.ceiling)


def _draft_row(draft: Draft, current: Draft | None) -> tuple[Inline, ...]:
    read = draft.state not in (DraftState.RECEIVED, DraftState.REFUSED)
    counts = [Text(str(number) if read else "") for number in (draft.provisions, draft.brackets, draft.agreed)]
    return Text(draft.symbol), Text(str(draft.date)), _draft_state(draft, current), *counts


def _trend(call: Call, current: Draft | None) -> Inline | None:
    """Say how the draft in force stands against the one before it."""
    if current is None or current.base_id is None:
        return None
    base = call.work.row(Draft, current.base_id)
    return say("{symbol} against {base}: {standing}.", symbol=current.symbol, base=base.symbol,
               standing=standing(current, base))  # fmt: skip


def _draft_state(draft: Draft, current: Draft | None) -> Inline:
    if current is not None and draft.id == current.id:
        return say("current")
    match draft.state:
        case DraftState.RECEIVED:
            return say("being read")
        case DraftState.PREVIEWED:
            return say("waits for `draft publish`")
        case DraftState.PUBLISHED:
            return say("earlier")
        case DraftState.WITHDRAWN:
            return say("withdrawn")
    return say("refused")


def _no_draft() -> Refusal:
    return Refusal(say("There is no draft yet. A coordinator adds one with `draft add SYMBOL` and the file."))


VERBS: tuple[Verb, ...] = (
    Verb(
        "article", article, "article NUMBER",
        "Shows an article: its text, its owner, its reviews and its history through the drafts.",
        role=Role.OBSERVER, label=Label.PUBLIC, examples=("article 24", "article preamble"),
        aliases=("art", "artículo", "articulo", "статья", "rule", "regulation"),
    ),
    Verb(
        "find", find, "find WORDS", "Finds words in the current draft.",
        role=Role.OBSERVER, label=Label.PUBLIC, examples=("find judicial authorization",),
    ),
    Verb(
        "diff", diff, "diff [ARTICLE] [SYMBOL SYMBOL]",
        "Shows what the current draft changed, or one article of it word by word, or two drafts that you name.",
        role=Role.OBSERVER, label=Label.PUBLIC, examples=("diff", "diff 24", "diff 24 A/AC.291/22 A/AC.291/22/Rev.1"),
    ),
    Verb(
        "drafts", drafts, "drafts",
        "Lists the drafts, with how many provisions have a text; those that only say “deleted” are not counted.",
        role=Role.OBSERVER, label=Label.PUBLIC,
    ),
)  # fmt: skip
