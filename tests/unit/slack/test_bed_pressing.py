"""The test bed: buttons, menus, shortcuts, modals and the home tab reach a real Bolt app and come back as it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.slack import Bed, NotPossible
from tests.fakes.slack.inputs import NotAllowed, NotThere
from tests.unit.slack.bolt import play

both = pytest.mark.parametrize("transport", ["socket", "http"])
Json = dict[str, Any]


def plain(text: str) -> Json:
    """Give a plain text object."""
    return {"type": "plain_text", "text": text}


def card() -> list[Json]:
    """Give a task card: two buttons and a menu."""
    hours = [{"text": plain("1 hour"), "value": "1"}, {"text": plain("a day"), "value": "24"}]
    accept = {"type": "button", "text": plain("Accept"), "action_id": "accept", "value": "27", "style": "primary"}
    snooze = {"type": "static_select", "action_id": "snooze", "options": hours}
    more = {"type": "overflow", "action_id": "more", "options": hours}
    review = {"type": "button", "text": plain("Review"), "action_id": "review"}
    return [{"type": "actions", "block_id": "task", "elements": [accept, review, snooze, more]}]


def modal(**more: Any) -> Json:
    """Give a review modal."""
    verdicts = [{"text": plain("Good"), "value": "good"}, {"text": plain("Bad"), "value": "bad"}]
    choice = {"type": "static_select", "action_id": "verdict", "options": verdicts, "initial_option": verdicts[0]}
    note = {"type": "plain_text_input", "action_id": "note", "max_length": 10}
    return {
        "type": "modal",
        "callback_id": "review",
        "title": plain("Review"),
        "submit": plain("Save"),
        "blocks": [
            {"type": "input", "block_id": "verdict", "label": plain("Verdict"), "element": choice},
            {"type": "input", "block_id": "note", "label": plain("Note"), "element": note},
        ],
        **more,
    }


class App:
    """What the app was told; it opens a modal for `review`, replaces the card for `accept`."""

    def __init__(self) -> None:
        self.bodies: list[Json] = []
        self.answer: Json = {}

    def wire(self, app: AsyncApp) -> None:
        """Take every interaction."""

        @app.action("accept")
        async def accept(ack: Any, body: Json, respond: Any) -> None:
            self.bodies.append(body)
            await ack()
            await respond(text="accepted", replace_original=True)

        @app.action("review")
        async def review(ack: Any, body: Json, client: Any) -> None:
            self.bodies.append(body)
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal())

        @app.action("snooze")
        @app.action("more")
        @app.shortcut("remind")
        @app.event("app_home_opened")
        @app.view_closed("review")
        async def other(ack: Any, body: Json) -> None:
            self.bodies.append(body)
            await ack()

        @app.options("people")
        async def suggested(ack: Any, body: Json) -> None:
            await ack(options=[{"text": plain(body["value"]), "value": "1"}])

        @app.view("review")
        async def submitted(ack: Any, body: Json) -> None:
            self.bodies.append(body)
            await ack(**self.answer)


async def place(bed: Bed, app: AsyncApp) -> tuple[Any, Any, Any, Any]:
    """Give Ana, Luis, their channel and a card in it."""
    ana, luis = bed.person("Ana"), bed.person("Luis")
    team = bed.channel("team", [ana, luis])
    posted = await app.client.chat_postMessage(channel=team.id, text="Article 27", blocks=card())
    found = team.find(posted["ts"])
    bed.appeared()
    return ana, luis, team, found


@both
def test_a_pressed_button_tells_where_it_was_and_may_replace_its_message(transport: str) -> None:
    """The payload has the container, message and value; the answer takes the message's place for all."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, _, team, message = await place(bed, app)
        delivery = await bed.press(ana, message, "Accept")
        assert delivery.acknowledged
        await bed.calm()
        [change] = bed.appeared()
        assert (change.what, change.text, change.readers) == ("update", "accepted", ("Ana", "Luis"))
        [body] = told.bodies
        assert body["container"] == {
            "type": "message", "message_ts": message.ts, "channel_id": team.id, "is_ephemeral": False,
        }  # fmt: skip
        [action] = body["actions"]
        assert (action["action_id"], action["block_id"], action["value"]) == ("accept", "task", "27")
        assert body["message"]["text"] == "Article 27"
        with pytest.raises(NotThere):
            await bed.press(ana, message, "Accept")

    assert play(scene, told.wire, transport).violations == []


