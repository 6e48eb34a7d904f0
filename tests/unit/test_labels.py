"""Labels, cell by cell: what of each label arrives where, whoever reads there and however it travels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlmodel import col

from bot.app import build
from bot.digest import write_digest
from bot.engine import Engine
from bot.home import home_of
from bot.message import File, Message, Paragraph, RedlineFiles, message, say
from bot.notices import member_lane, room_lane, tell
from bot.people import find_member
from storage.cipher import active
from storage.tables import (
    Coalition,
    Draft,
    Label,
    Note,
    NoticeKind,
    Provision,
    Purpose,
    Review,
    Role,
    Room,
    Task,
    TaskState,
    Verdict,
)
from storage.work import Work
from tests.conftest import PLATFORM, World, shown
from tests.fakes.treaty import lay_text

SECRET = "the delegate said no"
COUNT = "too sensitive"
PLATFORMS = (PLATFORM, "slack", "matrix")
PEOPLE = {"Zoe": Role.COORDINATOR, "Ben": Role.MEMBER, "Olga": Role.OBSERVER}

ARRIVES, COUNTED = True, False
Place = tuple[str, Label] | tuple[str, str]
ROOMS = {
    # platform, ceiling of the room: what of public, coalition, closed
    ("console", Label.PUBLIC): (ARRIVES, COUNTED, COUNTED),
    ("console", Label.COALITION): (ARRIVES, ARRIVES, COUNTED),
    ("console", Label.CLOSED): (ARRIVES, ARRIVES, ARRIVES),
    ("matrix", Label.PUBLIC): (ARRIVES, COUNTED, COUNTED),
    ("matrix", Label.COALITION): (ARRIVES, ARRIVES, COUNTED),
    ("matrix", Label.CLOSED): (ARRIVES, ARRIVES, ARRIVES),
    ("slack", Label.PUBLIC): (ARRIVES, COUNTED, COUNTED),
    ("slack", Label.COALITION): (ARRIVES, ARRIVES, COUNTED),
    ("slack", Label.CLOSED): (ARRIVES, ARRIVES, COUNTED),
}
DIRECTS = {
    ("console", "Zoe"): (ARRIVES, ARRIVES, ARRIVES),
    ("console", "Ben"): (ARRIVES, ARRIVES, ARRIVES),
    ("console", "Olga"): (ARRIVES, COUNTED, COUNTED),
    ("matrix", "Zoe"): (ARRIVES, ARRIVES, ARRIVES),
    ("matrix", "Ben"): (ARRIVES, ARRIVES, ARRIVES),
    ("matrix", "Olga"): (ARRIVES, COUNTED, COUNTED),
    ("slack", "Zoe"): (ARRIVES, ARRIVES, COUNTED),
    ("slack", "Ben"): (ARRIVES, ARRIVES, COUNTED),
    ("slack", "Olga"): (ARRIVES, COUNTED, COUNTED),
}
KINDS = (NoticeKind.ALERT, NoticeKind.ANNOUNCEMENT, NoticeKind.TASK, NoticeKind.REPLY, NoticeKind.REMINDER)
FORMS = {
    "words": message(say("{words}", words=SECRET)),
    "a file": Message((Paragraph(say("See the file.")), File("report.txt", SECRET, "text/plain"))),
    "a redline": Message((Paragraph(say("{words}", words=SECRET)), RedlineFiles(1, (1,)))),
}


@dataclass
class House:
    """A coalition on all three platforms: a room of each ceiling on each, and a person of each role with an account."""

    world: World
    engine: Engine

    def seen(self, act: Callable[[], None]) -> list[tuple[str, str, str]]:
        """Give what appears by it: platform, name, and words and files."""
        before = len(self.world.chat.shown)
        act()
        self.world.run(self.engine.settle())
        return [
            (sent.to.platform, sent.name, sent.text + "".join(_files(sent.message)))
            for sent in self.world.chat.shown[before:]
        ]

    def asks(self, platform: str, alias: str, words: str, room: str | None = None) -> list[tuple[str, str, str]]:
        """Give what appears when somebody says something, in a room or in the direct chat."""
        said = self.world.saying(
            account(alias, platform), words, room, platform=platform, addressed=True, said_at=self.world.now
        )
        return self.seen(lambda: self.world.run(self.engine.receive(said)))


def account(alias: str, platform: str) -> str:
    """Give the id of somebody's account."""
    return alias.casefold() if platform == PLATFORM else f"{alias.casefold()}-{platform}"


