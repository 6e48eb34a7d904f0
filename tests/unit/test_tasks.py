"""Tasks through their verbs and reminders: who has what, who hears of it, and what is said when."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from bot.commands import Call, CommandTable, NeedsYes, Refusal
from bot.message import Message
from bot.occasions.leaving import Leaving
from bot.occasions.tasks import OCCASIONS
from bot.people import find_member
from bot.plain import Reader, plain_inline
from bot.rules.spread import spread
from bot.tasklists import harmless
from handlers.tasks import VERBS
from storage.tables import Coalition, Label, Lane, Member, Notice, NoticeKind, Parcel, Role, Task, TaskState
from storage.work import Work
from tests.conftest import NOW, PEOPLE, World, shown
from tests.fakes.treaty import PLENARY, lay_text

TABLE = CommandTable(VERBS)


@pytest.fixture
def laid(world: World) -> World:
    """Give a world with a text and a meeting."""
    world.write(lay_text)
    return world


def say_as(world: World, alias: str, words: str, room: str | None = None, **others: object) -> str:
    """Give the answer to a command as its speaker sees it."""
    return shown(world.do(TABLE, alias, words, room, **others), PEOPLE.get(alias, (Role.MEMBER, "UTC"))[1])


def refused(world: World, alias: str, words: str, room: str | None = None) -> str:
    """Give the sentence with which a command is refused."""
    with pytest.raises(Refusal) as problem:
        world.do(TABLE, alias, words, room)
    return plain_inline(problem.value.phrase, Reader(NOW.tzinfo, personal=True))  # type: ignore[arg-type] # UTC does


def told(world: World, alias: str) -> list[str]:
    """Give what a member was sent at once, in order."""
    member_id = world.member_id(alias)

    def ask(work: Work) -> list[Message]:
        lane = work.first(Lane, col(Lane.member_id) == member_id)
        notices = work.rows(Notice, Notice.lane_id == lane.id) if lane else []
        return [Message.from_data(notice.content or {}) for notice in notices]

    return [shown(content, PEOPLE.get(alias, (Role.MEMBER, "UTC"))[1]) for content in world.read(ask)]


def task_rows(world: World) -> list[Task]:
    """Give the tasks in the order they were made."""
    return world.read(lambda work: work.rows(Task))


def test_assigning_tells_once_and_echoes_the_due_time(laid: World) -> None:
    """A lead gets one message with all their articles; the answer counts and says when they are due."""
    answer = say_as(laid, "Ana", "assign articles 1-2, 5 @luis", "team")
    assert answer == (
        "Assigned 3 tasks\n"
        "- @Luis, 3 tasks: articles 1, 2 due Mon 5 Feb 2024 16:00 your time (10:00 New York); "
        "article 5 (Heading 6) (no due time)\n"
        "1 person is told."
    )
    assert told(laid, "Luis") == [
        "For you: articles 1, 2, 5\n"
        "@Ana asks you to take this on.\n"
        "- articles 1, 2 due Mon 5 Feb 2024 10:00 New York\n"
        "- article 5 (Heading 6) (no due time)\n"
        "Please answer by Thu 1 Feb 08:00 New York.\n"
        "`accept 1, 2, 5` · `decline 1, 2, 5`"
    ]


def test_who_assigns_to_oneself_has_accepted(laid: World) -> None:
    """A coordinator's own share needs no answer and no message."""
    say_as(laid, "Ana", "assign preamble @ana")
    assert [task.accepted_at for task in task_rows(laid)] == [NOW]
    assert told(laid, "Ana") == []


def test_several_people_share_evenly_and_the_backup_hears(laid: World) -> None:
    """Two leads share a run; their backup is told once."""
    say_as(laid, "Ana", "assign articles 1-4 @luis @ana backup @mei by fri 17:00")
    assert told(laid, "Mei") == ["You are the backup of @Luis, @Ana for articles 1-4. Nothing to do unless I ask you."]
    luis, ana = laid.member_id("Luis"), laid.member_id("Ana")
    assert [task.lead_id for task in task_rows(laid)] == [luis, luis, ana, ana]
    assert {task.due for task in task_rows(laid)} == {dt.datetime(2024, 2, 2, 16, tzinfo=dt.UTC)}


