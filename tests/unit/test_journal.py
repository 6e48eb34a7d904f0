"""The journal: what a transaction changed is taken back, and nobody's later word with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from storage.journal import ChangedSince, Entry, restore, touched_ids
from storage.tables import Lane, Member, Note, Reminder, Task, TaskState
from storage.work import Work
from tests.conftest import NOW, World


def put_task(work: Work, **fields: Any) -> int:
    """Make task 1."""
    return work.put(Task(coalition_id=work.tenant, number=1, **fields)).id


def take_back(world: World, journal: list[Entry], *, strict: bool = True) -> list[int | None]:
    """Restore, and give the ids of the rows touched."""
    return world.write(lambda work: [row.id for row in restore(work, journal, strict=strict)])  # type: ignore[attr-defined]


def journal_of(work: Work) -> list[Entry]:
    """Give what the transaction changed so far."""
    work.flush()
    return work.journal


def task(world: World, task_id: int) -> Task:
    """Give a task as it stands."""
    return world.read(lambda work: work.row(Task, task_id))


def test_changed_fields_get_their_values_back(world: World) -> None:
    """Times, words, numbers and states return, those that were empty too."""
    due = NOW + dt.timedelta(days=2)
    task_id = world.write(lambda work: put_task(work, words="call Geneva", due=due))

    def change(work: Work) -> list[Entry]:
        row = work.row(Task, task_id)
        row.words, row.due, row.lead_id, row.state = "call Vienna", None, 2, TaskState.DONE
        return journal_of(work)

    journal = world.write(change)
    assert touched_ids(journal, Task) == {task_id}
    assert take_back(world, journal) == [task_id]
    row = task(world, task_id)
    assert (row.words, row.due, row.lead_id, row.state) == ("call Geneva", due, None, TaskState.OPEN)


def test_several_flushes_are_taken_back_last_first(world: World) -> None:
    """A field written twice in one transaction gets the value it had before the first."""
    task_id = world.write(lambda work: put_task(work, words="one"))

    def change(work: Work) -> list[Entry]:
        for words in ("two", "three"):
            work.row(Task, task_id).words = words
            work.flush()
        return work.journal

    take_back(world, world.write(change))
    assert task(world, task_id).words == "one"


def test_a_later_word_stands(world: World) -> None:
    """Strictly, a field changed since stops everything; otherwise it alone stays."""
    task_id = world.write(lambda work: put_task(work, words="one"))

    def change(work: Work) -> list[Entry]:
        row = work.row(Task, task_id)
        row.words, row.lead_id = "two", 2
        return journal_of(work)

    journal = world.write(change)
    world.write(lambda work: setattr(work.row(Task, task_id), "lead_id", 3))
    with pytest.raises(ChangedSince):
        take_back(world, journal)
    assert (task(world, task_id).words, task(world, task_id).lead_id) == ("two", 3)
    take_back(world, journal, strict=False)
    assert (task(world, task_id).words, task(world, task_id).lead_id) == ("one", 3)


def test_whose_hands_a_task_is_in_is_one_thing(world: World) -> None:
    """A yes that came since is somebody's word on the lead that was set; a due time that moved since is not."""
    task_id = world.write(lambda work: put_task(work, lead_id=2, due=NOW))

    def change(work: Work) -> list[Entry]:
        work.row(Task, task_id).lead_id = 3
        return journal_of(work)

    journal = world.write(change)
    world.write(lambda work: setattr(work.row(Task, task_id), "accepted_at", NOW))
    with pytest.raises(ChangedSince):
        take_back(world, journal)
    assert (task(world, task_id).lead_id, task(world, task_id).accepted_at) == (3, NOW)
    world.write(lambda work: setattr(work.row(Task, task_id), "accepted_at", None))
    world.write(lambda work: setattr(work.row(Task, task_id), "due", NOW + dt.timedelta(hours=1)))
    take_back(world, journal)
    assert (task(world, task_id).lead_id, task(world, task_id).due) == (2, NOW + dt.timedelta(hours=1))


def test_a_task_that_was_made_is_cancelled_and_a_note_deleted(world: World) -> None:
    """A task's number may be on people's lips; other rows simply go."""

    def make(work: Work) -> tuple[int, list[Entry]]:
        task_id = put_task(work)
        work.put(Note(coalition_id=work.tenant, member_id=1, words="x", noted_at=NOW))
        return task_id, work.journal

    task_id, journal = world.write(make)
    take_back(world, journal)
    assert task(world, task_id).state is TaskState.CANCELLED
    assert world.read(lambda work: work.rows(Note)) == []


def test_what_was_deleted_comes_back_as_it_was(world: World) -> None:
    """A deleted row returns under its own id, encrypted words and aware times included."""
    reminder = Reminder(coalition_id=1, member_id=2, words="call Ana", due=NOW)
    row_id = world.write(lambda work: work.put(reminder).id)

    def delete(work: Work) -> list[Entry]:
        work.delete(work.row(Reminder, row_id))
        return journal_of(work)

    journal = world.write(delete)
    assert world.read(lambda work: work.rows(Reminder)) == []
    take_back(world, journal)
    back = world.read(lambda work: work.row(Reminder, row_id))
    assert (back.member_id, back.words, back.due) == (2, "call Ana", NOW)


def test_a_row_that_vanished_meanwhile_is_no_accident(world: World) -> None:
    """Strictly it means that somebody changed it since; otherwise it is passed over."""
    row_id = world.write(lambda work: work.put(Note(coalition_id=1, member_id=1, words="a", noted_at=NOW)).id)

    def change(work: Work) -> list[Entry]:
        work.row(Note, row_id).words = "b"
        return journal_of(work)

    journal = world.write(change)
    world.write(lambda work: work.delete(work.row(Note, row_id)))
    with pytest.raises(ChangedSince):
        take_back(world, journal)
    assert take_back(world, journal, strict=False) == []


def test_a_number_that_was_given_again_is_left_to_its_new_row(world: World) -> None:
    """SQLite gives the number of a deleted row to the next: what came after is neither lost nor in the way."""

    def note(work: Work, words: str) -> int:
        return work.put(Note(coalition_id=1, member_id=1, words=words, noted_at=NOW)).id

    def make(work: Work) -> tuple[int, list[Entry]]:
        return note(work, "old"), work.journal

    def delete(work: Work) -> list[Entry]:
        work.delete(work.row(Note, row_id))
        return journal_of(work)

    row_id, made = world.write(make)
    deleted = world.write(delete)
    assert world.write(lambda work: note(work, "new")) == row_id
    with pytest.raises(ChangedSince):
        take_back(world, made)
    take_back(world, made, strict=False)
    take_back(world, deleted)
    assert world.read(lambda work: [row.words for row in work.rows(Note)]) == ["new", "old"]


def test_only_facts_count_and_only_real_changes(world: World) -> None:
    """Lanes follow from facts; a field set to what it was is not a change."""

    def act(work: Work) -> list[Entry]:
        work.put(Lane(coalition_id=work.tenant, platform="console", member_id=1))
        member = work.row(Member, 1)
        member.timezone = str(member.timezone)
        member.role = type(member.role)(member.role.value)
        return journal_of(work)

    assert world.write(act) == []
