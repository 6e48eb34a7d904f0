"""Forms opened from buttons and messages: what is filled in is said, and where none can be opened words say how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.accounts import open_account
from bot.adapters.slack.limits import view_problems
from bot.adapters.slack.richtext import escape
from bot.adapters.slack.web import Refused
from bot.app import command_table
from bot.dispatch import Dispatch
from bot.people import find_member
from storage.cipher import active
from storage.tables import Draft, DraftState, Provision, Room, Task
from storage.tables import Text as Convention
from storage.trouble import DatabaseTrouble
from storage.work import Work
from tests.fakes.workspace import ANA, CHANNEL, LUIS, STAMP, command, press
from tests.unit.slack.conftest import Ears


@pytest.fixture
def desk(ears: Ears) -> Ears:
    """Give a workspace in which Ana and Luis are members, #team is served, and there is a draft."""

    def act(work: Work) -> None:
        for alias, user in (("Ana", ANA), ("Luis", LUIS)):
            open_account(work, ears.world.saying(alias, "", platform="slack", sender=user), find_member(work, alias))
        room = work.rows(Room)[0]
        room.platform, room.address, room.fingerprint = "slack", CHANNEL, active()[0].fingerprint(CHANNEL)
        text = work.put(Convention(coalition_id=work.tenant, name="Convention"))
        draft = work.put(
            Draft(coalition_id=work.tenant, text_id=text.id, symbol="REV.1", date=ears.world.now.date(),
                  state=DraftState.PUBLISHED, added_at=ears.world.now)
        )  # fmt: skip
        work.put(
            Provision(coalition_id=work.tenant, draft_id=draft.id, ordinal=1, label="24", kind="article",
                      text="Each State Party shall act.")
        )  # fmt: skip

    ears.world.write(act)
    ears.web.answers["views.open"] = {"ok": True}
    ears.web.answers["chat.getPermalink"] = {"permalink": "https://w.example/archives/C0TEAM/p1"}
    return ears


def form(command: str, **fields: Any) -> dict[str, Any]:
    """Make the press of a button that opens a form."""
    return press("", actions=[{"type": "button", "action_id": "form:0", "value": command}], **fields)


def shortcut(name: str, text: str = "Article 24 is new", **fields: Any) -> dict[str, Any]:
    """Make the choice of something to do with a message."""
    return {
        "type": "message_action", "callback_id": name, "trigger_id": f"5.{name}", "user": {"id": ANA},
        "channel": {"id": CHANNEL}, "message_ts": STAMP, "message": {"text": text, "ts": STAMP, "user": LUIS},
        "response_url": "https://hooks.example/3", **fields,
    }  # fmt: skip


def opened(desk: Ears) -> dict[str, Any]:
    """Give the one form that was opened; it is within Slack's limits."""
    (view,) = [given["view"] for method, given in desk.web.asked if method == "views.open"]
    assert view_problems(view) == []
    return dict(view)


def sent(view: Mapping[str, Any], user: str = ANA, **values: Mapping[str, Any]) -> dict[str, Any]:
    """Make what Slack delivers when a form is sent."""
    state = {"values": {name: {name: value} for name, value in values.items()}}
    return {"type": "view_submission", "user": {"id": user}, "view": dict(view) | {"id": "V0FORM", "state": state}}


VERDICT = {"selected_option": {"value": "concern"}}


def test_a_review_is_said_as_it_was_filled_in(desk: Ears) -> None:
    """The form shows the text; what is sent is said where the button was, once however often it is sent."""
    assert desk.press(form("review 24")) == []
    view = opened(desk)
    assert "Each State Party shall act." in str(view["blocks"])
    (said,) = desk.send(sent(view, verdict=VERDICT, note={"value": "too wide"}, wording={"value": "may act"}))
    assert said.words == "review 24 concern too wide propose: may act"
    assert (said.place, said.origin["message"], said.origin["ephemeral"]) == (CHANNEL, STAMP, True)
    assert (
        desk.send(sent(view, verdict=VERDICT, note={"value": "too wide"}, wording={"value": "may act"}))[0].event_id
        == said.event_id
    )


def test_what_cannot_be_taken_is_said_in_the_form(desk: Ears) -> None:
    """Beside the field it stands in; nothing is said."""
    desk.press(form("review 24"))
    answer = desk.answer(sent(opened(desk)))
    assert answer == {"response_action": "errors", "errors": {"verdict": "Please choose one."}}
    assert desk.core.heard == []