@both
def test_a_modal_is_opened_filled_in_and_submitted(transport: str) -> None:
    """What is filled in arrives by block and action; what a client refuses is never sent."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, luis, _, message = await place(bed, app)
        await bed.press(ana, message, "review")
        await bed.calm()
        view = bed.view(ana)
        assert [one.readers for one in bed.appeared()] == [("Ana",)]
        with pytest.raises(NotAllowed):
            await bed.submit(ana, view, {"verdict": "Bad"})
        with pytest.raises(NotAllowed):
            await bed.submit(ana, view, {"note": "much too long"})
        with pytest.raises(NotAllowed):
            await bed.submit(ana, view, {"verdict": "Ugly", "note": "x"})
        with pytest.raises(NotPossible):
            await bed.submit(luis, view, {"note": "x"})
        told.answer = {"response_action": "errors", "errors": {"note": "Say why."}}
        delivery = await bed.submit(ana, view, {"Verdict": "Bad", "note": "as is"})
        assert delivery.answer == told.answer
        told.answer = {"response_action": "update", "view": modal(title=plain("Again"))}
        await bed.submit(ana, view, {"Verdict": "Bad", "note": "as is"})
        assert bed.view(ana).content["title"]["text"] == "Again"
        told.answer = {}
        await bed.submit(ana, bed.view(ana), {"note": "done"})
        with pytest.raises(NotThere):
            bed.view(ana)

    bed = play(scene, told.wire, transport)
    values = told.bodies[1]["view"]["state"]["values"]
    assert values["verdict"]["verdict"]["selected_option"]["value"] == "bad"
    assert values["note"]["note"] == {"type": "plain_text_input", "value": "as is"}
    assert bed.violations == []


def test_menus_tell_what_was_chosen() -> None:
    """An option is chosen by its text, in a select with `value`, in an overflow menu by itself."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, _, _, message = await place(bed, app)
        await bed.press(ana, message, "snooze", "a day")
        await bed.press(ana, message, "1 hour")

    play(scene, told.wire)
    chosen = [(body["actions"][0]["action_id"], body["actions"][0]["selected_option"]["value"]) for body in told.bodies]
    assert chosen == [("snooze", "24"), ("more", "1")]


def test_a_shortcut_brings_its_message() -> None:
    """A message shortcut tells the message, the channel and the person; a global one none of these but the person."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, _, team, message = await place(bed, app)
        await bed.shortcut(ana, "remind", message)
        await bed.shortcut(ana, "remind")
        assert [body["type"] for body in told.bodies] == ["message_action", "shortcut"]
        assert told.bodies[0]["message"]["ts"] == message.ts
        assert told.bodies[0]["channel"]["id"] == team.id
        assert "channel" not in told.bodies[1]

    play(scene, told.wire)


def test_an_ephemeral_message_is_pressed_by_its_reader_only() -> None:
    """Others cannot press it, and the payload says that it is ephemeral and has no message."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, luis, team, _ = await place(bed, app)
        await app.client.chat_postEphemeral(channel=team.id, user=ana.id, text="yours", blocks=card())
        [shown] = bed.appeared()
        assert (shown.what, shown.readers) == ("ephemeral", ("Ana",))
        assert shown.message is not None
        with pytest.raises(NotPossible):
            await bed.press(luis, shown.message, "Accept")
        assert [one.text for one in bed.shown(ana, team)] == ["Article 27", "yours"]
        assert [one.text for one in bed.shown(luis, team)] == ["Article 27"]
        await bed.press(ana, shown.message, "Accept")
        assert told.bodies[0]["container"]["is_ephemeral"] is True
        assert "message" not in told.bodies[0]

    play(scene, told.wire)