def _files(content: Message) -> list[str]:
    return [block.text for block in content.blocks if isinstance(block, File)]


def name(platform: str, label: Label) -> str:
    """Give the name of the room with a ceiling on a platform."""
    return f"{platform}-{label.value}"


def _more_rooms(work: Work) -> None:
    for platform, label in ROOMS:
        called = name(platform, label)
        work.add(
            Room(
                coalition_id=work.tenant, name=called, platform=platform, address=called, label=label,
                fingerprint=active()[0].fingerprint(called), purposes=[Purpose.DIGEST],
            )
        )  # fmt: skip


@pytest.fixture
def house(world: World) -> House:
    """Give the coalition, with a text."""
    here = world.found("Everywhere", {alias: (role, "UTC") for alias, role in PEOPLE.items()}, {})
    world.coalition_id = here
    for alias in PEOPLE:
        for platform in ("slack", "matrix"):
            world.add_account(alias, account(alias, platform), platform)
    world.write(_more_rooms)
    world.write(lay_text)
    engine = build(world.store, world.clock, dict.fromkeys(PLATFORMS, world.chat))
    return House(world, engine)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_owed_to_a_room(house: House, kind: NoticeKind, form: str) -> None:
    """Each label towards each kind of room: what is above its ceiling is counted, however it comes."""

    def owe(work: Work) -> None:
        for room in work.rows(Room):
            for label in Label:
                key = f"{room.name}/{label}/{kind}"
                tell(work, room_lane(work, room), kind, FORMS[form], key=key, now=house.world.now, label=label)

    seen = house.seen(lambda: house.world.write(owe))
    assert cells(seen, {name(*place): place for place in ROOMS}) == ROOMS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_owed_to_a_person(house: House, platform: str, form: str) -> None:
    """Each label towards the direct chat of each role, on each platform."""

    def owe(work: Work) -> None:
        for alias in PEOPLE:
            member = find_member(work, alias)
            for label in Label:
                lane = member_lane(work, member.id, platform)
                key = f"{alias}/{label}"
                tell(work, lane, NoticeKind.REPLY, FORMS[form], key=key, now=house.world.now, label=label)

    seen = house.seen(lambda: house.world.write(owe))
    wanted = {place: row for place, row in DIRECTS.items() if place[0] == platform}
    assert cells(seen, {alias: (platform, alias) for alias in PEOPLE}) == wanted


def cells(seen: list[tuple[str, str, str]], places: dict[str, Place]) -> dict[Place, tuple[bool, ...]]:
    """Read for each place which of its three messages showed the words; the others must have been counted."""
    found: dict[Place, list[bool]] = {place: [] for place in places.values()}
    for _, where, words in seen:
        assert (SECRET in words) != (COUNT in words), words
        found[places[where]].append(SECRET in words)
    return {place: tuple(row) for place, row in found.items()}


# What is read: a fact of each label, asked for in each place by each role.

INSIDE = {"coalition": f"{SECRET}: coalition", "closed": f"{SECRET}: closed"}
READ_IN_ROOMS = {
    # platform, ceiling: what of the coalition's and of what is closed a coordinator sees there
    ("console", Label.PUBLIC): [],
    ("console", Label.COALITION): ["coalition"],
    ("console", Label.CLOSED): ["coalition", "closed"],
    ("matrix", Label.PUBLIC): [],
    ("matrix", Label.COALITION): ["coalition"],
    ("matrix", Label.CLOSED): ["coalition", "closed"],
    ("slack", Label.PUBLIC): [],
    ("slack", Label.COALITION): ["coalition"],
    ("slack", Label.CLOSED): ["coalition"],
}
READ_DIRECTLY = {
    ("console", "Zoe"): ["coalition", "closed"],
    ("console", "Ben"): ["coalition", "closed"],
    ("console", "Olga"): [],
    ("matrix", "Zoe"): ["coalition", "closed"],
    ("matrix", "Ben"): ["coalition", "closed"],
    ("matrix", "Olga"): [],
    ("slack", "Zoe"): ["coalition"],
    ("slack", "Ben"): ["coalition"],
    ("slack", "Olga"): [],
}


