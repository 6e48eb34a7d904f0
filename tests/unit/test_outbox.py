"""The outbox: order in a lane, company, quiet hours, troubles of the platform, and nothing lost or said twice."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from bot.message import List, Mention, Message, message, say
from bot.notices import member_lane, room_lane, tell
from bot.occasions.leaving import Leaving, Write
from bot.outbox import GIVE_UP_AFTER, LEASE, Outbox
from bot.ports import SendLater, SendRefused
from storage.tables import (
    Label,
    Lane,
    Member,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    ParcelState,
    Role,
    Room,
    Standing,
)
from storage.work import Work
from tests.conftest import World, both
from tests.fakes.chat import PowerCut

pytestmark = both

MINUTE = dt.timedelta(minutes=1)
REPLY, TASK, ALERT, COUNTDOWN = NoticeKind.REPLY, NoticeKind.TASK, NoticeKind.ALERT, NoticeKind.COUNTDOWN


def _write(leaving: Leaving) -> Message:
    return message(say("{n} of {what}", n=len(leaving.notices), what=leaving.notices[0].occasion))


def _overtaken(leaving: Leaving) -> None:
    return None


def _broken(leaving: Leaving) -> Message:
    raise ZeroDivisionError


WRITERS: dict[str, Write] = {
    "meeting.countdown": _write,
    "task.due-in-2h": _write,
    "overtaken": _overtaken,
    "broken": _broken,
}


class Desk:
    """An outbox with something to send."""

    def __init__(self, world: World) -> None:
        self.world, self.chat = world, world.chat
        self.outbox = self.restarted()

    def restarted(self, lanes: int = 1) -> Outbox:
        """Give the outbox of a new process."""
        return Outbox(self.world.store, self.world.clock, {"console": self.chat}, WRITERS, lanes=lanes)

    def owe(self, to: str, words: str, kind: NoticeKind = TASK, label: Label = Label.COALITION) -> None:
        """Owe words to a member, or to a #room, from now on."""
        now = self.world.now

        def act(work: Work) -> None:
            tell(work, lane_of(work, to), kind, message(say("{w}", w=words)), key=f"k/{words}", now=now, label=label)

        self.world.write(act)

    def plan(self, to: str, occasion: str, number: int, kind: NoticeKind = COUNTDOWN) -> None:
        """Plan a notice for now that is written when it leaves."""
        now = self.world.now

        def act(work: Work) -> None:
            work.put(
                Notice(
                    coalition_id=work.tenant, key=f"{occasion}/{number}", lane_id=lane_of(work, to).id, kind=kind,
                    occasion=occasion, subject_id=number, due=now, send_at=now, created_at=now,
                )
            )  # fmt: skip

        self.world.write(act)

    def drain(self, name: str | None = None) -> list[str]:
        """Send what is due, and give what people see that they did not see before."""
        before = len(self.chat.texts(name))
        self.world.run(self.outbox.drain())
        return self.chat.texts(name)[before:]

    def states(self) -> list[NoticeState]:
        """Give what became of the notices, in the order they were made."""
        return self.world.read(lambda work: [row.state for row in work.rows(Notice)])

    def soonest(self) -> dt.datetime | None:
        """Give when the outbox has to be woken next."""
        return self.world.run(self.outbox.next_moment())


def lane_of(work: Work, to: str) -> Lane:
    """Find the lane of a member or of a #room."""
    if to.startswith("#"):
        return room_lane(work, next(row for row in work.rows(Room) if row.name == to[1:]))
    return member_lane(work, next(row.id for row in work.rows(Member) if row.alias == to))


@pytest.fixture
def desk(world: World) -> Desk:
    """Give an outbox."""
    return Desk(world)


