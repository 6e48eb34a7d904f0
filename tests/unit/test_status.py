"""`status`: all is well, or in words what is not, since when."""

from __future__ import annotations

import datetime as dt

import pytest

from bot import pulse
from bot.app import command_table, writers
from bot.message import message, say
from bot.notices import member_lane, room_lane, tell
from bot.ports import SendLater, SendRefused
from storage.tables import Draft, DraftState, NoticeKind, Room, Source, Text
from storage.work import Work
from tests.conftest import World, both, shown
from tests.fakes.conversation import Conversation

pytestmark = both
BACKED_UP = "\n- Whoever runs me has made no backup that I know of."


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with the whole command table."""
    return Conversation(world, command_table(), writers())


def asked(talk: Conversation) -> str:
    """Give the answer to Ana, the coordinator."""
    return talk.say("Ana", "status")[-1].removeprefix("@Ana: ")


def written(talk: Conversation) -> str:
    """Give the answer of the verb itself, with nothing else being done."""
    return shown(talk.world.do(command_table(), "Ana", "status"), "Europe/Vienna")


def test_all_is_well(talk: Conversation) -> None:
    """In one line with the time of day, and what is known of backups; coordinators only."""
    assert asked(talk) == f"All is well, looked at 14:00 Vienna.{BACKED_UP}"
    assert "coordinator" in talk.say("Luis", "status")[0]
    now = talk.world.now
    talk.world.write(lambda work: pulse.backed_up(work, now))
    assert asked(talk).splitlines()[1] == "- The last backup: Mon 29 Jan 14:00 Vienna."
    talk.world.pass_time(days=3)
    assert asked(talk).splitlines()[1] == "- The last backup is old: Mon 29 Jan 14:00 Vienna."


def test_what_waits_and_what_did_not_arrive(talk: Conversation) -> None:
    """How many, for which platform, since when; the room by its name, people by number; nothing of what it says."""

    def owe(work: Work) -> None:
        room = next(row for row in work.rows(Room) if row.name == "team")
        for key in "abc":
            tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("secret")), key=key, now=talk.world.now)
        tell(work, member_lane(work, 2), NoticeKind.ALERT, message(say("secret")), key="d", now=talk.world.now)
        tell(work, member_lane(work, 3), NoticeKind.ALERT, message(say("secret")), key="e", now=talk.world.now)

    talk.world.write(owe)
    talk.world.chat.troubles = [SendLater("away", 600), SendLater("away", 600), SendRefused("left")]
    talk.settle()
    talk.world.pass_time(minutes=5)
    assert asked(talk) == (
        "Not all is well\n"
        "- 4 notices wait for the terminal, the first since Mon 29 Jan 14:00 Vienna.\n"
        f"- 1 message did not arrive: `notices failed`.{BACKED_UP}"
    )


def test_a_room_that_takes_nothing(talk: Conversation) -> None:
    """Of its own accord, not because the platform asked to wait a moment."""

    def owe(work: Work) -> None:
        room = next(row for row in work.rows(Room) if row.name == "team")
        tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("secret")), key="a", now=talk.world.now)

    talk.world.write(owe)
    talk.world.chat.troubles = [OSError("no way")]
    talk.settle()
    assert asked(talk).startswith("Not all is well\n- #team takes nothing; I try again at 14:00 Vienna.\n")


def test_sources_that_do_not_answer(talk: Conversation) -> None:
    """By number, since when and why, or that it should have been looked at; never with the address."""
    now = talk.world.now

    def put(work: Work) -> None:
        for number, (failures, answered, next_at) in enumerate(
            ((4, now - dt.timedelta(hours=3), now), (9, None, now), (0, now, now - dt.timedelta(hours=2))), 1
        ):
            work.add(
                Source(
                    address=f"https://secret.example/{number}", fingerprint=str(number), failures=failures,
                    trouble="timed-out", answered_at=answered, next_at=next_at, every=900, coalition_id=work.tenant,
                    added_by=1,
                )
            )  # fmt: skip

    talk.world.write(put)
    assert asked(talk) == (
        "Not all is well\n"
        "- Source 1 has not answered since Mon 29 Jan 11:00 Vienna: it does not answer in time.\n"
        "- Source 2 has never answered: it does not answer in time.\n"
        f"- Source 3 should have been looked at by Mon 29 Jan 12:00 Vienna.{BACKED_UP}"
    )


@pytest.mark.parametrize(("minutes", "said"), [(1, "All is well"), (3, "L.9 came in at Mon 29 Jan 13:57")])
def test_a_draft_that_waits_to_be_read(talk: Conversation, minutes: int, said: str) -> None:
    """Only after a while: reading takes seconds."""
    then = talk.world.now - dt.timedelta(minutes=minutes)

    def put(work: Work) -> None:
        text = work.put(Text(coalition_id=work.tenant, name="Convention"))
        work.add(
            Draft(coalition_id=work.tenant, text_id=text.id, symbol="L.9", date=then.date(),
                  state=DraftState.RECEIVED, added_at=then)
        )  # fmt: skip

    talk.world.write(put)
    assert said in written(talk)


def test_processes_and_what_they_lost(talk: Conversation) -> None:
    """How many serve, and since when one of them is out of reach of a platform; one that ended is not counted."""
    now = talk.world.now
    talk.world.write(lambda work: pulse.beat(work, "one", now, {}))
    talk.world.write(lambda work: pulse.beat(work, "two", now, {"matrix": now - dt.timedelta(minutes=20)}))
    assert asked(talk) == (
        f"Not all is well\n- Matrix is out of my reach since Mon 29 Jan 13:40 Vienna.{BACKED_UP}\n"
        "- 2 processes serve you."
    )
    talk.world.pass_time(minutes=2)
    assert "All is well" in asked(talk)
