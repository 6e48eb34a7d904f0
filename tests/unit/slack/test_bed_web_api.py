"""The test bed's Web API: it gives what Slack gives, refuses what Slack refuses, and goes wrong on demand."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Bed, contract, misbehaviour
from tests.unit.slack.bolt import client

needs_reference = pytest.mark.skipif(
    contract.reference() is None, reason="the reference of ../shared/data/slack is not on this machine"
)
Json = dict[str, Any]
Scene = Callable[[Bed, AsyncWebClient], Awaitable[None]]


def play(scene: Scene, **options: Any) -> Bed:
    """Play a scene with a bed and the SDK's client, without an app that hears."""
    bed = Bed(**options)
    bed.pace.patience = 0.05

    async def run() -> None:
        async with bed:
            await scene(bed, client(bed))

    asyncio.run(run())
    return bed


async def code(call: Awaitable[Any]) -> str:
    """Give the error code that a call is answered with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def test_what_was_posted_is_in_the_history_with_its_metadata_if_asked_for() -> None:
    """Newest first; metadata only with include_all_metadata; oldest is left out unless inclusive."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [bed.person("Ana")])
        meta = {"event_type": "dragoman_parcel", "event_payload": {"key": "k1"}}
        first = await web.chat_postMessage(channel=team.id, text="one", metadata=meta)
        second = await web.chat_postMessage(channel=team.id, text="two")
        reply = await web.chat_postMessage(channel=team.id, text="three", thread_ts=first["ts"], metadata=meta)
        found = await web.conversations_history(channel=team.id, include_all_metadata=True)
        assert [one["text"] for one in found["messages"]] == ["two", "one"]
        assert found["messages"][1]["metadata"] == meta
        assert found["messages"][1]["reply_count"] == 1
        bare = await web.conversations_history(channel=team.id)
        assert "metadata" not in bare["messages"][1]
        later = await web.conversations_history(channel=team.id, oldest=first["ts"])
        assert [one["ts"] for one in later["messages"]] == [second["ts"]]
        both = await web.conversations_history(channel=team.id, oldest=first["ts"], inclusive=True)
        assert [one["ts"] for one in both["messages"]] == [second["ts"], first["ts"]]
        before = await web.conversations_history(channel=team.id, latest=second["ts"])
        assert [one["ts"] for one in before["messages"]] == [first["ts"]]
        thread = await web.conversations_replies(channel=team.id, ts=first["ts"], include_all_metadata=True)
        assert [one["ts"] for one in thread["messages"]] == [first["ts"], reply["ts"]]
        assert thread["messages"][1]["metadata"] == meta
        assert await code(web.conversations_replies(channel=team.id, ts="1.0")) == "thread_not_found"

    assert play(scene).violations == []


def test_the_history_comes_in_pages() -> None:
    """A cursor leads from one page to the next, and the SDK's iteration finds every message once."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        for number in range(5):
            await web.chat_postMessage(channel=team.id, text=str(number))
        texts = []
        async for page in await web.conversations_history(channel=team.id, limit=2):
            texts += [one["text"] for one in page["messages"]]
        assert texts == ["4", "3", "2", "1", "0"]

    play(scene)


def test_channels_are_posted_to_by_those_who_are_in_them() -> None:
    """Each wrong place has the code that Slack gives it."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        ana, gone = bed.person("Ana"), bed.person("Gone")
        gone.deleted = True
        far, secret = bed.channel("far", [ana], bot=False), bed.channel("secret", [ana], private=True, bot=False)
        old, team = bed.channel("old", [ana]), bed.channel("team", [])
        old.archived = True
        assert await code(web.chat_postMessage(channel=far.id, text="x")) == "not_in_channel"
        assert await code(web.chat_postMessage(channel=secret.id, text="x")) == "channel_not_found"
        assert await code(web.chat_postMessage(channel="C404", text="x")) == "channel_not_found"
        assert await code(web.chat_postMessage(channel=old.id, text="x")) == "is_archived"
        assert await code(web.chat_postEphemeral(channel=team.id, user=ana.id, text="x")) == "user_not_in_channel"
        assert await code(web.chat_postMessage(channel=bed.bot.id, text="x")) == "cannot_dm_bot"
        assert await code(web.conversations_open(users=bed.bot.id)) == "cannot_dm_bot"
        assert await code(web.conversations_open(users=gone.id)) == "user_disabled"
        assert await code(web.users_info(user="U404")) == "user_not_found"
        assert await code(web.users_info(user=bed.guest("Eve").id)) == "user_not_visible"
        assert await code(web.conversations_history(channel=far.id)) == "not_in_channel"
        assert await code(web.chat_update(channel=team.id, ts="1.0", text="x")) == "message_not_found"

    play(scene)