def test_a_lane_is_served_in_order(desk: Desk) -> None:
    """What was due first leaves first, in rooms one by one; then there is nothing left to do."""
    for number in range(5):
        desk.owe("#team", f"line {number}")
        desk.world.pass_time(seconds=1)
    assert desk.drain() == [f"line {number}" for number in range(5)]
    assert desk.states() == [NoticeState.SENT] * 5
    assert desk.drain() == []
    assert desk.soonest() is None


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_lane_that_cannot_be_prepared_holds_no_other(desk: Desk, lanes: int) -> None:
    """A reader whose row does not open holds that lane; the others go on, and the lane is tried again."""
    desk.outbox = desk.restarted(lanes)
    desk.owe("Luis", "waits")
    desk.owe("Mei", "goes")
    luis = desk.world.member_id("Luis")
    spoil = text("UPDATE member SET alias = :none WHERE id = :id").bindparams(none=b"\0", id=luis)
    desk.world.write(lambda work: work.connection().execute(spoil))
    assert desk.drain() == ["goes"]
    assert desk.states() == [NoticeState.PLANNED, NoticeState.SENT]
    assert desk.soonest() is not None


def test_what_follows_within_ten_minutes_leaves_as_one_message(desk: Desk) -> None:
    """The first at once, the others together when the ten minutes are over; another person is not held up."""
    desk.owe("Ana", "first")
    assert desk.drain() == ["first"]
    for minute in (2, 5):
        desk.world.pass_time(minutes=minute)
        desk.owe("Ana", f"after {minute}")
        desk.owe("Luis", f"Luis {minute}")
    assert desk.drain() == ["Luis 2\nLuis 5"]
    assert desk.soonest() == desk.world.now + 3 * MINUTE
    desk.world.pass_time(minutes=3)
    assert desk.drain() == ["after 2\nafter 5"]
    assert len(desk.chat.tried) == 3


def test_answers_do_not_wait_and_keep_nobody_waiting(desk: Desk) -> None:
    """A reply in between leaves at once, and a task right after a reply too."""
    desk.owe("Ana", "answer", REPLY)
    assert desk.drain() == ["answer"]
    desk.owe("Ana", "task")
    assert desk.drain() == ["task"]
    desk.owe("Ana", "second answer", REPLY)
    assert desk.drain() == ["second answer"]


def test_at_night_only_answers_come(desk: Desk) -> None:
    """Two hours on it is 23:00 in Singapore: what is for Mei waits for 7:00, and leaves as one."""
    desk.world.pass_time(hours=2)
    desk.owe("Mei", "one")
    desk.owe("Mei", "alert", ALERT)
    desk.owe("Mei", "answer", REPLY)
    assert desk.drain() == ["answer"]
    assert desk.soonest() == dt.datetime(2024, 1, 29, 23, tzinfo=dt.UTC)
    desk.world.clock.advance_to(dt.datetime(2024, 1, 29, 23, tzinfo=dt.UTC))
    assert desk.drain() == ["alert", "one"]


def test_trouble_that_passes_holds_the_lane_and_the_same_parcel_goes_on(desk: Desk) -> None:
    """The lane waits as long as the platform says, keeps its order, and uses the same key; others go on."""
    desk.chat.troubles = [SendLater("ratelimited", 30)]
    desk.owe("#team", "one")
    desk.owe("#team", "two")
    assert desk.drain() == []
    desk.owe("#hall", "elsewhere", label=Label.PUBLIC)
    assert desk.drain() == ["elsewhere"]
    desk.world.pass_time(seconds=29)
    assert desk.drain() == []
    desk.world.pass_time(seconds=1)
    assert desk.drain() == ["one", "two"]
    keys = [sent.key for sent in desk.chat.tried if sent.text == "one"]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert desk.states() == [NoticeState.SENT] * 3


def test_a_held_lane_is_woken_for(desk: Desk) -> None:
    """What was on its way when the platform had trouble counts as well as what waits behind it."""
    desk.chat.troubles = [SendLater("down", 30)]
    desk.owe("#team", "one")
    desk.drain()
    assert desk.soonest() == desk.world.now + 30 * dt.timedelta(seconds=1)


