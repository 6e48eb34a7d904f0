"""Coming in, roles, settings, rooms and help: what people type, and what each of them sees."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.codes import new_code
from bot.commands import CommandTable, Refusal
from bot.zones import ZoneProblem, find_zone
from handlers import people, rooms
from handlers.rooms import read_purposes
from storage.tables import Member, Purpose, Role, Room, Standing, Task
from storage.work import Work
from tests.conftest import World, shown
from tests.fakes.conversation import Conversation

TABLE = CommandTable((*people.VERBS, *rooms.VERBS))


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with the verbs about people and rooms."""
    return Conversation(world, TABLE, {})


def code_of(world: World, hours: float = 1) -> str:
    """Make a code for the first coordinator."""
    return world.write(lambda work: new_code(work, world.now, people.CLAIM, dt.timedelta(hours=hours)))


def role_of(world: World, alias: str) -> Role:
    """Tell what somebody may do."""
    return world.read(lambda work: next(row.role for row in work.rows(Member) if row.alias == alias))


def test_a_stranger_asks_is_admitted_and_told(talk: Conversation) -> None:
    """From hello to welcome: the stranger learns no name, the coordinator hears once."""
    first = talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    assert first[0] == "@zoe: Thank you. A coordinator looks at it, and I will tell you here."
    assert [line for line in first if line.startswith("@Ana")] == [
        "@Ana: Sol of Red Libre (Bogota) asks to join. If you know them, `admit @Sol`; if not, do nothing.\n"
        "`admit @Sol`"
    ]
    assert talk.say("Zoe", "hello Soul, Red Libre, Bogota") == [
        "@zoe: Noted. A coordinator looks at it, and I will tell you here."
    ]
    talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    assert talk.say("Zoe", "hello Sol, Red Libre, Bogota") == [
        "@zoe: You have asked already. A coordinator looks at it, and I will tell you here."
    ]
    assert talk.say("Luis", "admit @sol") == ["@Luis: `admit` is for coordinators. Ask one of them."]
    admitted = talk.say("Ana", "admit @sol as observer")
    assert "@Ana: @Sol is in, as an observer, and was told." in admitted
    assert any(line.startswith("@Sol: Welcome to Safe Evidence: you are in, as an observer.") for line in admitted)
    assert talk.say("Zoe", "my")[0].startswith("@Sol: You are @Sol, Red Libre, observer, America/Bogota")


@pytest.mark.parametrize(
    "words",
    ["hello Sol, Red Libre, Atlantis", "hello", "hello two words, X, Bogota"],
)
def test_a_hello_that_cannot_be_taken_leaves_no_member(talk: Conversation, world: World, words: str) -> None:
    """An unknown city, nothing at all or two words: one sentence without names, and nothing is kept."""
    (answer,) = talk.say("Zoe", words)
    assert not {"@Ana", "@Luis", "@Mei"} & set(answer.split())
    assert len(world.read(lambda work: work.rows(Member))) == 3


def test_a_member_changes_alias_but_not_to_anothers(talk: Conversation) -> None:
    """Hello from a member changes how they are called; somebody else's alias is refused."""
    assert talk.say("Luis", "hello Lu, Derechos, Ltd., Geneva")[0].endswith(
        "You are @Lu, Derechos, Ltd., member, Europe/Zurich, quiet from 22:00 to 07:00."
    )
    assert talk.say("Luis", "hello MEI, Derechos, Geneva") == [
        "@Lu: That alias cannot be had here. Please choose another one."
    ]


def test_people_greeting_each_other_in_a_room_are_let_be(talk: Conversation) -> None:
    """A hello in a room that was not meant for the bot stays without answer."""
    assert talk.say("Luis", "hello everyone", "team") == []


def test_a_code_makes_one_coordinator_once(talk: Conversation, world: World) -> None:
    """The account that types the code coordinates, the others are told, and the code is used up."""
    code = code_of(world)
    assert talk.say("Zoe", f"/claim {code}", "team")[0].startswith("@zoe: Say `claim` with its code in a direct chat")
    welcome = talk.say("Zoe", f"claim {code.lower().replace('-', ' ')}")
    assert any("you coordinate Safe Evidence" in line for line in welcome)
    assert "@Ana: @Zoe became a coordinator with a code from whoever runs me." in welcome
    assert role_of(world, "Zoe") is Role.COORDINATOR
    assert "wrong, used or too old" in talk.say("Luis", f"claim {code}")[0]
    assert role_of(world, "Luis") is Role.MEMBER