def test_what_cannot_be_kept_stays_in_the_form(desk: Ears) -> None:
    """Sent again it is taken."""
    desk.press(form("review 24"))
    view = opened(desk)
    desk.core.trouble = DatabaseTrouble("The disk is full.", "SQLITE_FULL")
    answer = desk.answer(sent(view, verdict=VERDICT))
    assert answer is not None
    assert next(iter(answer["errors"].values())).startswith("I could not keep that")
    desk.core.trouble = None
    assert desk.answer(sent(view, verdict=VERDICT)) is None


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"])
def test_a_form_that_came_too_late_is_told_in_words(desk: Ears, code: str) -> None:
    """The core answers the bare command with what to type."""
    desk.web.answers["views.open"] = Refused(code)
    assert [said.words for said in desk.press(form("review 24"))] == ["review 24"]
    assert [said.words for said in desk.press(form("assign 24 @NAME"))] == ["assign 24"]
    assert [said.words for said in desk.take(shortcut("remind"))] == ["help remind me"]


def test_strangers_and_what_is_not_there_open_no_form(desk: Ears) -> None:
    """The core says what they may do, or what is wrong."""
    assert [said.sender for said in desk.press(form("review 24", user="U0GUEST"))] == ["U0GUEST"]
    assert [said.words for said in desk.press(form("review 99"))] == ["review 99"]
    assert [method for method, _ in desk.web.asked if method == "views.open"] == []


def test_a_message_becomes_a_task(desk: Ears) -> None:
    """Its articles stand in the form; people are chosen, not typed."""
    assert desk.take(shortcut("assign", "24 and 25 need <@U0LUIS>, says &lt;Ana&gt;")) == []
    view = opened(desk)
    (said,) = desk.send(
        sent(view, provisions={"value": "24"}, people={"selected_users": [LUIS]}, day={"selected_date": "2024-02-06"})
    )
    assert said.words == f"assign article 24 @{LUIS} by 2024-02-06 18:00"
    assert said.mentions == {f"@{LUIS}": (LUIS,)}
    assert said.place == CHANNEL


def test_a_message_becomes_a_reminder(desk: Ears) -> None:
    """With its words and its address."""
    desk.take(shortcut("remind", "Please <@U0LUIS> read &amp; sign"))
    view = opened(desk)
    assert "Please @U0LUIS read & sign\nhttps://w.example/archives/C0TEAM/p1" in str(view["blocks"]).replace(
        "\\n", "\n"
    )
    (said,) = desk.send(sent(view, what={"value": "read & sign"}, day={"selected_date": "2024-02-06"}))
    assert said.words == "remind me on 2024-02-06 18:00 to read & sign"


def test_a_file_in_a_message_becomes_a_draft(desk: Ears) -> None:
    """It is enclosed with the command; a message without one opens no form."""
    with_file = shortcut("draft", message={"text": "", "ts": STAMP, "files": [{"id": "F1", "name": "rev2.pdf"}]})
    desk.take(with_file)
    view = opened(desk)
    (said,) = desk.send(sent(view, symbol={"value": "A/REV.2"}, day={"selected_date": "2024-02-06"}))
    assert (said.words, said.enclosed[0].where) == ("draft add A/REV.2 dated 2024-02-06", "F1")
    assert [said.words for said in desk.take(shortcut("draft", trigger_id="6"))] == ["help draft add"]


def test_a_form_from_where_nothing_is_served_is_answered_directly(desk: Ears) -> None:
    """Else the core would refuse to serve that place."""
    desk.take(shortcut("remind", channel={"id": "C0ELSE"}))
    (said,) = desk.send(sent(opened(desk), what={"value": "x"}, day={"selected_date": "2024-02-06"}))
    assert said.place is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "view_submission"},
        {"type": "view_submission", "view": {"callback_id": "review"}},
        {"type": "view_submission", "view": {"callback_id": "other", "state": {}}},
        sent({"callback_id": "review", "private_metadata": "{"}),
    ],
)
def test_malformed_forms_are_let_be(desk: Ears, body: dict[str, Any]) -> None:
    """They are closed, and nothing comes of them."""
    assert desk.answer(body) is None
    assert desk.core.heard == []


@pytest.mark.parametrize("missing", ["callback_id", "trigger_id", "message", "channel", "user", "message_ts"])
def test_malformed_shortcuts_are_let_be(desk: Ears, missing: str) -> None:
    """They are acknowledged, and nothing comes of them."""
    body = shortcut("remind")
    del body[missing]
    assert desk.take(body) == []


@pytest.mark.parametrize("what", ["write the “statement”", "thank <!channel> *x* `y`", "@Luis’s badge"])
def test_words_stay_whole_beside_a_mention(desk: Ears, what: str) -> None:
    """An account's id and the alias that takes its place differ in length; quotes are kept as typed."""
    world = desk.world
    dispatch = Dispatch(world.store, world.clock, command_table())
    (said,) = desk.slash(command("/assign", f'"{escape(what)}" <@{LUIS}|luis> by friday'))
    world.run(dispatch.receive(said))
    world.run(dispatch.drain())
    assert world.read(lambda work: [task.words.strip('" ') for task in work.rows(Task)]) == [what]
