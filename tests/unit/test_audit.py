"""The audit: which commands it records, that its chain shows what was done to it, and what it does not say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlmodel import col, delete, update

from bot.app import command_table
from bot.audit import HOST, broken, in_words, latest, record, record_host
from bot.commands import Call, CommandTable, Refusal, Verb
from bot.message import Message, message, say
from bot.plain import Reader, plain_inline
from storage.tables import Audit, Member, Outcome, Role
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation
from tests.unit.test_people import code_of


def _act(call: Call) -> Message:
    if call.words == "fail":
        raise Refusal(say("no"))
    return message(say("done"))


TABLE = CommandTable(
    (
        Verb("lead", _act, "lead", "For coordinators.", role=Role.COORDINATOR),
        Verb("care", _act, "care", "For verified devices.", guarded=True),
        Verb("chat", _act, "chat", "For members."),
    )
)


def lines(world: World) -> list[tuple[str, int | None, Outcome]]:
    """Give the audit as (verb, who, outcome), in order."""
    return world.read(lambda work: [(row.verb, row.member_id, row.outcome) for row in work.rows(Audit)])


def said(world: World) -> list[str]:
    """Give the audit in words, in order."""

    def ask(work: Work) -> list[str]:
        reader = Reader(world.clock.now().tzinfo)  # type: ignore[arg-type]
        return [plain_inline(in_words(work, line), reader) for line in reversed(latest(work, 20))]

    return world.read(ask)


def write_lines(world: World, n: int) -> None:
    """Add lines of the host."""
    for _ in range(n):
        world.write(lambda work: record(work, world.now, "load", HOST))


def test_a_verb_is_recorded_for_its_row() -> None:
    """Whoever adds a verb for coordinators or verified devices, or one that gives power, has it recorded."""
    for verb in command_table().verbs:
        assert verb.privileged is (verb.role is Role.COORDINATOR or verb.guarded or verb.name == "claim"), verb.name


def test_privileged_commands_are_recorded_with_what_became_of_them(world: World) -> None:
    """What was done and what was refused for the role; not what was mistyped, and no other verb."""
    talk = Conversation(world, TABLE, {})
    for alias, words in (("Ana", "lead"), ("Luis", "lead"), ("Ana", "lead fail"), ("Luis", "care"), ("Luis", "chat")):
        talk.say(alias, words)
    talk.say("Luis", "care", vouched=False)
    ana, luis = world.member_id("Ana"), world.member_id("Luis")
    assert lines(world) == [
        ("lead", ana, Outcome.DONE), ("lead", luis, Outcome.DENIED), ("care", luis, Outcome.DONE),
        ("care", luis, Outcome.DENIED),
    ]  # fmt: skip


def test_whoever_claims_is_recorded_and_what_is_taken_back(world: World) -> None:
    """Though nobody yet when they say it; an undo says what it took back."""
    talk = Conversation(world, command_table(), {})
    talk.say("Zoe", f"claim {code_of(world)}")
    talk.say("Ana", "role @luis observer")
    talk.say("Ana", "undo")
    assert said(world) == ["@Zoe, `claim`, @Zoe: done", "@Ana, `role`, @Luis: done", "@Ana, `role`, @Luis: taken back"]


def test_the_audit_outlives_whom_it_names(world: World) -> None:
    """A member who is gone is a former member; no line holds a name or what was said."""
    talk = Conversation(world, command_table(), {})
    talk.say("Ana", "role @mei observer")
    rows = world.read(lambda work: [row.model_dump_json() for row in work.rows(Audit)])
    assert [word for word in ("Ana", "Mei", "mei", "observer", "console") if word in rows[0]] == []
    mei = world.member_id("Mei")

    def remove(work: Work) -> None:
        for table in ("notice", "parcel", "lane", "deed", "confirmation", "identity"):
            work.connection().exec_driver_sql(f"DELETE FROM {table}")
        work.exec(delete(Member).where(col(Member.id) == mei))

    world.write(remove)
    assert said(world) == ["@Ana, `role`, former member: done"]
    assert world.read(broken) is None


def _change(work: Work) -> None:
    work.exec(update(Audit).where(col(Audit.sequence) == 2).values(member_id=1))


def _take_out(work: Work) -> None:
    work.exec(delete(Audit).where(col(Audit.sequence) == 2))


def _close_up(work: Work) -> None:
    _take_out(work)
    work.exec(update(Audit).where(col(Audit.sequence) == 3).values(sequence=2))


def _cut_off(work: Work) -> None:
    work.exec(delete(Audit).where(col(Audit.sequence) == 3))


def _all_gone(work: Work) -> None:
    work.exec(delete(Audit))


@pytest.mark.parametrize(
    ("harm", "where"),
    [
        (_change, "line 2 was changed"),
        (_take_out, "line 2 is missing"),
        (_close_up, "between lines 1 and 2 something was taken out or put in"),
        (_cut_off, "lines after 2 were taken off its end"),
        (_all_gone, "lines after 0 were taken off its end"),
    ],
)
def test_a_broken_chain_is_found(world: World, harm: Callable[[Work], None], where: str) -> None:
    """Whatever is changed, taken out or cut off, the first place that does not fit is named."""
    write_lines(world, 3)
    assert world.read(broken) is None
    world.write(harm)
    assert world.read(broken) == where
    write_lines(world, 1)  # what follows does not cover it
    assert world.read(broken) is not None


def test_commands_at_once_do_not_fork_the_chain(world: World) -> None:
    """Every line has a number and a predecessor of its own."""

    async def at_once() -> None:
        one = world.store.write(world.coalition_id, lambda work: record(work, world.now, "load", HOST))
        rest = [
            world.store.write(world.coalition_id, lambda work: record(work, world.now, "load", HOST)) for _ in range(9)
        ]
        await asyncio.gather(one, *rest)

    world.run(at_once())
    assert world.read(lambda work: [row.sequence for row in work.rows(Audit)]) == list(range(1, 11))
    assert world.read(broken) is None


def test_commands_on_the_whole_database_stand_in_every_audit(world: World) -> None:
    """Each coalition has a chain of its own, which says so."""
    other = world.found("Other", {"Bo": (Role.COORDINATOR, "UTC")}, {})
    write_lines(world, 2)
    world.run(record_host(world.store, world.now, "db backup"))
    assert lines(world)[2:] == [("db backup", None, Outcome.DONE)]
    assert world.read(lambda work: [row.sequence for row in work.rows(Audit)], other) == [1]
    assert (world.read(broken), world.read(broken, other)) == (None, None)


def test_the_verb_shows_the_latest_lines_in_the_direct_chat(world: World) -> None:
    """To coordinators; nothing of it appears in a room."""
    talk = Conversation(world, command_table(), {})
    assert talk.say("Ana", "audit") == ["@Ana: The audit is empty: nobody has used a privileged command yet."]
    write_lines(world, 25)
    (shown,) = talk.say("Ana", "!audit", "team")
    assert shown.startswith("@Ana: Audit, the latest 20 of 25\n- Mon 29 Jan 14:00 Vienna, the host, `load`: done\n")
    assert talk.say("Luis", "audit") == ["@Luis: `audit` is for coordinators. Ask one of them."]