def test_a_code_ages_and_is_another_coalitions(talk: Conversation, world: World) -> None:
    """An expired code, and one made for another coalition, are refused."""
    old = code_of(world)
    other = world.found("Other", {"Bo": (Role.MEMBER, "UTC")}, {})
    theirs = world.write(lambda work: new_code(work, world.now, people.CLAIM, dt.timedelta(days=1)), other)
    world.pass_time(hours=1)
    for code in (old, theirs):
        assert "wrong, used or too old" in talk.say("Luis", f"claim {code}", coalition="Safe Evidence")[0]


def test_somebody_who_asked_may_claim(talk: Conversation, world: World) -> None:
    """Who said hello first keeps their alias when they claim."""
    talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    talk.say("Zoe", f"claim {code_of(world)}")
    assert role_of(world, "Sol") is Role.COORDINATOR
    assert world.read(lambda work: {row.standing for row in work.rows(Member)}) == {Standing.ACTIVE}


def test_the_last_coordinator_stays(world: World) -> None:
    """Nobody can leave the coalition without a coordinator; with a second one the first may go."""
    with pytest.raises(Refusal, match="only coordinator"):
        world.do(TABLE, "Ana", "role @ana member")
    assert shown(world.do(TABLE, "Ana", "role @luis coordinator", seconded=True)) == "@Luis is a coordinator now."
    world.do(TABLE, "Ana", "role @ana as observer")
    assert (role_of(world, "Ana"), role_of(world, "Luis")) == (Role.OBSERVER, Role.COORDINATOR)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("role @luis", "Say whom and what"),
        ("role @luis coordinater", "Did you mean"),
        ("role @luis king", "is no role"),
        ("role @lius member", "Did you mean @"),
        ("admit @nobody", "I know no @"),
        ("admit @luis", "is in already"),
        ("my timezone Xanadu", "Name a city"),
        ("my timezone Europe/Viena", "Did you mean `"),
        ("my timezone", "Say which"),
        ("my quiet maybe", "Say `my quiet on`"),
        ("my away", "Say until when"),
        ("my away until 5", "is only a number"),
        ("my away until yesterday", "That is past"),
        ("my shoes", "I know `my timezone CITY`"),
        ("help asign", "I do not know"),
        ("room here for tasks", "Say this in the room itself"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(world: World, words: str, refusal: str) -> None:
    """Bad input gets one clear sentence."""
    with pytest.raises(Refusal) as refused:
        world.do(TABLE, "Ana", words)
    assert refusal in refused.value.phrase.msgid


def test_settings_are_kept_and_shown(world: World) -> None:
    """Zone, quiet and absence are read back as they were set; a day means that morning, in one's own zone."""
    world.do(TABLE, "Luis", "my timezone são paulo")
    world.do(TABLE, "Luis", "my quiet off")
    away = world.do(TABLE, "Luis", "my away until fri")
    assert shown(away, "America/Sao_Paulo").startswith("You are away until Fri 2 Feb 2024 07:00 Sao Paulo")
    settings = shown(world.do(TABLE, "Luis", "my"), "America/Sao_Paulo")
    assert settings == (
        "You are @Luis, member, America/Sao_Paulo, written to at any hour, away until Fri 2 Feb 07:00 Sao Paulo."
    )
    world.do(TABLE, "Luis", "my away off")
    assert "away" not in shown(world.do(TABLE, "Luis", "my"))


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Europe/Vienna", "Europe/Vienna"),
        ("america/new_york", "America/New_York"),
        ("New York", "America/New_York"),
        ("geneva", "Europe/Zurich"),
        ("Bogotá", "America/Bogota"),
        ("utc", "UTC"),
    ],
)
def test_zones_by_name_and_city(words: str, zone: str) -> None:
    """IANA names and cities are understood whatever case and accents."""
    assert find_zone(words) == zone


@pytest.mark.parametrize("words", ["", "EST", "UTC+2", "Etc/GMT+5", "x" * 300])
def test_what_keeps_no_clock_changes_is_no_zone(words: str) -> None:
    """Offsets, letters and nonsense are refused in a short sentence."""
    with pytest.raises(ZoneProblem) as refused:
        find_zone(words)
    assert len(str(refused.value)) < 150


def test_members_shows_who_waits_to_coordinators_only(talk: Conversation) -> None:
    """The list is for the asker's direct chat; strangers who asked show to coordinators."""
    talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    (lead,) = talk.say("Ana", "members", "team")
    (member,) = talk.say("Mei", "members", "team")
    assert lead.startswith("@Ana: Members: 3\n")
    assert "admit @Sol" in lead
    assert "Sol" not in member