def test_a_direct_chat_is_opened_once() -> None:
    """conversations.open gives the same channel each time, and posting to the person goes there."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        ana = bed.person("Ana")
        one, two = [await web.conversations_open(users=ana.id) for _ in range(2)]
        assert one["channel"]["id"] == two["channel"]["id"]
        assert two["already_open"] is True
        posted = await web.chat_postMessage(channel=ana.id, text="hello")
        assert posted["channel"] == one["channel"]["id"]
        assert [shown.readers for shown in bed.appeared()] == [("Ana",)]

    play(scene)


def test_only_own_messages_are_changed_and_deleted() -> None:
    """The bot's own change and go on every screen; those of others stay."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        ana = bed.person("Ana")
        team = bed.channel("team", [ana])
        hers = await bed.say(ana, team, "mine")
        assert await code(web.chat_update(channel=team.id, ts=hers.ts, text="x")) == "cant_update_message"
        assert await code(web.chat_delete(channel=team.id, ts=hers.ts)) == "cant_delete_message"
        posted = await web.chat_postMessage(channel=team.id, text="one")
        await web.chat_update(channel=team.id, ts=posted["ts"], text="two")
        link = await web.chat_getPermalink(channel=team.id, message_ts=posted["ts"])
        assert link["permalink"].endswith(posted["ts"].replace(".", ""))
        await web.chat_delete(channel=team.id, ts=posted["ts"])
        assert [(one.what, one.text) for one in bed.appeared()] == [
            ("message", "one"), ("update", "two"), ("delete", "two"),
        ]  # fmt: skip
        assert [one.text for one in bed.shown(ana, team)] == ["mine"]

    play(scene)


def test_an_update_keeps_what_it_does_not_name() -> None:
    """A text takes the place of blocks; metadata stays until an empty one is given."""
    meta = {"event_type": "dragoman_parcel", "event_payload": {"key": "k1"}}

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        posted = await web.chat_postMessage(channel=team.id, text="one", blocks=[{"type": "divider"}], metadata=meta)
        [message] = team.messages
        await web.api_call("chat.update", json={"channel": team.id, "ts": posted["ts"], "text": "two"})
        assert (message.text, message.blocks, message.metadata) == ("two", [], meta)
        await web.chat_update(channel=team.id, ts=posted["ts"], text="three", metadata={})
        assert message.metadata is None

    assert play(scene).violations == []


def test_tokens_open_what_they_are_for() -> None:
    """A wrong one is invalid_auth, a revoked one says so, and the app's own opens connections only."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        assert await code(client(bed, "xoxb-wrong").auth_test()) == "invalid_auth"
        assert await code(client(bed, bed.tokens.app).auth_test()) == "not_allowed_token_type"
        answer = await web.auth_test()
        assert (answer["user_id"], answer["bot_id"]) == (bed.bot.id, bed.space.bot_id)
        assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")
        bed.tokens.revoked = "token_revoked"
        assert await code(web.auth_test()) == "token_revoked"

    play(scene)


def test_blocks_and_texts_beyond_the_limits_are_refused_and_noted() -> None:
    """Nothing is posted; the answer says where; the violation is kept."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        many: list[Json] = [{"type": "divider"}] * 51
        assert await code(web.chat_postMessage(channel=team.id, text="x", blocks=many)) == "invalid_blocks"
        assert await code(web.chat_postMessage(channel=team.id, text="x" * 40_001)) == "msg_too_long"
        meta: Json = {"event_type": "x", "event_payload": "no object"}
        assert await code(web.chat_postMessage(channel=team.id, text="x", metadata=meta)) == "invalid_metadata_format"
        assert await code(web.api_call("chat.postMessage", json={"channel": team.id, "text": " "})) == "no_text"
        assert team.messages == []

    assert len(play(scene).violations) == 4