def facts(work: Work) -> None:
    """Put a review, a task and a note for the digest of each label that people's words can have."""
    draft = work.rows(Draft)[0]
    article = work.rows(Provision, col(Provision.label) == "1")[0]
    for number, (alias, label) in enumerate((("Zoe", Label.COALITION), ("Ben", Label.CLOSED)), 1):
        member, words = find_member(work, alias), INSIDE[label.value]
        assert article.lineage_id is not None
        work.add(
            Review(
                coalition_id=work.tenant, lineage_id=article.lineage_id, draft_id=draft.id, member_id=member.id,
                verdict=Verdict.CONCERN, note=words, label=label, reviewed_at=draft.added_at,
            )
        )  # fmt: skip
        work.add(
            Task(
                coalition_id=work.tenant, words=words, label=label, lead_id=find_member(work, "Ben").id,
                state=TaskState.OPEN, accepted_at=draft.added_at, assigned_at=draft.added_at, number=number,
            )
        )  # fmt: skip
        work.add(Note(coalition_id=work.tenant, member_id=member.id, words=words, label=label, noted_at=draft.added_at))


def shows(words: str) -> list[str]:
    """Name the facts that are in some words."""
    return [label for label, fact in INSIDE.items() if fact in words]


@pytest.mark.parametrize("words", ["article 1", "tasks", "tasks all", "export tasks"])
def test_what_is_asked_for_in_a_room(house: House, words: str) -> None:
    """In the room nothing above its ceiling, also in its threads; what is above it comes to the asker alone, or not."""
    house.world.write(facts)
    for platform, label in ROOMS:
        for alias in PEOPLE:
            seen = house.asks(platform, alias, words, name(platform, label))
            there = " ".join(text for _, where, text in seen if where == name(platform, label))
            allowed = READ_IN_ROOMS[platform, label] if alias != "Olga" else []
            assert set(shows(there)) <= set(allowed), (platform, label, alias)
            to_asker = " ".join(text for _, where, text in seen if where == alias)
            assert set(shows(to_asker)) <= set(READ_DIRECTLY[platform, alias])
            assert {where for _, where, _ in seen} <= {name(platform, label), alias}


def test_reviews_are_read_where_they_may_be(house: House) -> None:
    """`article 1`, cell by cell: the notes that may be shown are, the others are counted for members."""
    house.world.write(facts)
    rooms, directs = {}, {}
    for platform, label in ROOMS:
        [(_, _, text)] = house.asks(platform, "Zoe", "article 1", name(platform, label))
        rooms[platform, label] = shows(text)
    for platform, alias in READ_DIRECTLY:
        [(_, _, text)] = house.asks(platform, alias, "article 1")
        directs[platform, alias] = shows(text)
        assert (COUNT in text) == (alias != "Olga" and platform == "slack")
    assert rooms == READ_IN_ROOMS
    assert directs == READ_DIRECTLY


def test_a_home_shows_what_a_direct_chat_may(house: House) -> None:
    """The App Home of the one who has the tasks; one who was made an observer sees none of them."""
    house.world.write(facts)
    for platform in PLATFORMS:
        found = house.world.read(
            lambda work, platform=platform: home_of(  # type: ignore[misc] # mypy infers no type of a default
                work, house.world.now, find_member(work, "Ben"), platform=platform
            )
        )
        words = shown(Message(tuple(Paragraph(item.line) for item in found.tasks)))
        assert shows(words) == READ_DIRECTLY[platform, "Ben"]
        assert found.total == 2
    lowered = house.world.read(
        lambda work: home_of(work, house.world.now, find_member(work, "Ben"), platform=PLATFORM, role=Role.OBSERVER)
    )
    assert (lowered.tasks, lowered.total, lowered.coverage) == ((), 0, ())


def test_a_digest_shows_what_its_room_may(house: House) -> None:
    """The notes for it, cell by cell."""
    house.world.write(facts)
    found = {}
    for place in ROOMS:

        def written(work: Work, place: tuple[str, Label] = place) -> Message | None:
            room = work.rows(Room, col(Room.name) == name(*place))[0]
            return write_digest(work, work.get_one(Coalition, work.tenant), room, house.world.now, house.world.now)

        found[place] = shows(shown(house.world.read(written)))
    assert found == READ_IN_ROOMS