def test_without_a_wish_the_pauses_grow_and_a_success_ends_them(desk: Desk) -> None:
    """Each failure waits longer, ten minutes at most."""
    desk.owe("#team", "one")
    pauses: list[float] = []
    for _ in range(12):
        desk.chat.troubles = [SendLater("down")]
        desk.drain()
        held = desk.world.read(lambda work: lane_of(work, "#team").held_until)
        assert held is not None
        pauses.append((held - desk.world.now).total_seconds())
        desk.world.clock.advance_to(held)
    assert 1 <= pauses[0] <= 2
    assert 300 <= pauses[-1] <= 600
    assert desk.drain() == ["one"]
    lane = desk.world.read(lambda work: lane_of(work, "#team"))
    assert (lane.failures, lane.held_until) == (0, None)


def test_a_refused_parcel_fails_alone(desk: Desk) -> None:
    """Its notices are marked as failed, and the lane goes on."""
    desk.owe("#team", "one")
    desk.owe("#team", "two")
    desk.chat.troubles = [SendRefused("not_in_channel")]
    two, told = desk.drain()
    assert (two, told.splitlines()[0]) == ("two", "What I owe to #team does not arrive.")
    assert desk.states() == [NoticeState.FAILED, NoticeState.SENT, NoticeState.SENT]
    states = desk.world.read(lambda work: [row.state for row in work.rows(Parcel)])
    assert states == [ParcelState.FAILED, ParcelState.SENT, ParcelState.SENT]


def test_an_accident_of_an_adapter_holds_its_lane_and_not_for_ever(desk: Desk) -> None:
    """What no adapter should raise stops nobody else; a parcel that always causes it fails in the end."""
    desk.owe("#team", "poison")
    desk.owe("#team", "next")
    desk.chat.troubles = [ZeroDivisionError()]
    desk.owe("#hall", "elsewhere", label=Label.PUBLIC)
    assert desk.drain() == ["elsewhere"]
    told = []
    for _ in range(GIVE_UP_AFTER - 1):
        desk.world.pass_time(minutes=10)
        desk.chat.troubles = [ZeroDivisionError()]
        told += desk.drain()
    assert [text.splitlines()[0] for text in told] == ["What I owe to #team does not arrive."]
    desk.world.pass_time(minutes=10)
    assert desk.drain() == ["next"]
    assert desk.states() == [NoticeState.FAILED, *3 * [NoticeState.SENT]]


def test_a_platform_that_was_long_away_costs_no_message(desk: Desk) -> None:
    """The pauses it asked for are no accidents of the parcel; after however many, the next pause is a usual one."""
    desk.owe("#team", "one")
    for _ in range(2 * GIVE_UP_AFTER):
        desk.chat.troubles = [SendLater("away", 5)]
        assert desk.drain() == []
        desk.world.pass_time(seconds=5)
    desk.chat.troubles = [ZeroDivisionError()]
    assert desk.drain() == []
    desk.world.write(lambda work: setattr(lane_of(work, "#team"), "failures", 5000))
    desk.world.pass_time(minutes=10)
    desk.chat.troubles = [SendLater("down")]
    assert desk.drain() == []
    desk.world.pass_time(minutes=10)
    assert desk.drain() == ["one"]


@pytest.mark.parametrize("appeared", [False, True])
def test_after_a_crash_the_same_key_goes_out_again(desk: Desk, appeared: bool) -> None:
    """Whether or not the message had appeared: people see it once, and what came after it, after it."""
    desk.owe("#team", "one")
    desk.owe("#team", "two")
    desk.chat.troubles, desk.chat.loses_answer = [PowerCut()], appeared
    with pytest.raises(PowerCut):
        desk.drain()
    assert desk.chat.texts() == (["one"] if appeared else [])
    desk.outbox = desk.restarted()
    desk.drain()
    assert desk.chat.texts() == ["one", "two"]
    assert len({sent.key for sent in desk.chat.tried if sent.text == "one"}) == 1
    assert desk.states() == [NoticeState.SENT] * 2


