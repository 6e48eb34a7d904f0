"""People who are discreet: where they are named, and that in Slack nobody can learn who they are, by whatever verb."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.slack.drawing import drawn
from bot.app import build, command_table
from bot.commands import Verb
from bot.engine import Engine
from bot.message import Action, Actions, File, Mention, Message, Text, Veiled, joined, message, say
from bot.people import find_member
from bot.plain import Reader, plain
from bot.veil import Veil
from storage.cipher import active
from storage.tables import (
    Coalition,
    Draft,
    Label,
    Member,
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
from tests.conftest import World
from tests.fakes.chat import Sent
from tests.fakes.treaty import lay_second, lay_text

TABLE = command_table()
PLATFORMS = ("console", "slack", "matrix")
ROOMS = {
    "slack-open": ("slack", Label.COALITION),
    "slack-public": ("slack", Label.PUBLIC),
    "matrix-room": ("matrix", Label.COALITION),
    "matrix-closed": ("matrix", Label.CLOSED),
    "console-room": ("console", Label.COALITION),
}
"""The rooms, by name: the platform, and what they may see."""
TELLING = {
    # alias: organisation, account on Matrix, account in Slack, zone; known on Matrix alone
    "Quillon": ("Tlaxcoyote", "@vharzeq:example.org", None, "Pacific/Tongatapu"),
    # has both, and said `my discreet on`
    "Brixomel": ("Ostrelique", "@dwenk:example.org", "u0qz7xkwvjh", "Pacific/Chatham"),
    # coordinates, known on Matrix alone
    "Zemfira": ("Ringhold", "@zorvan:example.org", None, "Pacific/Kiritimati"),
    # asked to join; suspended; both known on Matrix alone
    "Nurbagal": ("Fjordwexel", "@nurb:example.org", None, "Pacific/Tarawa"),
    "Sworling": ("Mirquandel", "@swor:example.org", None, "Asia/Kathmandu"),
}
SECRETS = re.compile(
    "|".join(
        re.escape(word.rpartition("/")[2]) for alias, facts in TELLING.items() for word in (alias, *facts) if word
    ),
    re.IGNORECASE,
)
ASKS = "Nurbagal"
"""Who has asked to join."""
NOBODY = "Xuvvint"
"""An alias that is like nobody's."""


@dataclass
class House:
    """A coalition in Slack, on Matrix and on the console, with open members and discreet ones."""

    world: World
    engine: Engine

    def asks(self, alias: str, words: str, platform: str, room: str | None = None, **others: object) -> list[Sent]:
        """Give what appears when somebody says something, in a room or in the direct chat."""
        before = len(self.world.chat.shown)
        said = self.world.saying(
            account(alias, platform), words, room, platform=platform, addressed=True, said_at=self.world.now, **others
        )
        self.world.run(self.engine.receive(said))
        self.world.run(self.engine.settle())
        return self.world.chat.shown[before:]

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.world.run(self.engine.advance(self.world.clock, self.world.now + dt.timedelta(**duration)))


def account(alias: str, platform: str) -> str:
    """Give the id of somebody's account."""
    _, matrix, slack, _ = TELLING.get(alias, ("", None, None, ""))
    known = {"matrix": matrix, "slack": slack}.get(platform)
    return known or (alias.casefold() if platform == "console" else f"{alias.casefold()}-{platform}")


def readable(sent: Sent) -> str:
    """Give all of a message that anybody could read where it went: words, files, buttons, and who is mentioned."""
    files = [f"{block.name}\n{block.content.decode()}" for block in sent.message.blocks if isinstance(block, File)]
    buttons = [one.command for block in sent.message.blocks if isinstance(block, Actions) for one in block.actions]
    return "\n".join([sent.text, repr(sent.message), *files, *buttons, *sent.to.accounts.values()])


