"""Task reminders as they leave: what is due together is one text, and what the platform may not carry is not in it."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.commands import CommandTable
from bot.departures import Outgoing, prepare
from bot.occasions.tasks import MOST_LINES, OCCASIONS
from handlers.tasks import VERBS
from storage.tables import Lane, Lineage, Meeting, Notice, NoticeState, OnTable, Room, Task, TaskState
from storage.work import Work
from tests.conftest import PLATFORM, World, shown
from tests.fakes.conversation import Conversation
from tests.fakes.treaty import PLENARY, lay_text

TABLE = CommandTable(VERBS)


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation about a text whose articles 1-3 are on the floor of one plenary."""
    world.write(lay_text)
    world.write(lambda work: setattr(work.rows(Room)[1], "purposes", []))
    return Conversation(world, TABLE, OCCASIONS)


def until(talk: Conversation, moment: dt.datetime) -> list[str]:
    """Let time pass until a moment; gives what appears meanwhile."""
    return talk.wait(seconds=(moment - talk.world.now).total_seconds())


def states(world: World, occasion: str) -> list[NoticeState]:
    """Give what became of an occasion's notices, in the order they were planned."""
    return world.read(lambda work: [row.state for row in work.rows(Notice) if row.occasion == occasion])


def leaving(world: World, alias: str, now: dt.datetime, platform: str = PLATFORM) -> list[str]:
    """Give what leaves for a member at a moment, by a platform, without planning anew."""
    member_id = world.member_id(alias)

    def leave(work: Work) -> list[Outgoing]:
        lane = next(row for row in work.rows(Lane) if row.member_id == member_id)
        lane.platform = platform
        return prepare(work, lane.id, now, OCCASIONS)

    return [shown(outgoing.message) for outgoing in world.write(leave)]


def test_what_is_due_together_is_one_text(talk: Conversation) -> None:
    """Three articles due at one moment: one heading, one due line, one line of next steps."""
    talk.say("Luis", "take 1-3")
    assert until(talk, PLENARY - dt.timedelta(hours=47)) == [
        "@Luis: Due in 24 hours: articles 1-3\n"
        "Due Mon 5 Feb 2024 10:00 New York.\n"
        "On the floor Tue 6 Feb 10:00 New York.\n"
        "`review 1-3` · `done 1-3` · `release 1-3`"
    ]
    assert states(talk.world, "task.due-in-24h") == [NoticeState.SENT] * 3


def test_what_is_overtaken_is_not_mentioned(talk: Conversation) -> None:
    """The text names only what is still to be done; when nothing is, nothing leaves."""
    talk.say("Luis", "take 1-3")

    def finish(work: Work, *numbers: int) -> None:
        for task in work.rows(Task):
            if task.number in numbers:
                task.state = TaskState.DONE

    talk.world.write(lambda work: finish(work, 2))
    (text,) = leaving(talk.world, "Luis", PLENARY - dt.timedelta(hours=47))
    assert text.startswith("Due in 23 hours: articles 1, 3\n")
    assert text.endswith("`done 1, 3` · `release 1, 3`")
    assert states(talk.world, "task.due-in-24h") == [NoticeState.SENDING] * 3
    talk.world.write(lambda work: finish(work, 1, 3))
    assert leaving(talk.world, "Luis", PLENARY - dt.timedelta(hours=26)) == []
    assert states(talk.world, "task.due-in-2h") == [NoticeState.EXPIRED] * 3


def test_distinct_due_times_and_slots_have_their_lines(talk: Conversation) -> None:
    """After a night each due time says what is left of it; articles of other slots are named with theirs."""

    def later_slot(work: Work) -> None:
        plenary = work.rows(Meeting)[0]
        evening = Meeting(
            coalition_id=work.tenant,
            session_id=plenary.session_id,
            key="evening",
            title="Informals",
            starts_at=PLENARY + dt.timedelta(hours=5),
            ends_at=PLENARY + dt.timedelta(hours=6),
        )
        work.put(evening)
        lineage = work.rows(Lineage)[4]
        work.put(OnTable(coalition_id=work.tenant, meeting_id=evening.id, target="article", lineage_id=lineage.id))

    talk.world.write(later_slot)
    talk.wait(days=4)
    talk.say("Ana", "assign 1, 4 @luis by 5 Feb 08:00")
    talk.say("Ana", "assign 2, 3 @luis by 5 Feb 10:00")
    talk.say("Luis", "accept 1, 2, 4")
    texts = [text for text in until(talk, PLENARY - dt.timedelta(hours=47)) if text.startswith("@Luis: Due in")]
    assert texts == [
        "@Luis: Due in 19 hours: articles 1, 4\n"
        "Due Mon 5 Feb 2024 02:00 New York.\n"
        "On the floor: article 1 Tue 6 Feb 10:00 New York; article 4 Tue 6 Feb 15:00 New York.\n"
        "Due in 21 hours: articles 2, 3\n"
        "Due Mon 5 Feb 2024 04:00 New York.\n"
        "On the floor Tue 6 Feb 10:00 New York.\n"
        "`review 1, 2, 4` · `done 1, 2, 4` · `release 1, 2, 4`\n"
        "`accept 3` · `decline 3`"
    ]