def test_a_trigger_opens_one_view_within_its_time() -> None:
    """It is taken once; later it is expired; one that never was is invalid."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        trigger = bed.trigger(ana)
        await app.client.views_open(trigger_id=trigger, view=modal())
        late = bed.trigger(ana)
        bed.api.trigger_seconds = 0.0
        await asyncio.sleep(0.01)
        for name, code in [
            (trigger, "exchanged_trigger_id"),
            (late, "expired_trigger_id"),
            ("1.2.3", "invalid_trigger_id"),
        ]:
            with pytest.raises(SlackApiError) as caught:
                await app.client.views_open(trigger_id=name, view=modal())
            assert caught.value.response["error"] == code

    play(scene, App().wire)


def test_views_stack_three_high_and_change_under_their_hash() -> None:
    """A push needs a trigger from the modal itself; a change under an old hash is refused."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        opened = await app.client.views_open(trigger_id=bed.trigger(ana), view=modal())
        first = opened["view"]["id"]
        for _ in range(2):
            await app.client.views_push(trigger_id=bed.trigger(ana, bed.view(ana).id), view=modal())
        assert bed.view(ana).root == first
        for view_id, code in [(bed.view(ana).id, "push_limit_reached"), (None, "not_found")]:
            with pytest.raises(SlackApiError, match=code):
                await app.client.views_push(trigger_id=bed.trigger(ana, view_id), view=modal())
        changed = modal(title=plain("Changed"))
        await app.client.views_update(view_id=first, hash=opened["view"]["hash"], view=changed)
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await app.client.views_update(view_id=first, hash=opened["view"]["hash"], view=changed)

    play(scene, App().wire)


def test_a_closed_modal_is_told_where_the_app_asked() -> None:
    """view_closed comes with notify_on_close, and the modal is gone."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await app.client.views_open(trigger_id=bed.trigger(ana), view=modal())
        assert await bed.close(ana, bed.view(ana)) is None
        await app.client.views_open(trigger_id=bed.trigger(ana), view=modal(notify_on_close=True))
        await bed.close(ana, bed.view(ana))
        with pytest.raises(NotThere):
            bed.view(ana)

    play(scene, told.wire)
    assert [body["type"] for body in told.bodies] == ["view_closed"]


def test_a_home_is_published_to_one_person_and_pressed() -> None:
    """It is on their screen alone, comes with the next opening, and its buttons tell the view."""
    told = App()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await bed.open_home(ana)
        await app.client.views_publish(user_id=ana.id, view={"type": "home", "blocks": card()})
        [shown] = bed.appeared()
        assert (shown.what, shown.readers) == ("home", ("Ana",))
        await bed.open_home(ana)
        await bed.press(ana, bed.home(ana), "snooze", "1 hour")
        await bed.calm()
        first, second, third = told.bodies
        assert "view" not in first["event"]
        assert second["event"]["view"]["id"] == third["view"]["id"] == bed.home(ana).id
        assert third["container"]["type"] == "view"
        assert "response_url" not in third

    assert play(scene, told.wire).violations == []


def test_a_response_url_is_good_for_five_answers() -> None:
    """The sixth is refused, and so is one after its time."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, _, team, _ = await place(bed, app)

        hook = AsyncWebhookClient(bed.responses.make(ana, team))
        answers = [await hook.send(text=f"answer {number}") for number in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [404]
        assert answers[5].body == "used_url"
        assert [one.readers for one in bed.appeared()] == [("Ana",)] * 5
        bed.responses.seconds = 0
        late = await AsyncWebhookClient(bed.responses.make(ana, team)).send(text="late")
        assert (late.status_code, late.body) == (404, "expired_url")

    play(scene, App().wire)


def test_a_view_that_slack_refuses_is_a_violation() -> None:
    """Titles over 24 characters are refused with their place, and the violation is kept."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            await app.client.views_open(trigger_id=bed.trigger(bed.person("Ana")), view=modal(title=plain("x" * 25)))

    bed = play(scene, App().wire)
    assert len(bed.violations) == 1
    assert "/view/title/text" in bed.violations[0]


def test_an_app_suggests_the_options_of_a_menu() -> None:
    """What is typed comes as block_suggestion, and the options come with the acknowledgement."""
    people = {"type": "external_select", "action_id": "people", "min_query_length": 1}
    view = modal(blocks=[{"type": "input", "block_id": "who", "label": plain("Who"), "element": people}])

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await app.client.views_open(trigger_id=bed.trigger(ana), view=view)
        delivery = await bed.suggest(ana, bed.view(ana), "people", "Lu")
        assert delivery.answer["options"][0]["text"]["text"] == "Lu"

    assert play(scene, App().wire).violations == []