def in_slack(found: list[Sent]) -> str:
    """Give all that can be read in Slack of what appeared."""
    return "\n".join(readable(sent) for sent in found if sent.to.platform == "slack")


def _rooms(work: Work) -> None:
    for name, (platform, label) in ROOMS.items():
        work.add(
            Room(
                coalition_id=work.tenant, name=name, platform=platform, address=name, label=label,
                fingerprint=active()[0].fingerprint(name),
                purposes=[Purpose.TASKS, Purpose.ALERTS, Purpose.DIGEST, Purpose.COUNTDOWN],
            )
        )  # fmt: skip


def _organisations(work: Work) -> None:
    for member in work.rows(Member):
        facts = TELLING.get(member.alias)
        member.organisation = facts[0] if facts else "Privacy Network"


def _facts(work: Work) -> None:
    """Give the discreet ones a part in everything: tasks led, backed up and overdue, reviews, an alert, the audit."""
    ben, quillon, brixomel, zemfira = (find_member(work, name) for name in ("Ben", "Quillon", "Brixomel", "Zemfira"))
    draft = work.rows(Draft)[0]
    provisions = work.rows(Provision, Provision.draft_id == draft.id)
    hands = [(quillon, ben), (ben, quillon), (brixomel, zemfira), (zemfira, None), (ben, brixomel)]
    for number, ((lead, backup), row) in enumerate(zip(hands, provisions[1:], strict=False), 1):
        work.add(
            Task(
                coalition_id=work.tenant, lineage_id=row.lineage_id, number=number, lead_id=lead.id,
                backup_id=backup.id if backup else None, state=TaskState.OPEN, assigned_at=draft.added_at,
                accepted_at=draft.added_at if number != 3 else None,
                due=draft.added_at + dt.timedelta(hours=number - 2), due_chosen=True,
            )
        )  # fmt: skip
        if row.lineage_id is not None:
            work.add(
                Review(
                    coalition_id=work.tenant, lineage_id=row.lineage_id, draft_id=draft.id, member_id=lead.id,
                    verdict=Verdict.CONCERN, note="vague", label=Label.COALITION, reviewed_at=draft.added_at,
                )
            )  # fmt: skip
    work.get_one(Coalition, work.tenant).changes += 1


@pytest.fixture
def house(world: World) -> House:
    """Give the coalition, with what happened in it so far."""
    people = {
        "Zoe": (Role.COORDINATOR, "UTC"),
        "Carl": (Role.COORDINATOR, "UTC"),
        "Ben": (Role.MEMBER, "UTC"),
        "Olga": (Role.OBSERVER, "UTC"),
    }
    telling = {
        alias: (Role.COORDINATOR if alias == "Zemfira" else Role.MEMBER, facts[3])
        for alias, facts in TELLING.items()
        if alias != ASKS
    }
    world.coalition_id = world.found("Everywhere", {**people, **telling}, {})
    for alias in people:
        world.add_account(alias, account(alias, "slack"), "slack")
    world.add_account("Zoe", account("Zoe", "matrix"), "matrix")
    for alias in telling:
        world.add_account(alias, account(alias, "matrix"), "matrix")
    world.add_account("Brixomel", account("Brixomel", "slack"), "slack")
    for lay in (_rooms, _organisations, lay_text, _facts):
        world.write(lay)
    here = House(world, build(world.store, world.clock, dict.fromkeys(PLATFORMS, world.chat)))
    here.asks("Brixomel", "my discreet on", "matrix")
    here.asks(ASKS, f"hello {ASKS}, {TELLING[ASKS][0]}, {TELLING[ASKS][3]}", "matrix", "matrix-closed")
    here.asks("Zoe", "suspend @Sworling", "matrix")
    here.asks("Zoe", "role @Quillon coordinator", "matrix")
    return here


