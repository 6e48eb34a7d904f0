"""App Homes: shown at once when they are opened, and again when what they show has changed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from bot.adapters.slack import homes
from bot.adapters.slack.web import Limited
from bot.people import find_member
from storage.tables import Task
from storage.work import Work
from tests.conftest import World
from tests.fakes.slack import misbehaviour as bad
from tests.fakes.slack.records import Person, texts_in
from tests.fakes.workspace import ANA, FakeWeb
from tests.integration.slack.acting import join
from tests.integration.slack.test_incoming import Scene, serving


def give(work: Work, world: World, *words: str) -> None:
    """Give Ana tasks in words."""
    lead = find_member(work, "Ana")
    for number, what in enumerate(words, 1):
        work.add(Task(coalition_id=work.tenant, number=number, words=what, lead_id=lead.id, assigned_at=world.now))


def home(at: Scene, person: Person) -> str:
    """Give what somebody's home shows."""
    return "\n".join(texts_in(at.bed.space.homes[person.id].content["blocks"]))


def test_a_home_is_shown_and_kept_up_to_date(world: World) -> None:
    """To its member what is theirs, to a stranger how to come in; anew when facts change, and only then."""

    async def scene() -> None:
        async with serving(world, "socket") as at:
            ana, zoe = at.bed.person("Ana"), at.bed.person("Zoe")
            await join(world, "Ana", ana.id)
            for person in (ana, zoe):
                at.bed.happen({"type": "app_home_opened", "user": person.id, "tab": "home", "channel": "D1"}, None)
            await at.bed.quiet()
            await at.slack.settle()
            assert "You have nothing to do." in home(at, ana)
            assert "hello" in home(at, zoe)
            published = [call.method for call in at.bed.calls].count("views.publish")
            await at.slack.homes.refresh()
            assert [call.method for call in at.bed.calls].count("views.publish") == published
            await world.store.write(1, lambda work: give(work, world, "print the badges"))
            at.slack.changed()
            await asyncio.sleep(homes.QUIET_SECONDS + 0.5)
            assert "print the badges" in home(at, ana)
            assert [call.method for call in at.bed.calls].count("views.publish") == published + 1

    world.run(scene())


def test_a_home_with_500_tasks_is_shown_within_a_second(world: World) -> None:
    """From the opening to the screen."""

    async def scene() -> None:
        async with serving(world, "socket") as at:
            ana = at.bed.person("Ana")
            await join(world, "Ana", ana.id)

            words = [f"task {n} of many" for n in range(500)]
            await world.store.write(1, lambda work: give(work, world, *words))
            began = time.monotonic()
            at.bed.happen({"type": "app_home_opened", "user": ana.id, "tab": "home", "channel": "D1"}, None)
            await at.bed.quiet()
            await at.slack.settle()
            assert "500 tasks" in home(at, ana)
            assert time.monotonic() - began < 1.0

    world.run(scene())


def test_homes_that_cannot_be_shown_now_are_shown_later(world: World) -> None:
    """The others are not held up for good, and those opened last are kept."""

    async def scene() -> None:
        web, shown = FakeWeb({"views.publish": Limited(0.01)}), {"blocks": [1]}

        async def draw(_: str) -> dict[str, Any]:
            return shown

        kept = homes.Homes(web, draw)
        for user in (ANA, "U0LUIS"):
            with contextlib.suppress(Limited):
                await kept.opened(user)
        await kept.refresh()
        web.answers["views.publish"] = {"ok": True}
        web.asked.clear()
        await kept.refresh()
        await kept.refresh()
        assert [given["user_id"] for _, given in web.asked] == [ANA, "U0LUIS"]

    world.run(scene())


def test_a_home_that_could_not_be_shown_is_shown_without_a_change(world: World) -> None:
    """Slack fails once when it is opened and once after it."""

    async def scene() -> None:
        async with serving(world, "socket") as at:
            ana = at.bed.person("Ana")
            await join(world, "Ana", ana.id)
            at.bed.misbehave("views.publish", bad.status(500))
            at.bed.misbehave("views.publish", bad.limited(1))
            at.bed.happen({"type": "app_home_opened", "user": ana.id, "tab": "home", "channel": "D1"}, None)
            await at.bed.until(lambda: ana.id in at.bed.space.homes, 8.0)
            assert "You have nothing to do." in home(at, ana)

    world.run(scene())
