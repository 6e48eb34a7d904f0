"""The test bed: people and channels that come, go and change."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.fakes.slack import Bed, NotPossible
from tests.unit.slack.bolt import play

CHANGES = (
    "member_joined_channel member_left_channel channel_left user_change team_join channel_rename channel_archive "
    "channel_shared message"
).split()


class Told:
    """The events that the app heard, in order of their happening."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def wire(self, app: AsyncApp) -> None:
        """Hear every change."""

        async def hear(event: dict[str, Any]) -> None:
            self.events.append(event)

        for kind in CHANGES:
            app.event(kind)(hear)

    def kinds(self) -> list[str]:
        """Give type and subtype of each event."""
        return sorted("/".join(filter(None, (one["type"], one.get("subtype")))) for one in self.events)


def test_who_joins_and_leaves_is_told() -> None:
    """Each with the event and with the line that the channel shows."""
    told = Told()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        team = bed.channel("team", [])
        await bed.join(ana, team)
        await bed.leave(ana, team)
        with pytest.raises(NotPossible):
            await bed.say(ana, team, "hello?")

    play(scene, told.wire)
    assert told.kinds() == [
        "member_joined_channel", "member_left_channel", "message/channel_join", "message/channel_leave",
    ]  # fmt: skip


def test_the_bot_is_invited_and_put_out() -> None:
    """It hears that it came; afterwards channel_left, and nothing more of that channel."""
    told = Told()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        team = bed.channel("team", [ana], bot=False)
        await bed.join(bed.bot, team, ana)
        await bed.leave(bed.bot, team)
        await bed.say(ana, team, "it is gone")

    play(scene, told.wire)
    assert "channel_left" in told.kinds()
    assert not any(one.get("text") == "it is gone" for one in told.events)


def test_people_change_come_and_are_deactivated() -> None:
    """user_change brings the zone; a deactivated person leaves each channel, and is deleted in users.info."""
    told = Told()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        team = bed.channel("team", [ana])
        await bed.change_user(ana, tz="America/New_York")
        await bed.team_join("Luis")
        await bed.deactivate(ana)
        assert ana.id not in team.members
        answer = await app.client.users_info(user=ana.id)
        assert answer["user"]["deleted"] is True

    play(scene, told.wire)
    users = [one["user"] for one in told.events if one["type"] == "user_change"]
    assert sorted((one.get("tz", ""), one["deleted"]) for one in users) == [("", True), ("America/New_York", False)]
    assert [one["user"]["name"] for one in told.events if one["type"] == "team_join"] == ["luis"]
    assert "member_left_channel" in told.kinds()


def test_channels_are_renamed_archived_and_shared() -> None:
    """Each change is told; a shared channel says so."""
    told = Told()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana, eve = bed.person("Ana"), bed.guest("Eve")
        team = bed.channel("team", [ana])
        await bed.share(team, eve)
        await bed.rename(team, "crew")
        answer = await app.client.conversations_info(channel=team.id)
        assert (answer["channel"]["name"], answer["channel"]["is_ext_shared"]) == ("crew", True)
        assert answer["channel"]["connected_team_ids"] == [eve.team.id]
        await bed.archive(team, ana)

    play(scene, told.wire)
    assert {"channel_shared", "channel_rename", "channel_archive", "member_joined_channel"} <= set(told.kinds())


def test_an_app_hears_what_its_manifest_asks_for() -> None:
    """Events, commands, shortcuts and scopes are those of the manifest."""
    told = Told()
    manifest = {
        "display_information": {"name": "Dragoman"},
        "features": {"slash_commands": [{"command": "/tasks", "description": "x", "should_escape": False}]},
        "oauth_config": {"scopes": {"bot": ["chat:write", "im:history"]}},
        "settings": {"event_subscriptions": {"bot_events": ["message.im", "message.channels"]}},
    }

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        await bed.direct(ana, "heard")
        await bed.say(ana, bed.channel("team", [ana]), "not heard: channels:history is missing")
        await bed.join(bed.person("Luis"), bed.channel("hall", []))
        with pytest.raises(NotPossible):
            await bed.command(ana, "/dragoman", "next")
        bed.pace.acknowledge = 0.1
        delivery = await bed.command(ana, "/tasks", ana.mention, wait=False)
        assert delivery.payload["text"] == "@ana"
        with pytest.raises(NotPossible):
            await bed.shortcut(ana, "remind")

    play(scene, told.wire, manifest=manifest)
    assert [one["text"] for one in told.events] == ["heard"]