def attempts(verb: Verb, name: str) -> list[str]:
    """Give what can be typed of a verb: alone, as in its examples, with a name and with an article that there is."""
    found = [verb.name, *verb.examples]
    if "@NAME" in verb.usage:
        found.append(f"{verb.name} @{name}")
    numbered = [re.sub(r"\b(?:\d+|IV|17 bis)\b(?!:)", "2", words) for words in found]
    return list(dict.fromkeys(re.sub(r"@\w+", f"@{name}", words) for words in [*found, *numbered]))


def attempts_about(verb: Verb) -> list[str]:
    """Give all that can be typed about one of those who are discreet, and the verb with the name of each other."""
    others = [f"{verb.name} @{alias}" for alias in TELLING] if "@NAME" in verb.usage else []
    return list(dict.fromkeys([*attempts(verb, "Quillon"), *others]))


EVERY_VERB = pytest.mark.parametrize("verb", TABLE.verbs, ids=lambda verb: verb.name)
NAMING = pytest.mark.parametrize(
    "verb", [verb for verb in TABLE.verbs if "@NAME" in verb.usage], ids=lambda verb: verb.name
)


@EVERY_VERB
def test_no_verb_names_them_in_slack(house: House, verb: Verb) -> None:
    """Whatever is said of whomever, in a channel, in a direct message or on Matrix: in Slack nobody discreet is named.

    What a speaker typed in Slack themselves may be said back to them: it is said back of nobody, too.
    """
    said = [("Carl", words, room) for words in attempts_about(verb) for room in ("slack-open", None)]
    said += [(alias, verb.name, "slack-public") for alias in ("Carl", "Ben", "Olga", "Brixomel")]
    for alias, words, room in said:
        found = in_slack(house.asks(alias, words, "slack", room)).replace(account(alias, "slack"), "their own account")
        for typed in re.findall(r"@(\w+)", words):
            found = re.sub(rf"I know no @{typed}\b|'name': '{typed}'", "", found, flags=re.IGNORECASE)
        assert SECRETS.findall(found) == [], (alias, words)
    for words in attempts_about(verb) if "@NAME" in verb.usage else verb.examples[:2]:
        seen = house.asks("Quillon", words, "matrix", "matrix-room")
        seen += house.asks("Zoe", words, "matrix") + house.asks("Zoe", "yes", "matrix")
        assert SECRETS.findall(in_slack(seen)) == [], words


@NAMING
def test_they_are_like_nobody_in_slack(house: House, verb: Verb) -> None:
    """A verb that takes a name says of them, and of a name like theirs, what it says of a name that nobody has."""
    for name in (*TELLING, "QUILLON", "Quillo"):
        found, other = (
            [sent.text.casefold() for sent in house.asks("Carl", f"{verb.name} @{typed}", "slack")]
            for typed in (name, NOBODY)
        )
        assert [text.replace(name.casefold(), NOBODY.casefold()) for text in found] == other, name


NAMED_ON_MATRIX = {"tasks open", "tasks 2", "article 2", "members", "export tasks", "take 1", "audit", "my", "my data"}
"""What Zoe and Quillon say to hear of them where they may be named: else the tests above would test nothing."""


@pytest.mark.parametrize("place", ["matrix-room", "matrix-closed", "console-room", "matrix", "console"])
def test_they_are_named_where_rooms_are_encrypted(house: House, place: str) -> None:
    """In rooms and direct chats on Matrix, and on the console, where the key file is anyway."""
    platform, _, room = place.partition("-")
    for words in sorted(NAMED_ON_MATRIX):
        speaker = "Quillon" if words.startswith("my") else "Zoe"
        seen = house.asks(speaker, words, platform, place if room else None)
        assert SECRETS.search("\n".join(map(readable, seen))), words


def test_in_a_room_that_is_not_protected_they_are_not_known(house: House) -> None:
    """A room on Matrix that is not encrypted, or open to all, is like Slack for what is typed there."""
    (said,) = house.asks("Zoe", "tasks @Quillon", "matrix", "matrix-room", servable=False)
    assert said.text == "I know no @quillon. `members` lists who is here."
    assert SECRETS.findall(readable(house.asks("Zoe", "members", "matrix", "matrix-room", servable=False)[0])) == []