def test_a_chat_is_told_since_when_a_parcel_may_have_been_tried(desk: Desk) -> None:
    """The first try is the first, also of what waited behind another; each one after it, and after a crash, is not."""
    desk.owe("#team", "one")
    desk.owe("#team", "two")
    begun = desk.world.now
    desk.chat.troubles = [SendLater("away", 5), SendLater("away", 5)]
    for _ in range(3):
        desk.drain()
        desk.world.pass_time(seconds=5)
    tries = [(sent.text, sent.to.tried_since) for sent in desk.chat.tried]
    assert tries == [("one", None), ("one", begun), ("one", begun), ("two", None)]
    desk.owe("#team", "three")
    begun, desk.chat.troubles = desk.world.now, [PowerCut()]
    with pytest.raises(PowerCut):
        desk.drain()
    desk.outbox = desk.restarted()
    desk.drain()
    assert [sent.to.tried_since for sent in desk.chat.tried[4:]] == [None, begun]


def test_a_lane_leased_by_a_dead_process_is_free_after_a_minute(desk: Desk) -> None:
    """Until then nobody else touches it."""
    desk.owe("#team", "one")

    def lease(work: Work) -> None:
        lane = lane_of(work, "#team")
        lane.leased_by, lane.leased_until = "dead", desk.world.now + LEASE

    desk.world.write(lease)
    assert desk.drain() == []
    assert desk.soonest() == desk.world.now + LEASE
    desk.world.clock.advance_to(desk.world.now + LEASE)
    assert desk.drain() == ["one"]


def test_where_nobody_else_can_send_a_dead_process_holds_no_lane(desk: Desk) -> None:
    """What it had not settled goes out at once, under the same key."""
    desk.owe("#team", "one")
    desk.chat.troubles = [PowerCut()]

    def lease(work: Work) -> None:
        lane = lane_of(work, "#team")
        lane.leased_by, lane.leased_until = "dead", desk.world.now + LEASE

    with pytest.raises(PowerCut):
        desk.drain()
    desk.world.write(lease)
    assert desk.drain() == []
    desk.outbox = Outbox(desk.world.store, desk.world.clock, {"console": desk.chat}, WRITERS, sole=("console",))
    assert desk.drain() == ["one"]
    assert len({sent.key for sent in desk.chat.tried}) == 1


def test_above_the_ceiling_only_a_count_appears(desk: Desk) -> None:
    """A room sees nothing above its label, and an observer public items only."""
    desk.owe("#hall", "secret plan")
    desk.owe("#team", "closed plan", label=Label.CLOSED)
    desk.owe("#hall", "programme", label=Label.PUBLIC)
    assert desk.drain("hall") == ["1 item is too sensitive to be shown here.", "programme"]
    assert desk.chat.texts("team") == ["1 item is too sensitive to be shown here."]

    desk.world.write(lambda work: setattr(work.row(Member, 2), "role", Role.OBSERVER))
    desk.owe("Luis", "who does what")
    desk.owe("Luis", "your answer", REPLY, Label.PUBLIC)
    assert desk.drain("Luis") == ["your answer", "1 item is too sensitive to be shown here."]


def test_whoever_was_made_an_observer_hears_no_more_of_the_coalition(desk: Desk) -> None:
    """Planned notices of tasks expire unsaid; a parcel that the platform did not take before comes without its content.

    What is public, and what one asked to be reminded of, still comes.
    """
    desk.chat.troubles = [SendLater("busy", 60.0)]
    desk.owe("Luis", "who does what", ALERT)
    assert desk.drain() == []
    desk.world.write(lambda work: setattr(work.row(Member, 2), "role", Role.OBSERVER))
    desk.plan("Luis", "task.due-in-2h", 1, ALERT)
    desk.plan("Luis", "meeting.countdown", 2)
    desk.world.pass_time(minutes=2)
    assert desk.drain("Luis") == ["1 item is too sensitive to be shown here.", "1 of meeting.countdown"]
    assert desk.states() == [NoticeState.SENT, NoticeState.EXPIRED, NoticeState.SENT]