def test_an_unanswered_offer_passes_on_as_one(talk: Conversation) -> None:
    """Backup and coordinator each get one text about all that nobody accepted."""
    talk.say("Ana", "assign 1-3 @luis backup @mei by 20 Feb 17:00")
    ana = talk.world.member_id("Ana")
    talk.world.write(lambda work: setattr(work.rows(Task)[2], "lead_id", ana))
    texts = [text for text in talk.wait(hours=150) if "asked" in text or "answered" in text]
    assert [text.split("\nDue")[0] for text in texts] == [
        "@Mei: Can you take articles 1-3?\n@Luis and @Ana have not answered, and you are the backup.",
        "@Ana: Nobody has accepted articles 1-3\n@Luis, @Mei and @Ana were asked.",
    ]
    assert texts[0].endswith("\n`accept 1-3` · `decline 1-3`")
    assert texts[1].endswith("\n`assign 1-3 @name` asks somebody else.\n`take 1-3`")


def test_the_bundle_groups_by_person_and_due_time(talk: Conversation) -> None:
    """One line for what one person should have done by one moment."""
    talk.say("Luis", "take 1-2")
    talk.say("Mei", "take 3")
    bundles = [text for text in until(talk, PLENARY) if text.startswith("@Ana: 3 tasks are overdue")]
    assert bundles == [
        "@Ana: 3 tasks are overdue\n"
        "- @Luis: articles 1, 2, due Mon 5 Feb 2024 16:00 your time (10:00 New York)\n"
        "- @Mei: article 3 (Heading 4), due Mon 5 Feb 2024 16:00 your time (10:00 New York)\n"
        "`reassign 1 @name` puts one into other hands."
    ]


def test_the_bundle_stays_short(talk: Conversation) -> None:
    """Twelve lines at most, then how many more tasks there are."""
    luis, first = talk.world.member_id("Luis"), talk.world.now - dt.timedelta(days=1)

    def crowd(work: Work) -> None:
        for n in range(MOST_LINES + 2):
            for number in (2 * n, 2 * n + 1):
                due = first + dt.timedelta(minutes=n)
                task = Task(coalition_id=work.tenant, number=number, words=f"w{number}", lead_id=luis, due=due)
                task.accepted_at = first
                work.put(task)

    talk.world.write(crowd)
    talk.say("Mei", "take 5")
    bundle = next(text for text in talk.wait(hours=24) if text.startswith("@Ana: 28 tasks are overdue"))
    lines = bundle.splitlines()
    assert [line for line in lines if line.startswith("- @Luis: ")] == lines[1 : MOST_LINES + 1]
    assert lines[MOST_LINES + 1] == "- and 4 more: `tasks overdue`"


def test_slack_never_carries_closed_words(talk: Conversation) -> None:
    """Words typed in a direct chat are closed: on Slack a reminder and a list give the task's number only."""
    world = talk.world
    talk.say("Ana", "assign book a room @luis by 5 Feb 16:00")
    talk.say("Luis", "accept task 1")
    assert "book a room" in shown(world.do(TABLE, "Luis", "tasks"))
    on_slack = shown(world.do(TABLE, "Luis", "tasks", platform="slack"))
    assert ("book a room" in on_slack, "task 1" in on_slack) == (False, True)
    until(talk, PLENARY - dt.timedelta(hours=49))
    (text,) = leaving(world, "Luis", dt.datetime(2024, 2, 5, 14, tzinfo=dt.UTC), "slack")
    assert text.startswith("Due in 1 hour: task 1\n")


def test_what_is_overdue_is_told_every_morning(talk: Conversation) -> None:
    """Once a day, whatever the weekday, until it is done or in other hands."""
    talk.say("Ana", "assign book a room @luis by 30 Jan 16:00")
    talk.say("Luis", "accept task 1")
    bundles = [text for text in talk.wait(hours=24 * 7) if text.startswith("@Ana: 1 task is overdue")]
    assert len(bundles) == 6
