"""Forms: what they show, and that what is filled in is the command it means, and no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.limits import view_problems
from bot.adapters.slack.modals import assign_modal, draft_modal, opened_from, remind_modal, review_modal
from bot.adapters.slack.submissions import Said, Unfit, assign_said, draft_said, remind_said, review_said
from bot.assigning import read_assignment
from bot.choosing import read_choice
from bot.commands import Call, CommandTable, clean
from bot.grammar import Arguments, format_targets, read_targets
from bot.mentions import with_aliases
from bot.message import Text
from bot.people import find_member
from bot.plain import Reader
from bot.reminder import read_reminder
from bot.when import read_day, read_when
from handlers.reviews import read_finding
from storage.tables import Coalition, Member
from storage.work import Work
from tests.conftest import World

READER = Reader(ZoneInfo("Europe/Vienna"), personal=True)
NOW = dt.datetime(2024, 2, 5, 12, tzinfo=dt.UTC)
OPENED = {"channel": "C1", "message": "1.2"}

typed = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["propose:", "Propose :", "support", "24", "and", "@luis", "backup @mei", "by fri", "all", '"', "“x”", "\n",
             "to", "at 17:00", "article", "<@U9>", "tomorrow", "-", "ok", ", 27", "task 7", "until", "due"]
        ),
        max_size=8,
    ).map(" ".join),
)  # fmt: skip


def filled(view: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Fill a form in: the values as Slack sends them back."""
    kinds = {
        "verdict": "selected_option", "people": "selected_users", "backup": "selected_user",
        "day": "selected_date", "hour": "selected_time",
    }  # fmt: skip
    state = {name: {name: {kinds.get(name, "value"): value}} for name, value in values.items()}
    return view | {"state": {"values": state}}


def review_form(provisions: str = "24") -> dict[str, Any]:
    """Open a review."""
    return review_modal(provisions, Text("article 24 (Protection)"), "1. Each State shall.", OPENED, READER)


def rest_of(said: Said, verb: str, aliases: Mapping[str, str] | None = None) -> str:
    """Give the words behind the verb, as its handler gets them."""
    words = clean(said.words)
    for piece, accounts in said.mentions.items():
        words = words.replace(piece, f"@{(aliases or {})[accounts[0]]}")
    assert words.startswith(f"{verb} ")
    return words.removeprefix(f"{verb} ")


def unjoined(words: str) -> str:
    """Leave out what keeps a note apart from the option it would be read as."""
    return words.replace("\u034f", "")


@given(st.sampled_from(["24", "1-3, 16-18", "preamble, article 12-15"]), typed, typed)
def test_a_review_says_what_was_filled_in(provisions: str, note: str, wording: str) -> None:
    """Verdict, note and wording are read back as they were typed, whatever they are made of."""
    verdict = {"value": "concern"}
    said = review_said(filled(review_form(provisions), verdict=verdict, note=note, wording=wording))
    choice = read_choice(rest_of(said, "review"))
    assert choice.targets == read_targets(provisions)[0]
    found = read_finding(choice.left)
    assert found.verdict == "concern"
    assert (unjoined(found.note), found.wording) == (unjoined(clean(note)), clean(wording))


def test_a_review_without_provisions_asks_for_them() -> None:
    """Typed articles are read as everywhere; what is none is said to be, in the form."""
    view = review_form("")
    said = review_said(filled(view, provisions="24 and 27", verdict={"value": "support"}, note=None, wording=None))
    assert said.words == "review article 24, article 27 support"
    for wrong in ("", "hello", "24 oppose because"):
        with pytest.raises(Unfit) as problem:
            review_said(filled(view, provisions=wrong, verdict={"value": "support"}))
        assert list(problem.value.errors) == ["provisions"]


def test_a_review_needs_a_verdict() -> None:
    """No verdict, or one that there is not, is said in the form."""
    for verdict in (None, {"value": "support propose: x"}):
        with pytest.raises(Unfit) as problem:
            review_said(filled(review_form(), verdict=verdict, note="x", wording="y"))
        assert list(problem.value.errors) == ["verdict"]


@given(typed, st.lists(st.sampled_from(["U1", "U2", "U3"]), min_size=1, unique=True), st.booleans(), st.booleans())
def test_an_assignment_says_what_was_filled_in(what: str, people: list[str], with_backup: bool, with_due: bool) -> None:
    """What was typed names no person, no backup and no time; either all is read back as meant, or the form says no."""
    aliases = {"U1": "ana", "U2": "luis", "U3": "mei", "U4": "kofi"}
    view = filled(
        assign_modal("assign", "", OPENED, READER), provisions=what, people=people,
        backup="U4" if with_backup else None, day="2024-02-06" if with_due else None, hour=None,
    )  # fmt: skip
    try:
        said = assign_said(view)
    except Unfit as problem:
        assert list(problem.errors) == ["provisions"]  # noqa: PT017 - words that are taken are looked at below
        return
    call = cast(Call, SimpleNamespace(words=rest_of(said, "assign", aliases)))
    given_back = read_assignment(call)
    targets, left = read_targets(clean(what))
    words = "" if targets and not left else " ".join(clean(what).split())
    assert given_back == Arguments(
        () if words else targets, words, tuple(f"@{aliases[one]}" for one in people),
        "@kofi" if with_backup else None, "2024-02-06 18:00" if with_due else None,
    )  # fmt: skip


