"""`status`: all is well, or what waits for whom, since when and why; in the reader's zone, and no address."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot import pulse
from bot.app import command_table, writers
from bot.message import message, say
from bot.notices import member_lane, room_lane, tell
from bot.ports import SendLater, SendRefused
from bot.rules.limits import Limits
from storage.tables import Draft, DraftState, Duty, Label, NoticeKind, Room, Source, Text
from storage.work import Work
from tests.conftest import World, both
from tests.fakes.conversation import Conversation

pytestmark = both
ADDRESS = "https://docs.example.org/secret"


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with a bot that may send five messages a day."""
    return Conversation(world, command_table(), writers(), Limits(notices=5))


def status(talk: Conversation, alias: str = "Ana", room: str | None = None) -> list[str]:
    """Give the lines of the answer, which goes to the direct chat."""
    [answer] = [line for line in talk.say(alias, "status", room, addressed=True) if line.startswith(f"@{alias}: ")]
    return answer.removeprefix(f"@{alias}: ").splitlines()


def source(work: Work, now: dt.datetime, **more: Any) -> None:
    """Watch an address."""
    given: dict[str, Any] = {"fingerprint": "x", "every": 900, "next_at": now + dt.timedelta(hours=9), **more}
    work.put(Source(coalition_id=work.tenant, address=ADDRESS, **given))


def test_all_is_well(talk: Conversation, database: str) -> None:
    """With the moment it was looked at, and what is known of backups; in a room, too, the answer is the asker's."""
    well = ["All is well, looked at Mon 29 Jan 14:00 Vienna.",
            "I know of no backup: whoever hosts me makes one with `dragoman db backup`."]  # fmt: skip
    assert status(talk) == well
    assert status(talk, room="team") == well
    talk.world.write(lambda work: pulse.backed_up(work, talk.world.now - dt.timedelta(hours=2)))
    for name in ("one", "two"):
        talk.world.write(lambda work, name=name: pulse.beat(work, name, talk.world.now, {}))  # type: ignore[misc]
    assert status(talk)[1:] == ["2 processes serve.", "Last backup: Mon 29 Jan 12:00 Vienna."]
    talk.wait(minutes=2)
    assert status(talk)[1:] == ["Last backup: Mon 29 Jan 12:00 Vienna."]


def test_what_waits_is_said_by_platform_and_room(talk: Conversation) -> None:
    """How much, since when, and since when the platform is away; people are counted, not named."""
    now = talk.world.now

    def owe(work: Work) -> None:
        room = next(row for row in work.rows(Room) if row.name == "team")
        room.platform = "slack"
        for number in range(3):
            tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("look")), key=f"a{number}", now=now)
        tell(work, member_lane(work, 2), NoticeKind.ALERT, message(say("yours")), key="b", now=now)
        pulse.beat(work, "one", now + dt.timedelta(minutes=4), {"slack": now - dt.timedelta(minutes=9)})

    talk.world.write(owe)
    talk.world.chat.troubles = [SendLater("away", 600) for _ in range(2)]
    talk.settle()
    talk.world.pass_time(minutes=4)
    assert status(talk)[:-1] == [
        "Not all is well; looked at Mon 29 Jan 14:04 Vienna",
        "- I have had no connection to Slack since Mon 29 Jan 13:51 Vienna.",
        "- 3 notices wait for Slack, the oldest since Mon 29 Jan 14:00 Vienna.",
        "- 1 notice waits for the terminal, since Mon 29 Jan 14:00 Vienna.",
        "- #team: 3 of them, the oldest since Mon 29 Jan 14:00 Vienna.",
        "- 4 of 5 messages that I may send for you within a day are due.",
    ]


def test_what_failed_and_what_is_not_looked_at(talk: Conversation, database: str) -> None:
    """Refused messages, silent sources, sources nobody looks at, drafts nobody reads, duties nobody has."""
    now = talk.world.now

    def lay(work: Work) -> None:
        tell(work, member_lane(work, 2), NoticeKind.ALERT, message(say("yours")), key="b", now=now)
        source(work, now, failures=3, trouble="timed-out", answered_at=now - dt.timedelta(hours=11, minutes=50))
        source(work, now, failures=1, trouble="http-404")
        source(work, now, next_at=now - dt.timedelta(hours=1))
        text = work.put(Text(coalition_id=work.tenant, name="T"))
        for state in (DraftState.RECEIVED, DraftState.PREVIEWED):
            work.put(
                Draft(
                    coalition_id=work.tenant, text_id=text.id, symbol=f"L.{state.value}", date=now.date(), state=state,
                    label=Label.PUBLIC, added_at=now - dt.timedelta(hours=2),
                )
            )  # fmt: skip
        work.put(Duty(name="chores", holder="gone", until=now - dt.timedelta(minutes=5), epoch=3))

    talk.world.write(lay)
    talk.world.chat.troubles = [SendRefused("left")]
    talk.settle()
    duty = ["- No process has had the duty `chores` since Mon 29 Jan 13:55 Vienna."] if database == "postgres" else []
    answer = status(talk)
    assert answer[:-1] == [
        "Not all is well; looked at Mon 29 Jan 14:00 Vienna",
        "- 1 notice did not arrive: `notices failed` tells why.",
        "- The draft source 1 has not answered as it should since Mon 29 Jan 02:10 Vienna: it does not answer in time.",
        "- The draft source 2 has never answered as it should: it answers with an error (404).",
        "- I should have looked at the draft source 3 at Mon 29 Jan 13:00 Vienna.",
        "- L.received has waited to be read since Mon 29 Jan 12:00 Vienna.",
        *duty,
        "L.previewed is read and waits for `draft publish`.",
    ]
    assert ADDRESS not in "\n".join(answer)
