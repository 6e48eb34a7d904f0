"""Reviews through their verbs: what they are tied to, which task they settle, and how they are carried over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CommandTable, Refusal
from bot.plain import Reader, plain_inline
from bot.tasks import look, reviewed
from handlers.reviews import VERBS, read_finding
from handlers.tasks import VERBS as TASK_VERBS
from storage.tables import Draft, Label, Review, Task, TaskState, Verdict
from storage.work import Work
from tests.conftest import World, shown
from tests.fakes.treaty import lay_second, lay_text

TABLE = CommandTable((*VERBS, *TASK_VERBS))


@pytest.fixture
def laid(world: World) -> World:
    """Give a world with a text and a meeting, in which Luis has article 1."""
    world.write(lay_text)
    world.do(TABLE, "Luis", "take 1")
    return world


def refused(world: World, alias: str, words: str) -> str:
    """Give the sentence with which a command is refused."""
    with pytest.raises(Refusal) as problem:
        world.do(TABLE, alias, words)
    return plain_inline(problem.value.phrase, Reader(world.now.tzinfo))  # type: ignore[arg-type] # UTC does


def states(world: World) -> list[TaskState]:
    """Give the states of the tasks."""
    return world.read(lambda work: [task.state for task in work.rows(Task)])


def test_a_review_settles_its_holders_task(laid: World) -> None:
    """Note and wording are kept apart; the task is done on that draft."""
    answer = laid.do(TABLE, "Luis", "review article 1 concern: paragraph 2 is vague propose: shall, within 30 days")
    assert shown(answer) == "Noted: article 1, concern, on L.3.\nYour task on it is done."
    row = laid.read(lambda work: work.rows(Review)[0])
    assert (row.verdict, row.note, row.wording) == (Verdict.CONCERN, "paragraph 2 is vague", "shall, within 30 days")
    assert row.label is Label.CLOSED
    task, draft = laid.read(lambda work: (work.rows(Task)[0], work.rows(Draft)[0]))
    assert (task.state, task.draft_id) == (TaskState.DONE, draft.id)


def test_somebody_elses_review_leaves_the_task_open(laid: World) -> None:
    """A second pair of eyes is welcome and settles nothing of the lead's."""
    assert shown(laid.do(TABLE, "Mei", "review 1 support", "team")) == "Noted: article 1, support, on L.3."
    assert states(laid) == [TaskState.OPEN]
    assert laid.read(lambda work: work.rows(Review)[0].label) is Label.COALITION


def test_without_a_target_the_only_task_is_meant(laid: World) -> None:
    """One task, one review."""
    assert shown(laid.do(TABLE, "Luis", "review support")).startswith("Noted: article 1, support")
    assert refused(laid, "Luis", "review support") == "Nothing waits for your `review`. `tasks` shows what you have."


def test_a_review_stands_on_the_new_draft(laid: World) -> None:
    """The last review is carried over under the new number, its label with it, and the stale task is done."""
    laid.do(TABLE, "Luis", "review 1 oppose too broad")
    laid.do(TABLE, "Luis", "take 4, 5")
    laid.pass_time(days=1)

    def second(work: Work) -> None:
        lay_second(work, laid.now)
        work.rows(Task)[0].state = TaskState.STALE

    laid.write(second)
    lineage = laid.read(lambda work: work.rows(Review)[0].lineage_id)
    assert lineage not in laid.read(lambda work: reviewed(look(work, laid.now)))
    assert shown(laid.do(TABLE, "Luis", "stands")) == (
        "Your review stands: article 2, oppose, on L.4.\nYour task on it is done."
    )
    rows = laid.read(lambda work: work.rows(Review))
    assert [(row.verdict, row.note, row.label) for row in rows] == [(Verdict.OPPOSE, "too broad", Label.CLOSED)] * 2
    assert states(laid) == [TaskState.DONE, TaskState.OPEN, TaskState.OPEN]
    assert lineage in laid.read(lambda work: reviewed(look(work, laid.now)))
    assert refused(laid, "Luis", "stands 2") == "Your review of article 2 is on the current draft already."


def test_a_review_of_unchanged_words_still_counts(laid: World) -> None:
    """Renumbering alone costs nobody a second review."""
    laid.do(TABLE, "Mei", "review 3 support")
    laid.write(lambda work: lay_second(work, laid.pass_time(days=1)))
    assert len(laid.read(lambda work: reviewed(look(work, laid.now)))) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("review 1", "What do you find: support · concern · oppose · neutral?"),
        ("review 1 suport", "I do not know “suport”. Did you mean `support`?"),
        ("review 1 blah", "I do not know “blah”. Say one of these first: support · concern · oppose · neutral."),
        ("review 99 support", "This draft has no article 99."),
        ("stands 1", "You have no review of article 1 yet. For example `review article 1 support`."),
    ],
)
def test_bad_input_gets_one_sentence(laid: World, words: str, sentence: str) -> None:
    """What cannot be done says why, and what to do."""
    assert sentence in refused(laid, "Luis", words)


def test_there_must_be_a_draft(world: World) -> None:
    """Before the first draft there is nothing to review."""
    assert refused(world, "Ana", "review 1 support").startswith("There is no draft yet.")


@given(st.sampled_from(list(Verdict)), st.text("ab c,.", max_size=20), st.text("xy z,.", max_size=20))
def test_a_finding_reads_back(verdict: Verdict, note: str, wording: str) -> None:
    """Verdict, note and wording come out as they were put in, outer white space and marks aside."""
    found = read_finding(f"{verdict.value} {note} propose: {wording}")
    assert (found.verdict, found.note, found.wording) == (verdict, note.lstrip(" ,.").rstrip(), wording.strip())