def test_an_update_takes_4000_characters_and_a_post_40000() -> None:
    """What an update refuses a post may say; and blocks have an unpublished end that can be set."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        posted = await web.chat_postMessage(channel=team.id, text="x" * 40_000)
        assert await code(web.chat_update(channel=team.id, ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"
        await web.chat_update(channel=team.id, ts=posted["ts"], text="x" * 4_000)
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}
        await web.chat_postMessage(channel=team.id, text="x", blocks=[section] * 5)
        bed.api.most_block_text = 13_200
        await web.chat_postMessage(channel=team.id, text="x", blocks=[section] * 4)
        assert await code(web.chat_postMessage(channel=team.id, text="x", blocks=[section] * 5)) == (
            "msg_blocks_too_long"
        )

    assert len(play(scene).violations) == 2


def test_without_the_reference_the_bed_still_judges() -> None:
    """What it has methods for is answered; others are unknown; what is missing is said."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        bed.api.reference = None
        team = bed.channel("team", [])
        await web.chat_postMessage(channel=team.id, text="x")
        assert await code(web.api_call("chat.shout", json={})) == "unknown_method"
        assert await code(web.api_call("chat.postMessage", json={"text": "x"})) == "invalid_arguments"
        async with aiohttp.ClientSession() as session:
            head = {"Authorization": f"Bearer {bed.tokens.bot}", "Content-Type": "application/json"}
            async with session.post(f"{bed.api_url}chat.postMessage", data="{", headers=head) as answer:
                assert (await answer.json())["error"] == "invalid_arguments"

    assert len(play(scene).violations) == 3


@needs_reference
def test_what_the_reference_does_not_know_is_refused_and_noted() -> None:
    """Methods, arguments, types and scopes, each with Slack's code."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        assert await code(web.api_call("chat.shout", json={})) == "unknown_method"
        strange = web.api_call("chat.postMessage", json={"channel": team.id, "text": "x", "colour": "red"})
        assert await code(strange) == "invalid_arguments"
        assert await code(web.api_call("chat.postMessage", json={"text": "x"})) == "invalid_arguments"
        assert await code(web.api_call("conversations.history", params={"channel": team.id, "limit": "few"})) == (
            "invalid_arguments"
        )
        bed.api.scopes.discard("channels:history")
        with pytest.raises(SlackApiError) as caught:
            await web.conversations_history(channel=team.id)
        answer = caught.value.response
        assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:history")
        assert "chat:write" in answer["provided"]

        sent = web.api_call("users.info", json={"user": bed.person("Ana").id})
        assert await code(sent) == "invalid_arguments"

    assert len(play(scene).violations) == 6


@needs_reference
def test_scopes_go_by_the_kind_of_the_conversation() -> None:
    """A private channel's history needs groups:history; what was used is kept for the manifest."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        secret = bed.channel("secret", [], private=True)
        await web.conversations_history(channel=secret.id)
        await web.conversations_open(users=bed.person("Ana").id)

    assert play(scene).api.scopes_used == {"groups:history", "im:write"}


def test_a_file_goes_up_and_comes_down() -> None:
    """What files_upload_v2 sends appears as a message with the file; its bytes need the token."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        ana = bed.person("Ana")
        team = bed.channel("team", [ana])
        done = await web.files_upload_v2(
            channel=team.id, filename="redline.html", content=b"<p>24</p>", initial_comment="Article 24"
        )
        [shown] = bed.appeared()
        assert (shown.what, shown.text, shown.readers) == ("file", "Article 24", ("Ana",))
        assert shown.message is not None
        assert shown.message.files[0].content == b"<p>24</p>"
        found = await web.files_info(file=done["file"]["id"])
        address = found["file"]["url_private_download"]
        async with aiohttp.ClientSession() as session:
            good = {"Authorization": f"Bearer {bed.tokens.bot}"}
            async with session.get(address, headers=good) as answer:
                assert await answer.read() == b"<p>24</p>"
            assert bed.violations == []
            async with session.get(address) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")
        assert len(bed.violations) == 1

    play(scene)


def test_a_limited_app_waits_as_it_is_told() -> None:
    """About one post a second and channel: the second gets 429 with Retry-After, another channel none."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team, hall = bed.channel("team", []), bed.channel("hall", [])
        await web.chat_postMessage(channel=team.id, text="one")
        with pytest.raises(SlackApiError) as caught:
            await web.chat_postMessage(channel=team.id, text="two")
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
        await web.chat_postMessage(channel=hall.id, text="one")
        await asyncio.sleep(1.0)
        await web.chat_postMessage(channel=team.id, text="two")
        assert [one.text for one in team.messages] == ["one", "two"]

    play(scene, rate_limits=True)