def test_what_time_brings_names_nobody_in_slack(house: House) -> None:
    """Reminders, offers to backups, what is overdue, digests, countdowns, a new draft: told, and of nobody by name."""
    before = len(house.world.chat.shown)
    house.world.write(lambda work: lay_second(work, house.world.now))
    house.wait(days=9)
    seen = house.world.chat.shown[before:]
    assert len([sent for sent in seen if sent.to.platform == "slack"]) > 10
    assert SECRETS.findall(in_slack(seen)) == []
    assert SECRETS.search("\n".join(readable(sent) for sent in seen if sent.to.platform == "matrix"))


@pytest.mark.parametrize("alias", ["Carl", "Ben", "Brixomel"])
def test_a_home_names_nobody(house: House, alias: str) -> None:
    """An App Home, whoever opens it, also their own."""
    world = house.world
    view = world.run(drawn(world.store, world.clock, account(alias, "slack")))
    assert SECRETS.findall(repr(view)) == []
    assert "article" in repr(view).casefold()


def test_a_request_that_cannot_be_read_is_not_confirmed_there(house: House) -> None:
    """In Slack nobody confirms a deed to somebody whom they were not told of; on Matrix it is done."""
    waiting = next(sent for sent in house.world.chat.shown if sent.name == "Carl" and "asks to make" in sent.text)
    assert "@Zoe asks to make somebody a coordinator" in waiting.text
    (refused,) = house.asks("Carl", "confirm 1", "slack")
    assert refused.text.startswith("Request 1 concerns somebody who is not named here.")
    house.world.add_account("Carl", account("Carl", "matrix"), "matrix")
    confirmed = [sent.text for sent in house.asks("Carl", "confirm 1", "matrix")]
    assert "Confirmed and done: request 1." in confirmed


def test_who_asks_for_their_alias_in_slack_gets_it(house: House) -> None:
    """Nobody learns from that who there is: they are called so in Slack, and with a number where both are named."""
    (thanks,) = house.asks("Eve", "hello Quillon, Evil Inc, Bogota", "slack", "slack-open")[-1:]
    assert thanks.text == "Thank you. A coordinator looks at it, and I will tell you here."
    house.wait(minutes=20)
    asked = {sent.name: readable(sent) for sent in house.world.chat.shown if "Evil Inc" in sent.text}
    assert "@Quillon" not in asked["Zoe"].replace("@Quillon-2", "").replace("looks like @Quillon,", "")
    assert "admit @Quillon-2" in asked["Zoe"]
    assert "The name looks like @Quillon, who is here already" in asked["Zoe"]
    assert "admit @Quillon`" in asked["Carl"]
    assert "looks like" not in asked["Carl"]
    assert "Quillon-2" not in asked["Carl"]
    (done, *_) = [sent for sent in house.asks("Carl", "admit @Quillon", "slack") if sent.name == "Carl"]
    assert done.text == "@Quillon is in, as a member, and was told."
    (slack,) = house.asks("Carl", "tasks @Quillon", "slack")
    assert slack.text == "@Quillon has nothing to do."
    (matrix,) = house.asks("Zoe", "tasks @Quillon", "matrix")
    assert matrix.text.startswith("@Quillon has 1 task")
    (own,) = house.asks("Eve", "my", "slack")
    assert own.text.startswith("You are @Quillon, Evil Inc")
    house.asks("Quillon", "my discreet off", "matrix")
    house.wait(minutes=20)
    renamed = "Somebody else has your alias, so you are @Quillon-2 now. `hello` changes it."
    assert renamed in [sent.text for sent in house.world.chat.shown if sent.to.platform == "slack"]