def test_planned_notices_are_written_when_they_leave(desk: Desk) -> None:
    """Parallel countdowns as one; what was overtaken expires, what cannot be written fails, the rest goes on."""
    desk.plan("#team", "meeting.countdown", 1)
    desk.plan("#team", "meeting.countdown", 2)
    desk.plan("#team", "overtaken", 3)
    desk.plan("#team", "broken", 4)
    desk.owe("#team", "last", label=Label.PUBLIC)
    assert desk.drain() == ["2 of meeting.countdown", "last"]
    assert desk.states() == [
        NoticeState.SENT, NoticeState.SENT, NoticeState.EXPIRED, NoticeState.FAILED, NoticeState.SENT,
    ]  # fmt: skip


def test_who_left_hears_nothing_but_an_answer(desk: Desk) -> None:
    """What is owed to a member who is no longer active is cancelled when it would leave."""
    desk.owe("Luis", "task")
    desk.owe("Luis", "you left", REPLY)
    desk.world.write(lambda work: setattr(work.row(Member, 2), "standing", Standing.ASKED))
    assert desk.drain() == ["you left"]
    assert desk.states() == [NoticeState.CANCELLED, NoticeState.SENT]


def test_people_read_their_own_time_and_rooms_the_venues(desk: Desk) -> None:
    """Each destination has its reader: the member's zone, the room's or the coalition's."""
    desk.owe("Mei", "a")
    desk.owe("#team", "b")
    desk.drain()
    readers = {sent.name: (sent.to.reader.zone.key, sent.to.reader.personal) for sent in desk.chat.shown}
    assert readers == {"Mei": ("Asia/Singapore", True), "team": ("Europe/Vienna", False)}


def test_two_coalitions_have_lanes_of_their_own(desk: Desk) -> None:
    """What one coalition owes goes to its people, under its own key."""
    other = desk.world.found("Other", {"Zoë": (Role.MEMBER, "UTC")}, {})
    desk.owe("Ana", "ours")
    now = desk.world.now
    desk.world.write(
        lambda work: tell(work, lane_of(work, "Zoë"), TASK, message(say("theirs")), key="k/ours", now=now), other
    )
    desk.drain()
    assert sorted((sent.name, sent.text) for sent in desk.chat.shown) == [("Ana", "ours"), ("Zoë", "theirs")]


def test_a_destination_knows_the_accounts_of_those_mentioned_and_its_label(desk: Desk) -> None:
    """Those who have an account on that platform; after a crash the same parcel knows the same."""
    now, luis = desk.world.now, desk.world.member_id("Luis")
    mention = Mention(luis, "Luis")

    def act(work: Work) -> None:
        gone = work.put(Member(coalition_id=work.tenant, alias="Obi"))
        content = message(List((say("{who}", who=mention), Mention(gone.id, "Obi"))))
        tell(work, lane_of(work, "#hall"), TASK, content, key="m", now=now, label=Label.PUBLIC)

    desk.world.write(act)
    desk.chat.troubles = [PowerCut()]
    with pytest.raises(PowerCut):
        desk.drain()
    desk.world.clock.advance_to(now + LEASE)
    desk.world.run(desk.restarted().drain())
    first, again = (sent.to for sent in desk.chat.tried)
    assert (first.accounts, first.label, first.loud) == ({luis: "luis"}, Label.PUBLIC, False)
    assert (again.accounts, again.label, again.loud) == ({luis: "luis"}, Label.PUBLIC, False)


def test_only_an_announcement_is_loud_also_after_a_crash(desk: Desk) -> None:
    """What is too sensitive for the room to see wakes nobody there."""
    desk.owe("#team", "hear", NoticeKind.ANNOUNCEMENT)
    desk.chat.troubles = [PowerCut()]
    with pytest.raises(PowerCut):
        desk.drain()
    desk.world.clock.advance_to(desk.world.now + LEASE)
    desk.world.run(desk.restarted().drain())
    desk.owe("#team", "an alert", ALERT)
    desk.owe("#hall", "not for here", NoticeKind.ANNOUNCEMENT)
    desk.drain()
    assert [(sent.name, sent.to.loud) for sent in desk.chat.tried] == [
        ("team", True), ("team", True), ("team", False), ("hall", False),
    ]  # fmt: skip
