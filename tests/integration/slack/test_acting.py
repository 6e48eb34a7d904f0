"""People at work on Slack, over both transports: buttons, forms, guests, hostile words, deliveries that come again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.people import find_member
from storage.tables import Review, Task
from tests.conftest import World
from tests.fakes.chat import RecordingChat
from tests.fakes.slack.delivery import COMMAND, EVENT, INTERACTION, Delivery
from tests.fakes.slack.inputs import NotThere
from tests.fakes.slack.misbehaviour import error
from tests.fakes.slack.records import Appearance
from tests.integration.slack.acting import Transport, acting, join

both = pytest.mark.parametrize("transport", ["socket", "http"])
HOSTILE = "<!channel> <@U0NOBODY> *loud* `code` @here <http://evil.example|bank.example> \u202egnirts\u202c & <b>"


def texts(shown: list[Appearance]) -> list[str]:
    """Give the texts of what was posted or shown, in order."""
    return [one.text for one in shown if one.what in ("message", "ephemeral")]


@both
def test_a_task_is_accepted_by_a_button(world: World, transport: Transport) -> None:
    """Who pressed is who accepts; the card is brought up to date, and pressed anew it answers truthfully."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            await at.ask(at.ana, f"assign 24 {at.luis.mention}", team)
            card = at.bed.shown(at.luis)[-1]
            before = list(card.blocks)
            await at.bed.press(at.luis, card, "Accept")
            shown = await at.settle()
            assert [one.what for one in shown] == ["update", "message"]
            assert "Done: `accept 24`" in shown[0].text
            assert await world.store.read(1, lambda work: work.rows(Task)[0].accepted_at) is not None
            with pytest.raises(NotThere):
                await at.bed.press(at.luis, card, "Decline")
            card.blocks = before  # as on a screen that is not up to date
            await at.ask(at.luis, "release 24")
            await at.bed.press(at.luis, card, "Accept")
            assert "article 24" in texts(await at.settle())[-1]
            assert await world.store.read(1, lambda work: work.rows(Task)[0].lead_id) is None

    world.run(scene())


@both
def test_a_review_is_filled_in(world: World, transport: Transport) -> None:
    """The form shows the text as it is; what cannot be taken stays in it; what is sent is kept and answered."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            await at.bed.shortcut(at.luis, "assign", await at.bed.say(at.ana, team, "24 needs a look"))
            await at.settle()
            view = at.bed.view(at.luis)
            refused = await at.bed.submit(at.luis, view, {"people": [at.luis.id], "backup": at.luis.id})
            assert refused.answer["response_action"] == "errors"
            await at.bed.submit(at.luis, view, {"people": [at.luis.id]})
            assert "article 24" in texts(await at.settle())[0]
            await at.ask(at.luis, "accept 24")
            await at.bed.open_home(at.luis)
            await at.settle()
            await at.bed.press(at.luis, at.bed.home(at.luis), "form:0" if _has(at.bed.home(at.luis)) else "Review")
            await at.settle()
            form = at.bed.view(at.luis)
            assert "shall do 24 things" in json.dumps(form.content)
            await at.bed.submit(at.luis, form, {"verdict": "concern", "note": "vague", "wording": "may do one"})
            assert texts(await at.settle())[-1].startswith("Noted: article 24, concern")
            [row] = await world.store.read(1, lambda work: work.rows(Review))
            assert (row.note, row.wording) == ("vague", "may do one")

    world.run(scene())


def _has(view: object) -> bool:
    return '"form:0"' in json.dumps(getattr(view, "content", {}))


@both
def test_a_form_that_came_too_late_is_told_in_words(world: World, transport: Transport) -> None:
    """What to type instead stands in the answer."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            said = await at.bed.say(at.ana, team, "remember the milk")
            at.bed.misbehave("views.open", error("expired_trigger_id"))
            await at.bed.shortcut(at.ana, "remind", said)
            assert "remind me" in texts(await at.settle())[-1]

    world.run(scene())