def test_owned_already_names_who_has_it(laid: World) -> None:
    """What somebody has stays with them until a coordinator says `reassign`, and then both hear."""
    say_as(laid, "Ana", "assign article 1 @luis")
    assert refused(laid, "Ana", "assign article 1 @mei") == (
        "@Luis is asked to take article 1 (Heading 2). `reassign 1 @name` changes that."
    )
    say_as(laid, "Ana", "reassign 1 @mei")
    assert told(laid, "Luis")[-1] == "- No longer with you: article 1 (Heading 2). @Mei has it now."
    assert told(laid, "Mei")[-1].startswith("For you: article 1 (Heading 2)\n@Ana asks you to take this on.")
    assert len(task_rows(laid)) == 1


def test_many_people_need_a_yes(world: World) -> None:
    """What would message six people waits, and changes nothing meanwhile."""
    names = [f"P{n}" for n in range(6)]
    here = world.found("Big", {"Ana": PEOPLE["Ana"]} | dict.fromkeys(names, PEOPLE["Luis"]), {})
    world.coalition_id = here
    world.write(lay_text)
    words = f"assign preamble, articles 1-5 {' '.join('@' + name for name in names)}"
    with pytest.raises(NeedsYes):
        world.do(TABLE, "Ana", words)
    assert task_rows(world) == []
    assert "6 people are told." in say_as(world, "Ana", words, confirmed=True)


def test_members_act_for_themselves(laid: World) -> None:
    """A member who assigns others learns whose part that is."""
    assert refused(laid, "Luis", "assign article 1 @mei").startswith("Assigning others is for coordinators;")
    assert say_as(laid, "Luis", "assign article 1 @luis").startswith("Assigned 1 task\n")


def test_the_second_to_take_is_told_who_has_it(laid: World) -> None:
    """An article goes to whoever took it first."""
    assert say_as(laid, "Luis", "take 3", "team").startswith("Yours: article 3 (Heading 4).\nDue Mon 5 Feb 2024 10:00")
    assert refused(laid, "Mei", "take 3", "team") == "@Luis has article 3 (Heading 4). `tasks` shows what is yours."


def test_two_who_take_at_once_do_not_both_win(laid: World) -> None:
    """Whoever comes second in the database is told who has it, however close it was."""

    def taking(alias: str) -> Callable[[Work], Message | None]:
        invocation = laid.saying(alias, "take 3")

        def act(work: Work) -> Message | None:
            coalition = work.get_one(Coalition, work.tenant)
            speaker = find_member(work, alias)
            return TABLE.names["take"].act(Call(work, laid.now, coalition, speaker, None, "3", invocation, TABLE))

        return act

    async def both() -> list[Message | BaseException | None]:
        attempts = [laid.store.write(laid.coalition_id, taking(alias)) for alias in ("Luis", "Mei")]
        return await asyncio.gather(*attempts, return_exceptions=True)

    outcomes = laid.run(both())
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Message", "Refusal"]
    assert len(task_rows(laid)) == 1


def test_what_nobody_answered_can_be_taken(laid: World) -> None:
    """An offer that lapsed leaves the task free; taking it uses the same row."""
    say_as(laid, "Ana", "assign article 1 @luis")
    laid.pass_time(hours=73)
    say_as(laid, "Mei", "take 1")
    assert [(task.number, task.lead_id) for task in task_rows(laid)] == [(1, laid.member_id("Mei"))]


