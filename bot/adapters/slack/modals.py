"""Forms: a review, an assignment, a reminder, a draft. What is filled in becomes a command, see `submissions`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RichTextBlock,
    RichTextSectionElement,
    StaticSelectElement,
    TimePickerElement,
    UserMultiSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.adapters.slack.cutting import cut
from bot.adapters.slack.limits import LONGEST_NOTE, LONGEST_SECTION, LONGEST_TITLE
from bot.adapters.slack.richtext import RichText
from bot.adapters.slack.words import plain_text, shortened
from bot.assigning import LONGEST_WORDS
from bot.harmless import clean
from bot.message import Bold, Inline, Phrase, Text, count, say
from bot.plain import Reader, plain_inline
from storage.tables import Verdict

REVIEW, ASSIGN, REMIND, DRAFT = "review", "assign", "remind", "draft"
"""The callback ids of the forms."""
VERDICT, NOTE, WORDING = "verdict", "note", "wording"
PROVISIONS, PEOPLE, BACKUP, DAY, HOUR = "provisions", "people", "backup", "day", "hour"
WHAT, SYMBOL = "what", "symbol"
"""The block and action ids of what is filled in."""

MOST_PEOPLE = 20
LONGEST_SYMBOL = 80
"""As `draft add` takes it."""
MOST_TEXT = 15
"""Sections of a provision's text that a form shows; the whole of it is a command away."""

_VERDICTS = {
    Verdict.SUPPORT: say("support"),
    Verdict.CONCERN: say("concern"),
    Verdict.OPPOSE: say("oppose"),
    Verdict.NEUTRAL: say("neutral"),
}


def review_modal(
    provisions: str, title: Inline, text: str, opened: Mapping[str, Any], reader: Reader
) -> dict[str, Any]:
    """Give the form of a review: verdict, note, and proposed wording below the text as it is now.

    `provisions` is what stands behind `review` in the command ("24", "1-3, 16"); empty, the form asks for it. `title`
    says which they are in full, `text` is theirs, empty where it is not shown. `opened` is the caller's own note of
    where the form was opened, small and JSON; `opened_from` gives it back.
    """
    named = [] if provisions else [_input(PROVISIONS, say("Which articles?"), _line("24, 27"), reader)]
    return _modal(
        REVIEW, say("Review"), {PROVISIONS: provisions}, opened, reader,
        [
            *([_heading(title, reader)] if provisions else []),
            *named,
            _input(VERDICT, say("What do you find?"), _verdicts(reader), reader),
            _input(NOTE, say("Note"), _lines(), reader, optional=True),
            *_text(text, reader),
            _input(WORDING, say("Wording that you propose"), _lines(), reader, optional=True),
        ],
    )  # fmt: skip


def assign_modal(
    verb: str, provisions: str, opened: Mapping[str, Any], reader: Reader, people: Sequence[str] = ()
) -> dict[str, Any]:
    """Give the form of `assign` or `reassign`: what, to whom, who is the backup, until when.

    `provisions` is what the field says at first: articles, or the words of a task, as from a message; `people` are the
    Slack user ids that are chosen at first.
    """
    what = _line("24, 27", shortened(" ".join(clean(provisions).split()), LONGEST_WORDS))
    chosen = UserMultiSelectElement(
        action_id=PEOPLE, max_selected_items=MOST_PEOPLE, initial_users=list(people)[:MOST_PEOPLE] or None
    )
    return _modal(
        ASSIGN, say("Assign"), {"verb": verb}, opened, reader,
        [
            _input(PROVISIONS, say("Articles, or a task in your words"), what, reader),
            _input(PEOPLE, say("To whom? Several people share it evenly."), chosen, reader),
            _input(BACKUP, say("Backup"), UserSelectElement(action_id=BACKUP), reader, optional=True),
            *_when(say("Due on"), reader, optional=True),
        ],
    )  # fmt: skip


def remind_modal(what: str, opened: Mapping[str, Any], reader: Reader, day: str | None = None) -> dict[str, Any]:
    """Give the form of a reminder of one's own; `day` (YYYY-MM-DD) is what it says at first."""
    return _modal(
        REMIND, say("Remind me"), {}, opened, reader,
        [
            _input(WHAT, say("Of what?"), _lines(shortened(clean(what).strip(), LONGEST_SECTION)), reader),
            *_when(say("On"), reader, day=day),
        ],
    )  # fmt: skip