def test_help_shows_only_what_the_speaker_may_say(talk: Conversation) -> None:
    """A member reads no verb of coordinators, a stranger only how to come in."""
    assert "`admit`" in talk.say("Ana", "help")[0]
    assert "`admit`" not in talk.say("Luis", "help")[0]
    assert "`members`" not in talk.say("Zoe", "help")[0]
    assert talk.say("Luis", "help admit") == ["@Luis: `admit` is for coordinators. Ask one of them."]
    assert "`my away until DATE|off`" in talk.say("Luis", "help my away")[0]


def test_a_room_is_served_after_room_here(talk: Conversation, world: World) -> None:
    """An unserved room gets served, and the answer appears in it; said again it replaces the purposes."""
    first = talk.say("Ana", "room here for alerts and tasks", "corner", addressed=True)
    assert first == ["#corner: This room is served now for tasks, alerts; it may see coalition items."]
    talk.say("Ana", "room here for digest", "corner")

    def corner(work: Work) -> Room:
        return next(row for row in work.rows(Room) if row.name == "corner")

    assert world.read(corner).purposes == [Purpose.DIGEST]
    listed = talk.say("Luis", "rooms", "team")
    assert listed[0].startswith("@Luis: Rooms: 3\n")
    assert "- #corner; digest; coalition; digest at 19:30" in listed[0]


def test_a_room_that_others_read_along_in_is_public_until_a_coordinator_says_more(talk: Conversation) -> None:
    """What it may see is said last; said again without it, it stays."""
    shared = {"addressed": True, "shared": True}
    assert talk.say("Ana", "room here for alerts", "bridge", **shared) == [
        "#bridge: This room is served now for alerts; it may see public items.\n"
        "Other organisations read along here: `room here for alerts as coalition` shows them more."
    ]
    line = "#bridge: This room is served now for alerts; it may see coalition items."
    assert line in talk.seconded("Ana", "room here for alerts as coalition", "bridge", **shared)
    assert talk.say("Ana", "room here for alerts", "bridge", **shared) == [line]


def test_a_room_that_came_to_be_shared_is_public_once(talk: Conversation) -> None:
    """What was said before others came does not count; what is said after that does."""

    def serve(words: str, *, shared: bool) -> str:
        return talk.say("Ana", f"room here for alerts{words}", "bridge", addressed=True, shared=shared)[0].split("\n")[
            0
        ]

    line = "#bridge: This room is served now for alerts; it may see {} items."
    assert serve("", shared=False) == line.format("coalition")
    assert serve("", shared=True) == line.format("public")
    shared = {"addressed": True, "shared": True}
    assert line.format("coalition") in talk.seconded("Ana", "room here for alerts as coalition", "bridge", **shared)
    assert serve("", shared=True) == line.format("coalition")


def test_whoever_leaves_out_their_city_has_the_zone_that_their_platform_told(talk: Conversation, world: World) -> None:
    """Who says one has that one."""
    talk.say("Zoe", "hello Sol, Red Libre", sender_zone="America/Bogota")
    talk.say("Yui", "hello Yui, Red Libre, Tokyo", sender_zone="America/Bogota")
    zones = world.read(lambda work: {row.alias: row.timezone for row in work.rows(Member)})
    assert (zones["Sol"], zones["Yui"]) == ("America/Bogota", "Asia/Tokyo")


def test_a_rooms_platform_id_is_not_its_name(world: World) -> None:
    """Where ids are no names, as in Slack and Matrix, the name holds nothing of the id."""
    world.do(TABLE, "Ana", "room here for tasks", "!secret:example.org", platform="matrix")
    assert "room" in world.read(lambda work: [row.name for row in work.rows(Room)])


@pytest.mark.parametrize("words", ["", "for", "for nothing", "for task, alarts"])
def test_unknown_purposes_are_refused(words: str) -> None:
    """What is no purpose gets the nearest one, or all."""
    with pytest.raises(Refusal):
        read_purposes(words)


def test_whoever_becomes_an_observer_leaves_tasks_behind(world: World) -> None:
    """The coordinator is told what the person still has a part in, and how to put it into other hands."""
    whose = world.member_id("Luis")
    world.write(lambda work: work.put(Task(coalition_id=work.tenant, number=7, words="book a room", backup_id=whose)))
    assert shown(world.do(TABLE, "Ana", "role @luis observer")) == (
        "@Luis is an observer now.\n"
        "They still have a part in “book a room” and hear no more of it: `reassign task 7 @NAME`."
    )
    assert shown(world.do(TABLE, "Ana", "role @mei observer")) == "@Mei is an observer now."