@pytest.mark.parametrize("what", ["24, 27", "chapter IV", "Book a room", "task 7", "24 pages to print"])
def test_usual_assignments_are_taken(what: str) -> None:
    """Articles and plain words go through."""
    said = assign_said(filled(assign_modal("reassign", "", OPENED, READER), provisions=what, people=["U1"]))
    targets, left = read_targets(what)
    assert said.words == f"reassign {format_targets(targets) if not left else chr(34) + what + chr(34)} <@U1>"
    assert said.mentions == {"<@U1>": ("U1",)}


@pytest.mark.parametrize("what", ["24 @luis", "meet by fri", "x backup @mei", 'say "no"', "", "y" * 300])
def test_options_within_words_are_refused(what: str) -> None:
    """What would be read as another option is said to have its own field."""
    with pytest.raises(Unfit) as problem:
        assign_said(filled(assign_modal("assign", "", OPENED, READER), provisions=what, people=["U1"]))
    assert list(problem.value.errors) == ["provisions"]


def test_an_assignment_needs_people_who_differ() -> None:
    """Nobody, or one person as lead and backup, is said in the form."""
    view = assign_modal("assign", "", OPENED, READER)
    for values, wrong in (({"people": []}, "people"), ({"people": ["U1"], "backup": "U1"}, "backup"),
                          ({"people": ["U1"], "hour": "10:00"}, "day")):  # fmt: skip
        with pytest.raises(Unfit) as problem:
            assign_said(filled(view, provisions="24", **values))
        assert list(problem.value.errors) == [wrong]


@given(typed, st.sampled_from([None, "09:30"]))
def test_a_reminder_says_what_was_filled_in(what: str, hour: str | None) -> None:
    """A time that stands in the words is no time of the reminder."""
    view = filled(remind_modal("", OPENED, READER), what=what, day="2024-02-06", hour=hour)
    if not clean(what):
        with pytest.raises(Unfit):
            remind_said(view)
        return
    zone = ZoneInfo("America/New_York")
    words, moment = read_reminder(rest_of(remind_said(view), "remind me"), NOW, zone)
    assert words == clean(what)
    assert moment == read_when(f"2024-02-06 {hour or '18:00'}", NOW, zone)


def test_a_reminder_needs_a_day() -> None:
    """Without a day the form says so."""
    with pytest.raises(Unfit) as problem:
        remind_said(filled(remind_modal("x", OPENED, READER), what="x"))
    assert list(problem.value.errors) == ["day"]


@given(typed, st.booleans())
def test_a_draft_says_what_was_filled_in(symbol: str, with_day: bool) -> None:
    """The symbol is the symbol; a date has its own field."""
    day = "2024-02-06" if with_day else None
    view = filled(draft_modal(OPENED, READER), symbol=symbol, day=day)
    if not clean(symbol):
        with pytest.raises(Unfit):
            draft_said(view)
        return
    wanted = " ".join(clean(symbol, straight=False).split())
    assert draft_said(view).words == f"draft add {wanted}" + (" dated 2024-02-06" if with_day else "")
    assert read_day("2024-02-06", NOW, ZoneInfo("UTC")) == dt.date(2024, 2, 6)
    with pytest.raises(Unfit):
        draft_said(filled(draft_modal(OPENED, READER), symbol=f"A/1 dated 6 Feb {symbol}", day=day))


def test_a_review_shows_the_text_it_is_about() -> None:
    """The title and the text stand above the field for new wording; the form remembers where it was opened."""
    view = review_form()
    kinds = [block["block_id"] if block["type"] == "input" else block["type"] for block in view["blocks"]]
    assert kinds == ["rich_text", "verdict", "note", "rich_text", "rich_text", "wording"]
    assert view["blocks"][4]["elements"][0]["elements"][0]["text"] == "1. Each State shall."
    assert opened_from(view) == OPENED


@given(st.text(max_size=300), st.integers(0, 60_000), st.text(alphabet="ab <é界אב\n", max_size=400))
def test_forms_are_within_limits(words: str, length: int, text: str) -> None:
    """Whatever the text and the words, Slack takes the form."""
    long = "word " * (length // 5)
    for view in (
        review_modal("24", Text(words), long + text, OPENED, READER),
        review_modal("", Text(words), "", OPENED, READER),
        assign_modal("assign", words + long, OPENED, READER, ["U1"] * 30),
        remind_modal(words + long, OPENED, READER, day="2024-02-06"),
        draft_modal(OPENED, READER, words + long),
    ):
        assert view_problems(view) == []


def test_a_long_text_is_counted_where_it_is_not_shown() -> None:
    """A form shows some pages of a text and says how much is left."""
    view = review_modal("24", Text("x"), "word " * 20_000, OPENED, READER)
    last = [block for block in view["blocks"] if block["type"] == "rich_text"][-1]
    assert "more words" in str(last)


def test_people_of_a_form_are_the_accounts_that_were_chosen(world: World) -> None:
    """An account becomes its member's alias, also where somebody calls themselves like another's account."""
    world.add_account("Luis", "u1", platform="slack")
    world.write(lambda work: work.put(Member(coalition_id=work.tenant, alias="U1")))
    said = assign_said(filled(assign_modal("assign", "", OPENED, READER), provisions="24", people=["u1"]))
    invocation = world.saying("Ana", said.words, platform="slack", mentions=said.mentions)

    def resolve(work: Work) -> str:
        coalition, ana = work.get_one(Coalition, work.tenant), find_member(work, "Ana")
        return with_aliases(Call(work, world.now, coalition, ana, None, said.words, invocation, CommandTable(())))

    assert world.read(resolve) == "assign article 24 @Luis"