def test_a_restricted_app_sees_fifteen_messages_once_a_minute() -> None:
    """More than 15 are never given, and the second look is 429."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        for number in range(20):
            await web.chat_postMessage(channel=team.id, text=str(number))
        found = await web.conversations_history(channel=team.id, limit=200)
        assert len(found["messages"]) == 15
        with pytest.raises(SlackApiError) as caught:
            await web.conversations_history(channel=team.id)
        assert caught.value.response.headers["Retry-After"] == "60"

    play(scene, restricted=True)


FAULTS = {
    "limited": (misbehaviour.limited(7), False),
    "status": (misbehaviour.status(503), False),
    "page": (misbehaviour.html(), False),
    "dropped before": (misbehaviour.dropped_before(), False),
    "dropped after": (misbehaviour.dropped_after(), True),
    "slow": (misbehaviour.slow(0.3), True),
    "error": (misbehaviour.error("fatal_error"), False),
    "unknown outcome": (misbehaviour.unknown_outcome(), True),
    "status after": (misbehaviour.status(500, done=True), True),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_call_goes_wrong_as_often_as_asked_and_then_well(name: str) -> None:
    """The first call goes wrong, with or without its effect; the second is well."""
    fault, done = FAULTS[name]

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        team = bed.channel("team", [])
        bed.misbehave("chat.postMessage", fault)
        began = monotonic()
        if name == "slow":
            await web.chat_postMessage(channel=team.id, text="one")
            assert monotonic() - began >= 0.3
        else:
            with pytest.raises((SlackApiError, aiohttp.ClientError)):
                await web.chat_postMessage(channel=team.id, text="one")
        assert [one.text for one in team.messages] == (["one"] if done else [])
        await web.chat_postMessage(channel=team.id, text="two")
        assert team.messages[-1].text == "two"
        assert bed.calls[0].answer.split()[0] == fault.kind
        assert bed.calls[1].answer == "ok"
        assert bed.calls[1].names == ("channel", "text")

    assert play(scene).violations == []


def test_what_is_kept_is_not_what_was_given() -> None:
    """Blocks get ids as Slack gives them, and what the caller holds stays as it was."""
    blocks = [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Yes"}}]}]
    before = copy.deepcopy(blocks)

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        answer = await web.chat_postMessage(channel=bed.channel("team", []).id, text="x", blocks=blocks)
        [block] = answer["message"]["blocks"]
        assert block["block_id"]
        assert block["elements"][0]["action_id"]
        assert json.loads(json.dumps(blocks)) == before

    play(scene)


def test_lists_name_what_the_bot_may_know() -> None:
    """Public channels, private ones with the bot in them, members, people of our own team."""

    async def scene(bed: Bed, web: AsyncWebClient) -> None:
        ana = bed.person("Ana", "America/New_York")
        bed.guest("Eve")
        team, far = bed.channel("team", [ana]), bed.channel("far", [ana], bot=False)
        secret = bed.channel("secret", [ana], private=True)
        bed.channel("hidden", [ana], private=True, bot=False)
        kinds = "public_channel,private_channel"
        listed = await web.conversations_list(types=kinds)
        assert [one["id"] for one in listed["channels"]] == [team.id, far.id, secret.id]
        mine = await web.users_conversations(types=kinds)
        assert [one["id"] for one in mine["channels"]] == [team.id, secret.id]
        people = await web.users_list()
        assert [one["id"] for one in people["members"]] == [bed.bot.id, ana.id]
        inside = await web.conversations_members(channel=team.id)
        assert inside["members"] == [ana.id, bed.bot.id]
        about = await web.users_info(user=ana.id, include_locale=True)
        assert (about["user"]["tz"], about["user"]["locale"]) == ("America/New_York", "en-US")
        assert "email" not in about["user"]["profile"]
        shape = await web.conversations_info(channel=team.id)
        assert (shape["channel"]["is_ext_shared"], shape["channel"]["is_member"]) == (False, True)
        await web.conversations_join(channel=far.id)
        assert bed.bot.id in far.members
        await web.team_info()
        await web.bots_info(bot=bed.space.bot_id)
        await web.chat_postMessage(channel=team.id, text="x")
        await web.reactions_add(channel=team.id, name="eyes", timestamp=team.messages[0].ts)
        assert team.messages[0].reactions == ["eyes"]

    assert play(scene).violations == []