def test_declining_asks_the_backup_then_tells_the_coordinators(laid: World) -> None:
    """The backup is asked at once; when nobody is left the coordinators get the reason, closed as it was typed."""
    say_as(laid, "Ana", "assign article 1 @luis backup @mei")
    assert say_as(laid, "Luis", "decline 1 exams this week") == (
        "No longer yours: article 1 (Heading 2).\n@Mei is asked to take article 1 (Heading 2)."
    )
    assert told(laid, "Mei")[-1].startswith(
        "For you: article 1 (Heading 2)\n@Luis cannot do it; you are the backup.\nDue Mon 5 Feb"
    )
    assert told(laid, "Ana") == []
    assert say_as(laid, "Mei", "decline no visa") == (
        "No longer yours: article 1 (Heading 2).\nThe coordinators are told."
    )
    assert told(laid, "Ana") == [
        "@Mei gave back article 1 (Heading 2)\nWhy: no visa\n"
        "Nobody has article 1 (Heading 2). `assign 1 @name` or `take 1`."
    ]
    labels = laid.read(lambda work: [row.label for row in work.rows(Notice)])
    assert labels[-1] is Label.CLOSED


def test_a_late_yes_wins_over_a_backup_who_is_silent(laid: World) -> None:
    """The lead may still accept while the backup has not; the backup is told."""
    say_as(laid, "Ana", "assign article 1 @luis backup @mei")
    laid.pass_time(hours=80)
    assert say_as(laid, "Luis", "accept").startswith("Thank you. Yours: article 1 (Heading 2).")
    assert told(laid, "Mei")[-1] == "@Luis has article 1 after all. Nothing to do for you."
    assert refused(laid, "Mei", "accept 1") == "@Luis has article 1 (Heading 2). `tasks` shows what is yours."


def test_done_means_the_only_one_or_asks(laid: World) -> None:
    """Without a target the only task is meant; with two, the bot asks which; `all` means both."""
    say_as(laid, "Luis", "take 1, 5")
    assert refused(laid, "Luis", "done") == "Which one: articles 1, 5? For example `done 1`."
    say_as(laid, "Luis", "done 1")
    assert say_as(laid, "Luis", "done").startswith("Done: article 5 (Heading 6). Thank you.")
    assert {task.state for task in task_rows(laid)} == {TaskState.DONE}
    assert refused(laid, "Luis", "done all") == "Nothing waits for your `done`. `tasks` shows what you have."


def test_done_as_a_reply_means_the_task_of_that_message(laid: World) -> None:
    """A reply to the message of one assignment settles that one, though there are two."""
    say_as(laid, "Ana", "assign article 1 @luis")
    say_as(laid, "Ana", "assign article 2 @luis")

    def send_second(work: Work) -> None:
        second = [row for row in work.rows(Notice) if row.kind is NoticeKind.TASK][-1]
        print_ = laid.store.keyring.fingerprint("message/2")
        parcel = Parcel(
            coalition_id=work.tenant,
            key="k",
            lane_id=second.lane_id,
            kind=second.kind,
            content=second.content,
            created_at=laid.now,
            fingerprint=print_,
        )
        second.parcel_id = work.put(parcel).id

    laid.write(send_second)
    say_as(laid, "Luis", "done", reply_to="message/2")
    assert [task.state for task in task_rows(laid)] == [TaskState.OPEN, TaskState.DONE]


def test_free_words_typed_in_a_direct_chat_stay_closed(laid: World) -> None:
    """A room sees the number of a closed task, the person who has it sees its words."""
    say_as(laid, "Ana", "assign call the delegation @luis by fri 17:00")
    assert "call the delegation" not in say_as(laid, "Ana", "tasks", "team")
    assert "- @Luis: task 1 due Fri 2 Feb 2024" in say_as(laid, "Ana", "tasks", "team")
    assert "- call the delegation, due Fri 2 Feb 2024" in say_as(laid, "Luis", "tasks")


def test_a_public_room_sees_only_counts(laid: World) -> None:
    """Who does what is the coalition's."""
    say_as(laid, "Ana", "assign article 1 @luis")
    assert say_as(laid, "Ana", "tasks", "hall") == "1 task is open. Ask me in a direct chat."
    assert refused(laid, "Ana", "coverage", "hall") == "Who does what is not for this room. Ask me in a direct chat."


