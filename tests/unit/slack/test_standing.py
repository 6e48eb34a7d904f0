"""What changed while the bot was away: rooms that it is not in any more or that are shared, people who left."""

from __future__ import annotations

from typing import Any

import pytest

from bot.accounts import open_account
from bot.adapters.slack import standing
from bot.people import find_member
from storage.tables import Label, Room
from tests.fakes.workspace import ANA, CHANNEL, LUIS
from tests.unit.slack.conftest import Ears
from tests.unit.slack.test_hearing import served, told


def label(ears: Ears) -> Label:
    """Give what #team may see."""
    return ears.world.read(lambda work: next(row.label for row in work.rows(Room) if row.name == "team"))


def join(ears: Ears, alias: str, user: str) -> None:
    """Give a member an account on Slack."""
    account = ears.world.saying(alias, "", platform="slack", sender=user)
    ears.world.write(lambda work: open_account(work, account, find_member(work, alias)))


def look(ears: Ears, *rows: dict[str, Any]) -> None:
    """List the channels that the bot is in, and look at the served rooms."""
    ears.web.answers["users.conversations"] = {"channels": list(rows)}
    ears.world.run(ears.intake.channels.load())
    ears.world.run(standing.look_at_rooms(ears.intake, ears.intake.channels))


def test_rooms_that_others_came_into_are_public_once(ears: Ears) -> None:
    """What a coordinator said after that stays; when the others have left, it is as any other room."""
    ears.world.write(served)
    look(ears, {"id": CHANNEL, "name": "team"})
    assert (label(ears), told(ears, "room-")) == (Label.COALITION, 0)
    look(ears, {"id": CHANNEL, "name": "team", "is_ext_shared": True})
    assert (label(ears), told(ears, "room-shared/")) == (Label.PUBLIC, 1)
    ears.world.write(lambda work: setattr(served(work), "label", Label.COALITION))
    look(ears, {"id": CHANNEL, "name": "team", "is_ext_shared": True})
    assert label(ears) is Label.COALITION
    look(ears, {"id": CHANNEL, "name": "team"})
    look(ears, {"id": CHANNEL, "name": "team", "is_ext_shared": True})
    assert label(ears) is Label.PUBLIC


def test_rooms_that_the_bot_is_not_in_any_more_are_told(ears: Ears) -> None:
    """Once a day."""
    ears.world.write(served)
    look(ears)
    look(ears)
    assert told(ears, "room-lost/") == 1


def test_a_list_that_lags_behind_loses_no_room(ears: Ears) -> None:
    """A room that is missing in it is asked for by itself; an answer without a list is none."""
    ears.world.write(served)
    ears.web.answers["conversations.info"] = {"channel": {"id": CHANNEL, "name": "team", "is_member": True}}
    look(ears)
    assert told(ears, "room-lost/") == 0
    ears.web.answers["users.conversations"] = {"ok": True}
    assert not ears.world.run(ears.intake.channels.load())
    assert ears.intake.channels.get(CHANNEL) is not None
    ears.web.answers["conversations.info"] = {"channel": {"id": CHANNEL, "name": "team", "is_member": False}}
    look(ears)
    assert told(ears, "room-lost/") == 1


def test_members_are_known_by_name_and_those_who_left_are_told(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked up once."""
    monkeypatch.setattr(standing, "ONE_BY_ONE", 0.0)
    for alias, user in (("Ana", ANA), ("Luis", LUIS)):
        join(ears, alias, user)
    ears.web.answers["users.info"] = lambda user: {"user": {"id": user, "name": user[2:], "deleted": user == LUIS}}
    for _ in range(2):
        ears.world.run(standing.look_at_people(ears.intake, ears.intake.people))
    assert ears.intake.people.names == {ANA: "ANA"}
    assert [method for method, _ in ears.web.asked].count("users.info") == 2
    assert told(ears, "gone/") == 1
