"""The test bed: what a person reads on a screen, and whom a message calls out to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.fakes.slack import Bed
from tests.unit.slack.bolt import client, play

Json = dict[str, Any]


def shown(text: str = "spoken", *blocks: Json) -> Bed:
    """Post a message to Ana (Vienna) and Luis (New York), and give the bed."""
    bed = Bed()

    async def run() -> None:
        async with bed:
            people = [bed.person("Ana", "Europe/Vienna"), bed.person("Luis", "America/New_York")]
            channel = bed.channel("team", people)
            mention = text.replace("@Luis", people[1].mention)
            await client(bed).chat_postMessage(channel=channel.id, text=mention, blocks=list(blocks))

    asyncio.run(run())
    return bed


def test_tokens_are_read_as_a_client_shows_them() -> None:
    """Names, links, entities and dates; a moment in the zone of each reader."""
    bed = shown("@Luis: <https://un.org|the draft> &lt;3, <!date^1707228000^{date_short} {time}^|Tue 15:00>")
    [appearance] = bed.appeared()
    ana, luis = (one for one in bed.space.people.values() if not one.bot)
    assert bed.read(appearance, ana) == "@Luis: the draft (https://un.org) <3, Feb 6, 2024 3:00 PM"
    assert bed.read(appearance, luis).endswith("Feb 6, 2024 9:00 AM")
    assert bed.notified(appearance) == {"Luis"}


def test_blocks_are_read_and_the_text_is_spoken() -> None:
    """Where there are blocks they are on screen; the text is for notifications and screen readers."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "Accept"}, "action_id": "a"}
    struck = {"type": "text", "text": "shall", "style": {"strike": True}}
    bed = shown(
        "spoken",
        {"type": "header", "text": {"type": "plain_text", "text": "Article 24"}},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [struck]}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
        {"type": "actions", "elements": [button]},
    )
    [appearance] = bed.appeared()
    ana = next(one for one in bed.space.people.values() if one.name == "Ana")
    assert bed.read(appearance, ana).splitlines() == ["Article 24", "shall", "a | b", "[Accept]"]
    assert bed.spoken(appearance, ana) == "spoken"


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("<!channel> hello", {"channel"}),
        ("&lt;!channel&gt; hello", set()),
        ("<!here|here>", {"here"}),
        ("@Luis", {"Luis"}),
        ("@channel", set()),
    ],
)
def test_who_is_called_out_to_is_seen(text: str, called: set[str]) -> None:
    """What would ring everywhere is told from what only looks like it."""
    bed = shown(text)
    [appearance] = bed.appeared()
    assert bed.notified(appearance) == called


def test_other_bots_and_repeated_events_are_heard() -> None:
    """A robot's message is a bot_message; an event may come once more under its id."""
    heard: list[Json] = []

    def wire(app: AsyncApp) -> None:
        @app.event("message")
        async def message(body: Json) -> None:
            heard.append(body)

    async def scene(bed: Bed, app: AsyncApp) -> None:
        robot = bed.robot("Weather")
        await bed.say(robot, bed.channel("team", [robot]), "rain")
        await bed.again(bed.deliveries[-1])

    play(scene, wire)
    assert [one["event"]["subtype"] for one in heard] == ["bot_message"] * 2
    assert heard[0]["event_id"] == heard[1]["event_id"]


def test_an_app_that_is_taken_out_has_no_tokens() -> None:
    """It is told, and every call gives the code."""
    bed = Bed()
    bed.pace.patience = 0.05

    async def run() -> str:
        async with bed:
            await bed.revoke("account_inactive")
            answer = await client(bed)._request(
                http_verb="POST",
                api_url=f"{bed.api_url}auth.test",
                req_args={"headers": {"Authorization": f"Bearer {bed.tokens.bot}"}},
            )
            return str(answer["data"]["error"])

    assert asyncio.run(run()) == "account_inactive"
    assert [one.payload["event"]["type"] for one in bed.deliveries] == ["tokens_revoked", "app_uninstalled"]