def test_nobody_is_named_as_late_in_a_room(laid: World) -> None:
    """Overdue tasks stand without a name in a room, with it in a direct chat."""
    say_as(laid, "Luis", "take 1")
    laid.pass_time(days=8)
    assert "Luis" not in say_as(laid, "Ana", "tasks overdue", "team")
    assert "- @Luis: article 1 (Heading 2) due Mon 5 Feb 2024" in say_as(laid, "Ana", "tasks overdue")


def test_ones_own_tasks_are_listed_in_the_direct_chat(laid: World) -> None:
    """Asked in a room, `tasks mine` answers the asker alone."""
    say_as(laid, "Luis", "take 1")
    assert laid.do(TABLE, "Luis", "tasks mine", "team") is None
    assert told(laid, "Luis")[-1].startswith("You have 1 task\n- article 1 (Heading 2), due Mon 5 Feb 2024 10:00")


def test_coverage_names_gaps_soonest_first(laid: World) -> None:
    """What is on the programme counts as covered with an owner and a review."""
    say_as(laid, "Luis", "take 2")
    assert say_as(laid, "Luis", "coverage") == (
        "0 of 3 provisions on the programme have owner and review\n"
        "- Tue 6 Feb 10:00 New York Plenary; no owner: articles 1, 3; no review: articles 1-3"
    )
    laid.pass_time(days=30)
    assert say_as(laid, "Luis", "coverage") == (
        "Nothing still to come on the programme names a provision. `programme session` shows the meetings."
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("assign article 9 @luis", "This draft has no article 9. Did you mean article "),
        ("assign artcle 2 @luis", "I do not know “artcle”. Did you mean `article 2`?"),
        ("assign article 1 please @luis", "I do not understand “please” after article 1."),
        ("assign article 1 @lius", "I know no @lius. Did you mean @Luis?"),
        ("assign article 1 @luis by 12", "“12”"),
        ("assign article 1", "To whom?"),
        ("assign article 1 @luis backup @luis", "@Luis cannot be lead and backup at once."),
        ("take 6", "The current draft leaves article 6 empty"),
        ("done task 99", "There is no task 99."),
        ("done 4", "Nobody has a task on article 4. `take article 4` takes it."),
        ("tasks opne", "I do not know “opne”. Did you mean `tasks open`?"),
        ("accept", "Nothing waits for your `accept`."),
    ],
)
def test_bad_input_gets_one_sentence(laid: World, words: str, sentence: str) -> None:
    """What cannot be done says why, and what to do."""
    assert sentence in refused(laid, "Ana", words)


def test_the_export_holds_no_formula(laid: World) -> None:
    """A spreadsheet gets words, whatever was typed."""
    say_as(laid, "Ana", 'assign =HYPERLINK("x") @luis')
    answer = laid.do(TABLE, "Ana", "export tasks")
    assert answer is not None
    rows = list(csv.reader(io.StringIO(answer.blocks[1].text)))  # type: ignore[union-attr] # the second block is the file
    assert rows[1][:4] == ["1", '\'=HYPERLINK("x")', "", "Luis"]
    assert harmless(" =1") == "' =1"


def remind(world: World, occasion: str, reader: str, subject: int = 1) -> str:
    """Give what an occasion's writer says to a reader at this moment; empty when it has been overtaken."""
    member_id = world.member_id(reader)

    def ask(work: Work) -> Message | None:
        member, coalition = work.row(Member, member_id), work.get_one(Coalition, work.tenant)
        notice = Notice(
            coalition_id=work.tenant,
            key="k",
            lane_id=1,
            kind=NoticeKind.REMINDER,
            occasion=occasion,
            subject_id=subject,
            due=world.now,
            send_at=world.now,
            created_at=world.now,
        )
        return OCCASIONS[occasion](Leaving(work, world.now, coalition, [notice], Label.CLOSED, member))

    return shown(world.read(ask), PEOPLE[reader][1])


