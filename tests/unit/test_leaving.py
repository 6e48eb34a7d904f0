"""People out: at once, for good, at their own wish; and what is kept of them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlmodel import SQLModel

from bot.app import build
from bot.codes import new_code
from bot.engine import Engine
from bot.identities import account_at
from bot.linking import give_code
from bot.message import File, Message, message, say
from bot.mydata import SECTIONS, data_files
from bot.notices import member_lane, tell
from bot.people import find_member
from bot.ports import Destination, SendLater, SendRefused
from bot.removal import OWN, TRACES
from bot.unnaming import ADDRESSES, worded
from storage.backup import backup
from storage.tables import (
    Coalition,
    Code,
    Confirmation,
    Correction,
    Deed,
    Draft,
    DraftState,
    Erasure,
    Identity,
    Lane,
    Lineage,
    Link,
    Member,
    Note,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    ParcelState,
    Reminder,
    Review,
    Role,
    Source,
    Standing,
    Suspension,
    Task,
    Text,
    Verdict,
)  # fmt: skip
from storage.tables.columns import Sealed
from storage.work import Work
from tests.conftest import World
from tests.fakes.chat import Sent

STRANGER = "I work for a coalition and answer its members. To ask to join, say `hello`."
WEEK = dt.timedelta(days=7)


class House:
    """The engine over a World: people say things, and all that is due is done."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine: Engine = build(world.store, world.clock, {"console": world.chat})

    def say(self, alias: str, words: str, room: str | None = None) -> list[str]:
        """Give what appears because of it."""
        before = {sent.key for sent in self.world.chat.shown}
        self.world.run(self.engine.receive(self.world.saying(alias, words, room)))
        self.world.run(self.engine.settle())
        return [_line(sent) for sent in self.world.chat.shown if sent.key not in before]

    def promote(self, alias: str) -> None:
        """Make somebody a coordinator, whoever has to agree: no other command is waiting for that."""
        self.world.write(lambda work: setattr(find_member(work, alias), "role", Role.COORDINATOR))

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.world.run(self.engine.advance(self.world.clock, self.world.now + dt.timedelta(**duration)))


def _line(sent: Sent) -> str:
    return f"{'@' if sent.to.reader.personal else '#'}{sent.name}: {sent.text}"


@pytest.fixture
def house(world: World) -> House:
    """Give the house with Mei as a second coordinator."""
    house = House(world)
    house.promote("Mei")
    return house


def owe(world: World, alias: str, words: str) -> None:
    """Owe a member a message."""

    def act(work: Work) -> None:
        lane = member_lane(work, find_member(work, alias).id)
        tell(work, lane, NoticeKind.ALERT, message(say("{words}", words=words)), key=words, now=world.now)

    world.write(act)


def states(world: World, table: type[Notice] | type[Parcel]) -> list[str]:
    """Give the states of what is in Luis's lanes."""

    def ask(work: Work) -> list[str]:
        lanes = [row.id for row in work.rows(Lane, Lane.member_id == 2)]
        return [str(row.state) for row in work.rows(table) if row.lane_id in lanes]

    return world.read(ask)


def test_what_is_tried_again_is_cancelled(house: House) -> None:
    """A parcel whose sending failed never leaves once its reader is put out; what they were told is erased."""
    world = house.world
    house.say("Luis", "my")
    world.chat.troubles = [SendLater("away")]
    owe(world, "Luis", "later")
    world.run(house.engine.settle())
    assert states(world, Parcel)[-1] == ParcelState.SENDING
    house.say("Ana", "suspend @Luis")
    house.wait(hours=1)
    assert world.chat.erased == [("Luis", house.world.now - WEEK - dt.timedelta(hours=1))]
    assert [sent for sent in world.chat.shown if sent.name == "Luis"] == []
    assert (states(world, Parcel)[-1], states(world, Notice)[-1]) == (ParcelState.CANCELLED, NoticeState.CANCELLED)


def test_a_message_in_flight_is_erased_too(house: House) -> None:
    """What is on its way while its reader is put out appears late, and is erased after that."""
    world = house.world
    send = world.chat.send

    async def slow(to: Destination, message: Message, key: str) -> str | None:
        world.chat.send = send  # type: ignore[method-assign]
        await house.engine._dispatch.receive(world.saying("Ana", "suspend @Luis"))
        await house.engine._dispatch.drain()
        return await send(to, message, key)

    owe(world, "Luis", "just now")
    world.chat.send = slow  # type: ignore[method-assign]
    world.run(house.engine.settle())
    assert [sent.text for sent in world.chat.tried if sent.name == "Luis"] == ["just now"]
    assert [sent for sent in world.chat.shown if sent.name == "Luis"] == []


