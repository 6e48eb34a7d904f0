"""Whether the rooms that are served are still what they were: looked at when the bot comes, and from time to time."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from bot.adapters.slack.channels import Channels
from bot.adapters.slack.intake import PLATFORM, Intake
from bot.reachability import room_lost, room_shared
from storage.cipher import active
from storage.tables import Room
from storage.work import Work


async def look_at_rooms(intake: Intake, channels: Channels) -> None:
    """Report served rooms that the bot is not in any more, and those that others have come into meanwhile.

    What happened while the bot was away is told by no event. Call it after the channels were listed.
    """
    for coalition_id in await intake.store.read(None, _coalitions):
        await intake.store.write(coalition_id, lambda work: _look(work, intake.clock.now(), channels))
    intake.wake()


def _coalitions(work: Work) -> set[int]:
    return set(work.exec(select(Room.coalition_id).where(Room.platform == PLATFORM)))


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
