"""Slash commands, buttons, and what is known of channels and people."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.slack.commands import words_of
from bot.adapters.slack.web import Away, Refused
from storage.trouble import DatabaseTrouble
from tests.fakes.workspace import ANA, CHANNEL, DIRECT, LUIS, STAMP, command, press
from tests.unit.slack.conftest import Ears


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("/dragoman", "assign 24 @ana", "assign 24 @ana"),
        ("/dragoman", "", "help"),
        ("/dragoman", "help assign", "help assign"),
        ("/assign", "24 @ana", "assign 24 @ana"),
        ("/assign", "", "assign"),
        ("/assign", "help", "help assign"),
        ("/draft", "add REV.2", "draft add REV.2"),
        ("/draft", " ? ", "help draft"),
        ("/tasks", "", "tasks"),
    ],
)
def test_a_command_is_the_verb_and_what_stands_behind_it(name: str, text: str, words: str) -> None:
    """All verbs behind /dragoman, others by their own names; help is asked for behind each."""
    assert words_of(name, text) == words


def test_a_command_in_a_channel(ears: Ears) -> None:
    """Mentions arrive escaped; where the answer belongs goes along, and the bot need not be there."""
    (said,) = ears.slash(command("/assign", f"24 <@{LUIS}|luis>"))
    assert (said.words, said.mentions, said.place) == (f"assign 24 @{LUIS}", {f"@{LUIS}": (LUIS,)}, CHANNEL)
    assert said.origin == {
        "channel": CHANNEL, "user": ANA, "ephemeral": True, "response_url": "https://hooks.example/1",
        "room_name": "team",
    }  # fmt: skip
    assert (said.servable, said.said_at) == (True, ears.world.now)
    (elsewhere,) = ears.slash(command("/room", "here for tasks", channel="C0ELSE"))
    assert not elsewhere.servable


def test_a_command_delivered_again_is_the_same(ears: Ears) -> None:
    """By its trigger; said again by the same person it is another one."""
    (first,), (again,) = ears.slash(command("/tasks")), ears.slash(command("/tasks"))
    (other,) = ears.slash(command("/tasks", trigger_id="9.9.9"))
    assert first.event_id == again.event_id != other.event_id


def test_commands_without_a_trigger_are_heard_each(ears: Ears) -> None:
    """Told apart by where they are answered, else each by itself; other words are never the same delivery."""
    bare = command("/tasks", trigger_id="")
    assert ears.slash(bare)[0].event_id == ears.slash(bare)[0].event_id
    assert ears.slash(bare | {"text": "open"})[0].event_id != ears.slash(bare)[0].event_id
    del bare["trigger_id"], bare["response_url"]
    assert ears.slash(bare)[0].event_id != ears.slash(bare)[0].event_id


def test_presses_without_a_trigger_are_heard_each(ears: Ears) -> None:
    """Told apart by their own time stamps, too; only a form cannot be opened without one."""
    body = press("take 24")
    del body["trigger_id"]
    again = ears.press(body | {"actions": [body["actions"][0] | {"action_ts": "1706533201.000100"}]})
    assert ears.press(body)[0].event_id == ears.press(body)[0].event_id != again[0].event_id
    assert (
        ears.press(press("take 25", trigger_id="1"))[0].event_id != ears.press(press("x", trigger_id="1"))[0].event_id
    )


def test_a_command_in_a_direct_chat_has_no_place(ears: Ears) -> None:
    """Also in that of two other people."""
    assert ears.slash(command("/tasks", channel=DIRECT))[0].place is None


def test_a_command_that_cannot_be_kept_is_told_so(ears: Ears) -> None:
    """Slack does not send it again, so the acknowledgement says it."""
    ears.core.trouble = DatabaseTrouble("The disk is full.", "SQLITE_FULL")
    answer = ears.world.run(ears.commands.command(command("/tasks")))
    assert answer is not None
    assert answer["response_type"] == "ephemeral"
    assert str(answer["text"]).startswith("I could not keep that")


@pytest.mark.parametrize("missing", ["command", "user_id", "channel_id"])
def test_a_malformed_command_is_skipped(ears: Ears, missing: str) -> None:
    """It is acknowledged, and nothing comes of it."""
    body = command("/tasks")
    del body[missing]
    assert ears.slash(body) == []


def test_a_button_is_said_by_who_pressed_it(ears: Ears) -> None:
    """About the message that it stands on; pressed twice it is said twice, delivered twice once."""
    (said,) = ears.press(press("take 24", user=LUIS))
    assert (said.words, said.sender, said.place, said.reply_to) == (
        "take 24", LUIS, CHANNEL, f"{CHANNEL}/{STAMP}",
    )  # fmt: skip
    assert said.origin["response_url"] == "https://hooks.example/2"
    assert ears.press(press("take 24", user=LUIS))[0].event_id == said.event_id
    assert ears.press(press("take 24", user=LUIS, trigger_id="8"))[0].event_id != said.event_id


def test_a_choice_from_a_menu_is_a_command(ears: Ears) -> None:
    """Its value is what it stands for."""
    chosen = {"type": "static_select", "action_id": "m", "selected_option": {"value": "release 24"}}
    assert [said.words for said in ears.press(press("", actions=[chosen]))] == ["release 24"]


def test_a_button_in_the_app_home_has_no_place(ears: Ears) -> None:
    """The answer goes to the direct chat."""
    body = press("done 24") | {"view": {"type": "home", "id": "V1"}, "container": {"type": "view", "view_id": "V1"}}
    del body["channel"], body["message"]
    (said,) = ears.press(body)
    assert (said.place, said.reply_to) == (None, None)
    assert said.origin == {"user": ANA, "response_url": "https://hooks.example/2"}


@pytest.mark.parametrize(
    "fields",
    [
        {"actions": [{"type": "button", "url": "https://example.org", "value": "x"}]},
        {"actions": [{"type": "button"}]},
        {"actions": [{"type": "static_select", "selected_option": None}]},
        {"actions": [{"type": "datepicker", "selected_date": "2024-02-06"}]},
        {"actions": [{"type": "button", "value": "take 24"}], "view": {"type": "modal"}},
        {"actions": None},
        {"actions": ["x"]},
        {"message": 3},
        {"trigger_id": "1", "actions": []},
    ],
)
def test_links_and_fields_and_malformed_presses_are_let_be(ears: Ears, fields: dict[str, Any]) -> None:
    """They are acknowledged, and nothing comes of them."""
    assert ears.press(press("take 24", **fields)) == []


def test_channels_are_listed_page_by_page(ears: Ears) -> None:
    """Names, and whether other workspaces are in them too."""

    def page(cursor: str | None, **_: Any) -> dict[str, Any]:
        row = {"id": "C2", "name": "bridge", "is_ext_shared": True} if cursor else {"id": "C1", "name": "team"}
        return {"channels": [row, {"id": 3}], "response_metadata": {"next_cursor": "" if cursor else "more"}}

    ears.web.answers["users.conversations"] = page
    assert ears.world.run(ears.intake.channels.load())
    known = {channel: ears.intake.channels.get(channel) for channel in ears.intake.channels.ids}
    assert {id_: (row.name, row.shared) for id_, row in known.items() if row} == {
        "C1": ("team", False), "C2": ("bridge", True)
    }  # fmt: skip


def test_a_channel_that_cannot_be_looked_at_counts_as_shared(ears: Ears) -> None:
    """Nothing is shown there that outsiders may not see; those that cannot be listed stay as they were."""
    ears.web.answers["conversations.info"] = Away("http-500")
    ears.world.run(ears.intake.channels.learn("C0NEW"))
    found = ears.intake.channels.get("C0NEW")
    assert found is not None
    assert found.shared
    ears.web.answers["users.conversations"] = Refused("missing_scope")
    assert not ears.world.run(ears.intake.channels.load())
    assert ears.intake.channels.get(CHANNEL) is not None


def test_people_are_looked_up_once(ears: Ears) -> None:
    """What they are called and where; changes are taken as they are told; who is not told of is not known."""
    for _ in range(2):
        person = ears.world.run(ears.intake.people.get(ANA))
    assert person is not None
    assert (person.name, person.zone) == ("Somebody", "America/Bogota")
    assert [method for method, _ in ears.web.asked].count("users.info") == 1
    ears.intake.people.changed({"id": ANA, "profile": {"display_name": "ana"}, "tz": "Mars/Base"})
    said = ears.slash(command("/tasks"))[0]
    assert (said.sender_name, said.sender_zone) == ("ana", "")
    ears.web.answers["users.info"] = Refused("user_not_visible")
    for _ in range(2):
        ears.world.run(ears.intake.people.get("U0HIDDEN"))
    assert [given["user"] for method, given in ears.web.asked if method == "users.info"].count("U0HIDDEN") == 1