@both
def test_a_draft_dropped_in_a_channel_is_added_from_the_message(world: World, transport: Transport) -> None:
    """Its file is fetched after that, and read."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            content = b"Convention\n\nArticle 1\nUse of terms\n\n1. Each State Party shall act.\n\nArticle 2\n\n1. All."
            said = await at.bed.upload(at.ana, team, "rev2.txt", content, "here it is")
            await at.bed.shortcut(at.ana, "draft", said)
            await at.settle()
            await at.bed.submit(at.ana, at.bed.view(at.ana), {"symbol": "REV.2", "day": "2024-01-28"})
            assert any("REV.2" in text for text in texts(await at.settle()))

    world.run(scene())


@both
def test_guests_have_mentions_direct_chats_and_buttons(world: World, transport: Transport) -> None:
    """In a shared channel nothing but public items is shown, whoever asks; who they are is their own account."""

    async def scene() -> None:
        async with acting(world, transport) as (at, _):
            guest = at.bed.guest("Gro", "America/Bogota")
            shared = at.bed.channel("bridge", [at.ana, guest], shared=True, bot=False)
            await at.bed.join(at.bed.space.bot, shared)
            await at.settle()
            answer = texts(await at.ask(at.ana, "room here for alerts", shared))
            assert "it may see public items" in answer[0]
            [asked] = await at.ask(at.ana, "members", shared)
            assert asked.readers == ("Ana",)
            assert "I work for a coalition" in texts(await at.ask(guest, "tasks", shared))[0]
            await at.ask(guest, "hello")
            joined = texts(await at.ask(guest, "hello Gro, Red Libre"))
            assert joined[0].startswith("Thank you.")
            await at.ask(at.ana, "admit @Gro")
            zone = await world.store.read(1, lambda work: find_member(work, "Gro").timezone)
            assert zone == "America/Bogota"
            await at.ask(at.ana, f"assign 25 {guest.mention}")
            world.pass_time(minutes=10)
            await at.settle()
            card = at.bed.shown(guest)[-1]
            await at.bed.press(guest, card, "Accept")
            await at.settle()
            assert await world.store.read(1, lambda work: work.rows(Task)[0].accepted_at) is not None

    world.run(scene())


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Give every object in blocks."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from parts(one)


@both
def test_hostile_words_arrive_as_words(world: World, transport: Transport) -> None:
    """Nobody is called, nothing is a link or shown loud, no length is too much."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            for words in (HOSTILE, "x" * 3_001, "word " * 8_000):
                shown = await at.ask(at.ana, f"note {words}", team)
                shown += await at.ask(at.luis, f"assign {words} {at.mei.mention}", team)
                shown += await at.ask(at.luis, words)
                assert shown
                for one in shown:
                    # What stands in rich text as text, and in plain text, is shown as it is and never parsed.
                    assert [mark for mark in ("<!", "<http", "<@", "\u202e") if mark in one.text] == []
                    kinds = json.dumps(one.blocks)
                    assert [mark for mark in ('"broadcast"', '"link"', '"mrkdwn"', "\\u202e") if mark in kinds] == []
                    assert "U0NOBODY" not in [part.get("user_id") for part in parts(one.blocks)]

    world.run(scene())


@both
def test_what_is_delivered_again_is_done_once(world: World, transport: Transport) -> None:
    """Events, commands, presses and forms: each has one id, however often it comes."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            await at.ask(at.ana, f"assign badges {at.luis.mention}", team)
            await at.bed.command(at.ana, "/assign", f"banners {at.luis.mention}", team)
            await at.settle()
            card = at.bed.shown(at.luis)[-1]
            await at.bed.press(at.luis, card, "Accept")
            await at.settle()
            told = len(at.bed.space.appearances)
            for delivery in list(at.bed.deliveries):
                if delivery.kind in (EVENT, COMMAND, INTERACTION):
                    await at.bed.deliver(Delivery(delivery.kind, delivery.payload, delivery.accepts)).settled()
            await at.settle()
            assert len(at.bed.space.appearances) == told
            assert len(await world.store.read(1, lambda work: work.rows(Task))) == 2

    world.run(scene())


@both
def test_somebody_who_leaves_is_reported_with_their_tasks(world: World, transport: Transport) -> None:
    """Out of the workspace, and so out of its channels."""

    async def scene() -> None:
        async with acting(world, transport) as (at, team):
            await at.ask(at.ana, f"assign 24 {at.luis.mention}", team)
            await at.bed.deactivate(at.luis)
            first = await at.settle()
            world.pass_time(minutes=10)
            told = "\n".join(texts([*first, *await at.settle()]))
            assert "@Luis is no longer in #" in told
            assert "@Luis is not in the workspace on Slack any more." in told
            assert "1 task is theirs" in told

    world.run(scene())


@both
def test_a_command_where_the_bot_is_not(world: World, transport: Transport) -> None:
    """The answer is for the asker alone."""

    async def scene() -> None:
        async with acting(world, transport) as (at, _):
            elsewhere = at.bed.channel("elsewhere", [at.ana], bot=False)
            for verb, words in (("/tasks", ""), ("/dragoman", "room here for tasks")):
                await at.bed.command(at.ana, verb, words, elsewhere)
                [shown] = await at.settle()
                assert shown.readers == ("Ana",)
                assert "I do not serve this room" in shown.text or "Invite me" in shown.text

    world.run(scene())


def test_accounts_on_slack_and_matrix_are_one_person(world: World) -> None:
    """Linked by a code; what is asked of them on one platform reaches them where they live, and the other way round."""

    async def scene() -> None:
        matrix = RecordingChat()
        async with acting(world, "socket", {"matrix": matrix}) as (at, team):

            async def on_matrix(words: str, who: str = "@mei:example.org") -> str:
                said = world.saying("somebody", words, platform="matrix", sender=who)
                await at.serving.engine.receive(said)
                await at.settle()
                return matrix.texts()[-1]

            [given] = texts(await at.ask(at.mei, "link"))
            code = given.split("`link ")[1].split("`")[0]
            assert (await on_matrix(f"link {code}")).startswith("Thank you.")
            await at.ask(at.mei, "link yes")
            world.pass_time(minutes=10)
            await at.ask(at.ana, f"assign 24 {at.mei.mention}", team)
            assert matrix.texts()[-1].startswith("For you: article 24")
            await join(world, "Ana", "@ana:example.org", "matrix")
            await on_matrix("assign 25 @Luis", "@ana:example.org")
            assert any(one.text.startswith("For you: article 25") for one in at.bed.shown(at.luis))

    world.run(scene())
