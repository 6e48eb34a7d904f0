"""The test bed: what people say reaches a real Bolt app, and what it answers is kept and shown to the right people."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.fakes.slack import Bed, NotPossible
from tests.unit.slack.bolt import play

both = pytest.mark.parametrize("transport", ["socket", "http"])


class Heard:
    """What the app heard: bodies, in order."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def wire(self, app: AsyncApp) -> None:
        """Answer mentions and messages in place, commands by the acknowledgement."""

        @app.event("app_mention")
        async def mentioned(body: dict[str, Any], say: Any) -> None:
            self.bodies.append(body)
            await say(text="pong", thread_ts=body["event"]["ts"])

        @app.event("message")
        async def said(body: dict[str, Any]) -> None:
            self.bodies.append(body)

        @app.event({"type": "file_shared"})
        async def shared(body: dict[str, Any]) -> None:
            self.bodies.append(body)

        @app.command("/dragoman")
        async def command(ack: Any, body: dict[str, Any], respond: Any) -> None:
            self.bodies.append(body)
            await ack(text="working")
            await respond(text="done", response_type="in_channel")

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Give the inner events of one type."""
        return [body["event"] for body in self.bodies if body.get("event", {}).get("type") == kind]


@both
def test_a_mention_comes_as_two_events_and_is_answered_in_its_thread(transport: str) -> None:
    """The app hears app_mention and message with one ts and two event ids; the channel sees its answer."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, luis = bed.person("Ana"), bed.person("Luis")
        team = bed.channel("team", [ana, luis])
        posted = await bed.mention(ana, team, "<@BOT> next <3")
        await bed.calm()
        [answer] = bed.appeared()
        assert (answer.what, answer.readers, answer.text, answer.thread) == (
            "message", ("Ana", "Luis"), "pong", posted.ts,
        )  # fmt: skip

    bed = play(scene, heard.wire, transport)
    [mention], [message] = heard.events("app_mention"), heard.events("message")
    assert mention["text"] == message["text"] == f"<@{bed.space.bot.id}> next &lt;3"
    assert mention["ts"] == message["ts"]
    assert "channel_type" not in mention
    assert message["channel_type"] == "channel"
    assert len({body["event_id"] for body in heard.bodies}) == 2
    assert bed.violations == []


@both
def test_a_command_shows_its_acknowledgement_to_its_sender_only(transport: str) -> None:
    """What came with the ack is ephemeral; what came by response_url as in_channel is for all."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, luis = bed.person("Ana"), bed.person("Luis")
        team = bed.channel("team", [ana, luis])
        delivery = await bed.command(ana, "/dragoman", f"assign 27 {luis.mention} {'<#' + team.id + '>'} & @Mei", team)
        assert delivery.acknowledged
        await bed.calm()
        shown = sorted((one.what, one.text, one.readers) for one in bed.appeared())
        assert shown == [("ephemeral", "working", ("Ana",)), ("message", "done", ("Ana", "Luis"))]
        expected = f"assign 27 <@{luis.id}|luis> <#{team.id}|team> &amp; @Mei"
        assert heard.bodies[0]["text"] == expected

    bed = play(scene, heard.wire, transport)
    assert bed.violations == []
    assert len(bed.ack_times) == len([one for one in bed.deliveries if one.acknowledged])
    assert max(bed.ack_times) < 3


@both
def test_a_direct_chat_is_of_type_im(transport: str) -> None:
    """What is written to the bot alone comes as message.im and never as app_mention."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        await bed.direct(bed.person("Ana"), "<@BOT> tasks")

    play(scene, heard.wire, transport)
    assert [body["event"]["channel_type"] for body in heard.bodies] == ["im"]
    assert heard.events("app_mention") == []


def test_commands_are_not_for_guests_nor_for_people_outside() -> None:
    """People of another team have no slash commands, and nobody acts in a channel they are not in."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, eve = bed.person("Ana"), bed.guest("Eve")
        team, hall = bed.channel("team", [ana, eve], shared=True), bed.channel("hall", [])
        with pytest.raises(NotPossible):
            await bed.command(eve, "/dragoman", "next", team)
        with pytest.raises(NotPossible):
            await bed.command(ana, "/dragoman", "next", hall)
        with pytest.raises(NotPossible):
            await bed.say(ana, hall, "hello")

    play(scene, Heard().wire)


def test_guests_come_with_their_own_team() -> None:
    """In a shared channel an event tells that it is shared, and the team its author is of."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        eve = bed.guest("Eve", "America/New_York")
        team = bed.channel("team", [bed.person("Ana"), eve], shared=True)
        await bed.say(eve, team, "hello")
        found = await app.client.users_info(user=eve.id)
        assert found["user"]["is_stranger"] is True
        assert (found["user"]["team_id"], found["user"]["tz"]) == (eve.team.id, "America/New_York")

    bed = play(scene, heard.wire)
    [body] = heard.bodies
    assert body["is_ext_shared_channel"] is True
    assert body["event"]["user_team"] == body["event"]["source_team"] == bed.space.guests.id
    assert body["team_id"] == bed.space.team.id


def test_a_file_comes_as_a_message_and_as_a_file() -> None:
    """An upload is a file_share message with the file's address, and a file_shared event."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await bed.upload(ana, bed.channel("team", [ana]), "draft.txt", b"Article 1", "draft add")

    play(scene, heard.wire)
    [message] = heard.events("message")
    assert message["subtype"] == "file_share"
    assert message["files"][0]["name"] == "draft.txt"
    assert message["files"][0]["size"] == 9
    assert len(heard.events("file_shared")) == 1


def test_an_edit_and_a_deletion_come_as_hidden_events() -> None:
    """message_changed and message_deleted carry what the message was before."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        posted = await bed.direct(ana, "take 26")
        await bed.edit(ana, posted, "take 27")
        await bed.delete(ana, posted)

    play(scene, heard.wire)
    _, changed, deleted = heard.events("message")
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "take 27")
    assert changed["previous_message"]["text"] == "take 26"
    assert (deleted["subtype"], deleted["previous_message"]["text"]) == ("message_deleted", "take 27")


def test_nothing_is_heard_in_channels_without_the_bot() -> None:
    """Where the bot is no member, no event comes."""
    heard = Heard()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await bed.say(ana, bed.channel("far", [ana], bot=False), "hello")

    play(scene, heard.wire)
    assert heard.bodies == []