def test_deletion_survives_a_restart(house: House) -> None:
    """A platform that is away is asked again later, also by a process that begins anew."""
    world = house.world
    house.say("Luis", "my")
    world.chat.erasing = [SendLater("away"), SendLater("limited", 600.0)]
    house.say("Ana", "suspend @Luis")
    assert len(world.chat.erased) == 1
    again = House(world)
    again.wait(minutes=5)
    assert len(world.chat.erased) == 2
    again.wait(minutes=5)
    assert len(world.chat.erased) == 2
    again.wait(minutes=6)
    assert len(world.chat.erased) == 3
    assert world.read(lambda work: work.rows(Erasure)) == []


@pytest.mark.parametrize("trouble", [SendRefused("gone"), SendLater("away", 86_000.0)])
def test_what_cannot_be_deleted_is_told(house: House, trouble: Exception) -> None:
    """Refused at once or away for days: coordinators hear that some of it stays, and it is not tried again."""
    world = house.world
    house.say("Luis", "my")
    world.chat.erasing = [trouble] * 5
    house.say("Ana", "suspend @Luis")
    house.wait(days=5)
    told = [text for text in world.chat.texts("Mei") if text.startswith("I could not delete all")]
    assert told == [
        "I could not delete all that I wrote to @Luis on console since Mon 22 Jan 2024 21:00 Singapore.\n"
        "What is left stays in that chat: I do not try again."
    ]
    assert world.read(lambda work: work.rows(Erasure)) == []


def test_codes_and_questions_die(house: House) -> None:
    """Link codes, codes from the host, and what waits for a yes are gone; the reminder is never sent."""
    world = house.world
    house.say("Luis", "remind me in 2h to eat")
    house.say("Luis", "forget me")

    def give(work: Work) -> None:
        account = account_at(work, "console", "luis")
        assert account is not None
        give_code(work, world.now, account)
        new_code(work, world.now, "claim", dt.timedelta(days=1))

    world.write(give)
    house.say("Ana", "suspend @Luis")
    assert world.read(lambda work: [*work.rows(Code), *work.rows(Confirmation), *work.rows(Link)]) == []
    before = len(world.chat.tried)
    house.wait(hours=3)
    assert [sent.text for sent in world.chat.tried[before:] if sent.name == "Luis"] == []


def test_what_lies_in_the_inbox_is_a_strangers(house: House) -> None:
    """A command that was kept before its speaker was put out does nothing, and is answered as a stranger's."""
    world = house.world
    world.run(house.engine._dispatch.receive(world.saying("Ana", "suspend @Luis")))
    world.run(house.engine._dispatch.receive(world.saying("Luis", "take 5")))
    world.run(house.engine.settle())
    assert world.chat.texts("luis") == [STRANGER]
    assert world.read(lambda work: work.rows(Task)) == []


def test_a_barred_account_comes_in_by_no_other_way(house: House) -> None:
    """Neither a code from the host nor one of another member's account lets it in."""
    world = house.world
    house.say("Ana", "suspend @Luis")
    code = world.write(lambda work: new_code(work, world.now, "claim", dt.timedelta(days=1)))
    assert "wrong, used or too old" in house.say("Luis", f"claim {code}")[0]
    linking = world.write(lambda work: give_code(work, world.now, work.rows(Identity, Identity.member_id == 3)[0]))
    assert "wrong, used or too old" in house.say("Luis", f"link {linking}")[0]
    assert world.read(lambda work: account_at(work, "console", "luis")) is None


def test_taken_back_all_is_as_before(house: House) -> None:
    """Accounts and role are there again, and who asked to join meanwhile was the same person."""
    world = house.world
    house.say("Ana", "suspend @Mei")
    house.say("Mei", "hello Newcomer, Small Group, Vienna")
    assert house.say("Ana", "unsuspend @Mei") == [
        "@Ana: You suspended @Mei, so another coordinator has to take it back, or whoever hosts me with "
        "`dragoman unsuspend`."
    ]
    house.promote("Luis")
    house.say("Luis", "unsuspend @Mei")
    assert world.read(lambda work: [(row.alias, row.role, row.standing) for row in work.rows(Member)]) == [
        ("Ana", Role.COORDINATOR, Standing.ACTIVE), ("Luis", Role.COORDINATOR, Standing.ACTIVE),
        ("Mei", Role.COORDINATOR, Standing.ACTIVE),
    ]  # fmt: skip
    assert house.say("Mei", "my")[0].startswith("@Mei: You are @Mei, coordinator")