def test_who_is_known_on_matrix_alone_is_discreet(house: House) -> None:
    """Who came over Matrix is, who came over Slack is not; an account in Slack that is linked later changes nothing."""

    def discreet(work: Work) -> set[str]:
        return {row.alias for row in work.rows(Member) if row.discreet}

    assert house.world.read(discreet) == set(TELLING)
    code = re.findall(r"`link (\S+)`", house.asks("Quillon", "link", "matrix")[0].text)[0]
    house.asks("Newcomer", f"link {code}", "slack")
    house.asks("Quillon", "link yes", "matrix")
    assert house.world.read(discreet) == set(TELLING)
    house.asks("Brixomel", "my discreet off", "matrix")
    assert house.world.read(discreet) == set(TELLING) - {"Brixomel"}
    house.asks("Brixomel", "unlink", "slack")
    house.asks("Brixomel", "yes", "slack")
    assert house.world.read(discreet) == set(TELLING)


def test_names_that_are_typed_are_asked_about(house: House) -> None:
    """What is typed on Matrix and read in Slack too waits for a yes if it names them; what is closed does not."""
    asked = re.compile(r"names @Quillon, who is discreet")
    for words in ("note Quillon presents", "review 1 concern ask @quillon", "assign call Quillon back @Zoe",
                  "announce Meet QUILLON at ten"):  # fmt: skip
        (question,) = house.asks("Zoe", words, "matrix", "matrix-room")
        assert asked.search(question.text), words
        house.asks("Zoe", "no", "matrix", "matrix-room")
    for words in ("note Quillons present", "assign call the chair @Quillon"):
        assert not asked.search(house.asks("Zoe", words, "matrix", "matrix-room")[0].text), words
    assert not asked.search(house.asks("Zoe", "review 1 concern ask @quillon", "matrix", "matrix-closed")[0].text)
    for words in ("note Quillon presents", "note Xuvvint presents"):
        (noted,) = house.asks("Carl", words, "slack", "slack-open")
        assert noted.text == "Noted for the next digest, which the whole coalition reads. `undo` takes it back."
    house.asks("Zoe", "note Quillon presents", "matrix")
    (noted,) = house.asks("Zoe", "yes", "matrix")
    assert noted.text.startswith("Noted for the next digest")


def test_ones_own_data_in_slack_does_not_say_who_one_is(house: House) -> None:
    """The files name no alias, organisation or other account, and no other member who is discreet."""
    for alias in ("Brixomel", "Ben"):
        (data,) = house.asks(alias, "my data", "slack")
        files = [block.content for block in data.message.blocks if isinstance(block, File)]
        read = "".join([data.text, *(file.decode() for file in files)])
        assert SECRETS.findall(read.replace(account(alias, "slack"), "")) == []


def test_nothing_is_left_out_without_a_word() -> None:
    """A message that would be about nobody says that; a button, a line and a name in a list go."""
    veil = Veil(frozenset({7}), {8: "Bo"})
    person, other = Mention(7, "Quillon"), Mention(8, "Bo-2")
    assert shown_as(veil, message(Veiled(7, say("Quillon is here")))) == "This concerns somebody who is not named here."
    assert shown_as(veil, message(joined([person, other, person]))) == "somebody, @Bo"
    assert shown_as(veil, message(say("{who} did it", who=person))) == "Somebody did it"
    buttons = Actions((Action(say("Admit"), "admit @Quillon", 7), Action(say("Help"), "help")))
    assert shown_as(veil, message(say("Well"), buttons)) == "Well\n`help`"
    assert shown_as(veil, message(Veiled(None, Text("@x:example.org"), say("somebody")))) == "somebody"
    assert shown_as(Veil(names_all=True), message(Veiled(None, Text("@x:example.org")))) == "@x:example.org"


def shown_as(veil: Veil, content: Message) -> str:
    """Give the words of a message under a veil."""
    return plain(veil.over(content), Reader(ZoneInfo("UTC")))