def draft_modal(opened: Mapping[str, Any], reader: Reader, symbol: str = "") -> dict[str, Any]:
    """Give the form that takes the file of a message as a draft: its symbol and its date."""
    words = shortened(" ".join(clean(symbol).split()), LONGEST_SYMBOL)
    return _modal(
        DRAFT, say("Add a draft"), {}, opened, reader,
        [
            _input(SYMBOL, say("The symbol that is printed on it"), _line("A/AC.291/22/Rev.2", words, LONGEST_SYMBOL),
                   reader),
            _input(DAY, say("Its date (today unless you say)"), DatePickerElement(), reader, optional=True),
        ],
    )  # fmt: skip


def opened_from(view: Mapping[str, Any]) -> dict[str, Any]:
    """Give the caller's note of where a form was opened."""
    return dict(json.loads(view["private_metadata"])["opened"])


def carried(view: Mapping[str, Any]) -> dict[str, str]:
    """Give what the form itself carries along."""
    return dict(json.loads(view["private_metadata"])["form"])


def _modal(
    name: str,
    title: Phrase,
    form: Mapping[str, str],
    opened: Mapping[str, Any],
    reader: Reader,
    blocks: Sequence[Block],
) -> dict[str, Any]:
    note = json.dumps({"form": dict(form), "opened": dict(opened)})
    if len(note) > LONGEST_NOTE:
        raise ValueError("what a form carries along is too long")
    view = View(
        type="modal",
        callback_id=name,
        title=_label(title, reader, LONGEST_TITLE),
        submit=_label(say("Send"), reader, LONGEST_TITLE),
        close=_label(say("Cancel"), reader, LONGEST_TITLE),
        private_metadata=note,
        blocks=list(blocks),
    )
    return dict(view.to_dict())


def _label(words: Phrase, reader: Reader, most: int = 2_000) -> PlainTextObject:
    return plain_text(plain_inline(words, reader), most)


def _input(
    name: str, label: Phrase, element: InputInteractiveElement, reader: Reader, *, optional: bool = False
) -> InputBlock:
    element.action_id = name
    return InputBlock(block_id=name, label=_label(label, reader), element=element, optional=optional)


def _line(example: str, initial: str = "", most: int = LONGEST_WORDS) -> PlainTextInputElement:
    return PlainTextInputElement(placeholder=plain_text(example, 150), initial_value=initial or None, max_length=most)


def _lines(initial: str = "") -> PlainTextInputElement:
    return PlainTextInputElement(multiline=True, initial_value=initial or None, max_length=LONGEST_SECTION)


def _verdicts(reader: Reader) -> StaticSelectElement:
    options = [Option(value=one.value, text=_label(words, reader, 75)) for one, words in _VERDICTS.items()]
    return StaticSelectElement(options=options)


def _when(label: Phrase, reader: Reader, *, optional: bool = False, day: str | None = None) -> list[InputBlock]:
    return [
        _input(DAY, label, DatePickerElement(initial_date=day), reader, optional=optional),
        _input(HOUR, say("At (18:00 unless you say)"), TimePickerElement(), reader, optional=True),
    ]


def _heading(title: Inline, reader: Reader) -> RichTextBlock:
    line = RichText(reader, {}).bold(Text(shortened(plain_inline(title, reader), LONGEST_SECTION)))
    return RichTextBlock(elements=[RichTextSectionElement(elements=line)])


def _text(text: str, reader: Reader) -> list[RichTextBlock]:
    """Show the text under review; what is beyond MOST_TEXT sections is counted."""
    parts = ["".join(run for _, run in part.runs) for part in cut([(None, clean(text))], LONGEST_SECTION // 2)]
    parts = [part for part in parts if part.strip()]
    if not parts:
        return []
    shown: list[Inline] = [Bold(plain_inline(say("The text as it is now"), reader)), *map(Text, parts[:MOST_TEXT])]
    if left := len(" ".join(parts[MOST_TEXT:]).split()):
        shown.append(
            count(left, "… and {n} more word: `article` shows all", "… and {n} more words: `article` shows all")
        )
    rich = RichText(reader, {})
    return [RichTextBlock(elements=[RichTextSectionElement(elements=rich.inline(line))]) for line in shown]