def fill(work: Work, now: dt.datetime) -> None:
    """Make a row of Luis's in each table that has rows of people's."""
    luis, here = find_member(work, "Luis").id, work.tenant
    text = work.put(Text(coalition_id=here, name="T"))
    draft = work.put(
        Draft(
            coalition_id=here, text_id=text.id, symbol="S/1", date=now.date(), state=DraftState.REFUSED, added_by=luis,
            added_at=now, origin={"asked_by": "luis"},
        )
    )  # fmt: skip
    lineage = work.put(Lineage(coalition_id=here, text_id=text.id))
    work.put(
        Review(
            coalition_id=here, lineage_id=lineage.id, draft_id=draft.id, member_id=luis, verdict=Verdict.CONCERN,
            note="kept words", reviewed_at=now,
        )
    )  # fmt: skip
    work.put(Task(coalition_id=here, number=1, words="Ask Luis about zumbralete", lead_id=luis))
    work.put(Task(coalition_id=here, number=2, words="other", lead_id=1, backup_id=luis, accepted_at=now))
    work.put(Reminder(coalition_id=here, member_id=luis, words="feed wumpelstrix", due=now + dt.timedelta(days=2)))
    work.put(Reminder(coalition_id=here, member_id=1, words="call luis", due=now + dt.timedelta(days=2)))
    work.put(Note(coalition_id=here, member_id=luis, words="gorvinthal is late", noted_at=now))
    work.put(Deed(coalition_id=here, member_id=luis, verb="take", done_at=now, journal=[["Task", 1, "made", {}]]))
    work.put(Deed(coalition_id=here, member_id=1, verb="x", done_at=now, journal=[["Task", 1, "made", {"w": "@Luis"}]]))
    work.put(Confirmation(coalition_id=here, member_id=luis, invocation={"words": "x"}, expires_at=now))
    work.put(Correction(coalition_id=here, old_symbol="a", new_symbol="b", old="1", made_by=luis))
    work.put(
        Source(coalition_id=here, address="https://a", fingerprint="f", every=60, next_at=now, active=False,
               added_by=luis)
    )  # fmt: skip
    other = work.put(Member(coalition_id=here, alias="Sol", standing=Standing.SUSPENDED))
    work.put(Suspension(coalition_id=here, member_id=other.id, by_id=luis, since=now, accounts=[]))
    account = account_at(work, "console", "luis")
    assert account is not None
    give_code(work, now, account)
    work.put(
        Link(coalition_id=here, identity_id=account.id, platform="console", address="other", fingerprint="g",
             expires_at=now)
    )  # fmt: skip
    coalition = work.get_one(Coalition, here)
    coalition.loaded = {"members": {"luis": {"alias": "Luis", "row": luis, "slack": None}}}


def referring() -> Iterator[tuple[str, str, str]]:
    """Give each column that refers to a member or to an account, as table, column and what it refers to."""
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name in ("member", "identity"):
                yield table.name, key.parent.name, key.column.table.name


def test_all_tables_are_covered() -> None:
    """Each table that refers to a member or an account has its part in `my data`, and goes or lets go when they do."""
    told = {str(table.__tablename__) for section in SECTIONS for table in section.tables}
    assert {table for table, _, _ in referring()} - told == set()
    handled = {(str(table.__tablename__), column) for table, column in (*OWN, *TRACES)}
    elsewhere = {("identity", "member_id"), ("lane", "member_id"), ("link", "identity_id"), ("review", "member_id"),
                 ("erasure", "member_id")}  # fmt: skip
    assert {(table, column) for table, column, _ in referring()} - handled - elsewhere == set()


def test_every_sealed_column_is_words_or_an_address() -> None:
    """Of each encrypted text it is known whether people's words stand in it, in which somebody may be named."""
    sealed = {
        column.type.context
        for table in SQLModel.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, Sealed)
    }
    assert sealed >= ADDRESSES
    words = {f"{table.name}.{name}" for table in SQLModel.metadata.sorted_tables for name in worded(table)}
    assert sealed - ADDRESSES - words == {"blob.content"}


def test_my_data_has_a_row_of_each_table(house: House) -> None:
    """All kinds of rows are in the JSON and on the page; earlier answers are not in it again."""
    world = house.world
    world.write(lambda work: fill(work, world.now))
    house.say("Luis", "my data")
    page, file = world.read(lambda work: data_files(work, world.now, find_member(work, "Luis"), "console"))
    kept = json.loads(file.content)["kept"]
    assert {name for name, section in kept.items() if not section["rows"]} == {"owed", "oversight"}
    for words in ("feed wumpelstrix", "gorvinthal is late", "kept words", "Ask Luis about zumbralete", "luis"):
        assert words in page.text
        assert words in file.content.decode()
    assert "<script" not in page.text
    assert "<!doctype" not in file.content.decode()


