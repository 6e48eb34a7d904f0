"""Whether rooms and people are still what they were: looked at when the bot comes, because no event tells it."""

from __future__ import annotations

import asyncio
import datetime as dt

from sqlmodel import col, select

from bot.adapters.slack.channels import Channels
from bot.adapters.slack.intake import PLATFORM, Intake
from bot.adapters.slack.people import People
from bot.reachability import came_back, left_platform, room_lost, room_shared
from storage.cipher import active
from storage.tables import Identity, Room
from storage.work import Work

ONE_BY_ONE = 0.7
"""How many seconds lie between two people who are looked up: a hundred a minute is what Slack allows."""


async def look_at_people(intake: Intake, people: People) -> None:
    """Learn what the members are called here, and report those who left the workspace while the bot was away."""
    for user in await _accounts(intake):
        if people.known(user) is None:
            await people.learn(user)
            await asyncio.sleep(ONE_BY_ONE)
        person = people.known(user)
        if person is not None and person.deleted:
            await report_gone(intake, user)


async def report_gone(intake: Intake, user: str) -> None:
    """Report that somebody is not in the workspace any more."""
    await intake.of_account(user, lambda work, now: left_platform(work, now, user, PLATFORM))


async def report_back(intake: Intake, user: str) -> None:
    """Take note that somebody is in the workspace again."""
    await intake.of_account(user, lambda work, _now: came_back(work, user, PLATFORM))


async def look_at_rooms(intake: Intake, channels: Channels) -> None:
    """Report served rooms that the bot is not in any more, and those that others have come into meanwhile.

    What happened while the bot was away is told by no event. Call it after the channels were listed.
    """
    coalitions = await intake.store.read(None, _coalitions)
    for coalition_id in coalitions:
        for address in await intake.store.read(coalition_id, _served):
            if channels.get(address) is None:  # a list may lag behind
                await channels.look_again(address)
    for coalition_id in coalitions:
        await intake.store.write(coalition_id, lambda work: _look(work, intake.clock.now(), channels))
    intake.wake()


async def _accounts(intake: Intake) -> list[str]:
    """Give the accounts of members, in whatever coalition."""
    found = select(Identity.coalition_id).where(Identity.platform == PLATFORM).distinct()
    users: dict[str, None] = {}
    for coalition_id in await intake.store.read(None, lambda work: list(work.exec(found))):
        rows = await intake.store.read(
            coalition_id, lambda work: [row.address for row in work.rows(Identity, col(Identity.platform) == PLATFORM)]
        )
        users |= dict.fromkeys(rows)
    return list(users)


def _coalitions(work: Work) -> set[int]:
    return set(work.exec(select(Room.coalition_id).where(Room.platform == PLATFORM)))


def _served(work: Work) -> list[str]:
    return [room.address for room in work.rows(Room, col(Room.platform) == PLATFORM)]


def _look(work: Work, now: dt.datetime, channels: Channels) -> None:
    known = {mark: channel for channel in channels.ids for mark in active()[0].fingerprints(channel)}
    for room in work.rows(Room, col(Room.platform) == PLATFORM):
        channel = channels.get(known.get(room.fingerprint, ""))
        if channel is None:
            room_lost(work, now, room)
        elif channel.shared:
            room_shared(work, now, room)
        else:
            room.shared = False