def test_a_reminder_tells_the_time_that_is_left(laid: World) -> None:
    """24 hours before, and after a night's delay what is left then; a later point covers it; done is done."""
    say_as(laid, "Luis", "take 1")
    laid.clock.advance_to(PLENARY - dt.timedelta(hours=48))
    assert remind(laid, "task.due-in-24h", "Luis") == (
        "Due in 24 hours: article 1 (Heading 2)\n"
        "Due Mon 5 Feb 2024 10:00 New York.\n"
        "On the floor Tue 6 Feb 10:00 New York.\n"
        "`review 1` · `done 1` · `release 1`"
    )
    laid.pass_time(hours=9)
    assert remind(laid, "task.due-in-24h", "Luis").startswith("Due in 15 hours: article 1")
    assert remind(laid, "task.due-in-24h", "Mei") == ""
    laid.pass_time(hours=13)
    assert remind(laid, "task.due-in-24h", "Luis") == ""
    assert remind(laid, "task.due-in-2h", "Luis").startswith("Due in 2 hours: article 1")
    laid.pass_time(hours=4)
    assert remind(laid, "task.due-in-2h", "Luis") == ""
    assert remind(laid, "task.overdue", "Luis").startswith(
        "Overdue for 2 hours: article 1 (Heading 2)\nIt was due Mon 5 Feb 2024 10:00 New York."
    )
    say_as(laid, "Luis", "done")
    assert remind(laid, "task.overdue", "Luis") == ""


def test_an_unanswered_offer_goes_to_the_backup_then_to_the_coordinators(laid: World) -> None:
    """Each step is said only while it is true."""
    say_as(laid, "Ana", "assign article 1 @luis backup @mei")
    assert remind(laid, "task.offered-to-backup", "Mei") == ""
    laid.pass_time(hours=72)
    assert remind(laid, "task.offered-to-backup", "Mei").startswith(
        "Can you take article 1 (Heading 2)?\n@Luis has not answered, and you are the backup."
    )
    assert remind(laid, "task.lapsed", "Ana") == ""
    laid.pass_time(hours=72)
    assert remind(laid, "task.offered-to-backup", "Mei") == ""
    assert remind(laid, "task.lapsed", "Ana").startswith(
        "Nobody has accepted article 1 (Heading 2)\n@Luis and @Mei were asked.\n"
    )
    say_as(laid, "Mei", "accept 1")
    assert remind(laid, "task.lapsed", "Ana") == ""


def test_the_bundle_lists_what_is_overdue_to_coordinators_only(laid: World) -> None:
    """Nothing overdue, nothing said; a member never gets it."""
    say_as(laid, "Luis", "take 1, 5")
    assert remind(laid, "tasks.overdue-bundle", "Ana") == ""
    laid.clock.advance_to(PLENARY)
    assert remind(laid, "tasks.overdue-bundle", "Ana").startswith(
        "1 task is overdue\n- @Luis: article 1 (Heading 2), due Mon 5 Feb 2024"
    )
    assert remind(laid, "tasks.overdue-bundle", "Luis") == ""


@given(
    st.lists(st.integers(), unique=True),
    st.lists(st.integers(0, 9), min_size=1, unique=True),
    st.dictionaries(st.integers(0, 9), st.integers(0, 50)),
)
def test_spreading_is_even_and_spares_the_loaded(items: list[int], people: list[int], load: dict[int, int]) -> None:
    """Everything is given out once; shares differ by one at most; who has more already never gets more."""
    shares = spread(items, people, load)
    assert [item for share in shares.values() for item in share] == items
    sizes = {person: len(shares.get(person, [])) for person in people}
    assert max(sizes.values()) - min(sizes.values()) <= 1
    for one in people:
        for other in people:
            assert sizes[one] >= sizes[other] or load.get(one, 0) >= load.get(other, 0)