def test_my_data_in_a_room_goes_to_the_direct_chat(house: House) -> None:
    """The room hears one neutral sentence; the files come in the direct chat only."""
    before = len(house.world.chat.shown)
    house.say("Luis", "!my data", "team")
    new = house.world.chat.shown[before:]
    assert {sent.name: any(isinstance(block, File) for block in sent.message.blocks) for sent in new} == {
        "team": False, "Luis": True,
    }  # fmt: skip
    assert [sent.text for sent in new if sent.name == "team"] == ["I answer that in the direct chat."]


@pytest.mark.parametrize("way", ["members remove", "suspended first", "forget me"])
def test_nothing_is_left(house: House, tmp_path: Path, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Database, write-ahead log, log, a new backup, and all that the key opens: neither alias, account nor words."""
    world = house.world
    world.add_account("Luis", "u0qz7xkwvjh", "slack")
    house.engine = build(world.store, world.clock, dict.fromkeys(("console", "slack"), world.chat))
    house.say("Luis", "hello Luis, Tlaxcoyote Network, New York")
    world.write(lambda work: fill(work, world.now))
    house.say("Luis", "note Breakfast with pelquistor")
    house.say("Ana", "assign 5 @Luis")
    house.say("Ana", "remind me to ask luis at 18:00")
    house.say("Ana", "members")
    house.wait(minutes=1)
    if way == "forget me":
        house.say("Luis", "forget me")
        assert house.say("Luis", "yes")[0].startswith("@luis: You are forgotten.")
    else:
        if way == "suspended first":
            house.say("Ana", "suspend @Luis")
            house.say("Luis", "tasks")
        house.say("Ana", "members remove @Luis")
        assert "@Ana: They are out for good." in house.say("Ana", "yes")[0]
    house.wait(minutes=1)
    assert sorted(world.chat.forgotten) == ["luis", "u0qz7xkwvjh"]
    found = world.read(decrypted)
    secrets = ("luis", "u0qz7xkwvjh", "Tlaxcoyote", "wumpelstrix", "gorvinthal", "pelquistor")
    assert {word for word in secrets if word.casefold() in found.casefold()} == set()
    assert "kept words" in found
    assert "Ask a former member about zumbralete" in found
    for table, column, _ in referring():
        if (table, column) != ("review", "member_id"):
            count = world.read(lambda work, t=table, c=column: _references(work, t, c, 2))  # type: ignore[misc]
            assert (table, column, count) == (table, column, 0)
    with closing(sqlite3.connect(world.path)) as database, database:  # what a backup is recognized by
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0')")
    world.run(backup(world.store.url, tmp_path / "copy", world.store.keyring))
    opened = world.store.keyring.open((tmp_path / "copy").read_bytes().partition(b"\n")[2], "backup")
    files = b"".join(path.read_bytes() for path in tmp_path.glob("dragoman.db*")) + opened
    prints = {world.store.keyring.fingerprint(address) for address in ("luis", "u0qz7xkwvjh")}
    logged = "".join(capfd.readouterr())
    for word in (*secrets, *prints):
        assert word.casefold().encode() not in files.lower()
        assert word.casefold() not in logged.casefold()


def _references(work: Work, table: str, column: str, member_id: int) -> int:
    rows = SQLModel.metadata.tables[table]
    return len(work.execute(select(rows.c.id).where(rows.c[column] == member_id)).all())


def decrypted(work: Work) -> str:
    """Give all rows as the key opens them."""
    rows = [[*row] for table in SQLModel.metadata.sorted_tables for row in work.connection().execute(select(table))]
    return json.dumps(rows, ensure_ascii=False, default=str)


def test_deleted_rows_are_in_no_file(world: World) -> None:
    """What was written in clear and deleted is in neither database nor log after scrubbing, readers aside."""
    with closing(sqlite3.connect(world.path)) as reader:
        world.write(lambda work: work.put(Text(coalition_id=1, name="zumbralete" * 500)))
        world.write(lambda work: work.exec(delete(Text)))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM text").fetchall()
        assert b"zumbralete" in _bytes(world.path)
        assert world.run(world.store.scrub()) is False
    assert world.run(world.store.scrub()) is True
    assert b"zumbralete" not in _bytes(world.path)


def _bytes(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
