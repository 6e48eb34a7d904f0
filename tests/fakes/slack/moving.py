"""Who comes and goes, and what becomes of channels."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack import payloads, shapes
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.records import Channel, Json, Person, Posted
from tests.fakes.slack.stage import Stage

LETTERS = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}


class Moving(Stage):
    """People and channels that change."""

    async def join(
        self, person: Person, channel: Channel, inviter: Person | None = None, *, wait: bool = True
    ) -> list[Delivery]:
        """Let a person (or the bot, `bed.bot`) come into a channel."""
        channel.members.append(person.id)
        event = self._membership("member_joined_channel", person, channel)
        event |= {"inviter": inviter.id} if inviter else {}
        told = self.happen(event, channel)
        told += self._line(person, channel, "channel_join", "has joined the channel")
        return await self.settled(told, wait)

    async def leave(self, person: Person, channel: Channel, *, wait: bool = True) -> list[Delivery]:
        """Let a person leave a channel. The bot, when it is put out, hears channel_left or group_left only."""
        if person is self.space.bot:
            kind = "group_left" if channel.private else "channel_left"
            left: Json = {
                "type": kind,
                "channel": channel.id,
                "actor_id": channel.members[0],
                "event_ts": self.space.new_ts(),
            }
            told = self.happen(left, channel)
            channel.members.remove(person.id)
            return await self.settled(told, wait)
        channel.members.remove(person.id)
        told = self.happen(self._membership("member_left_channel", person, channel), channel)
        told += self._line(person, channel, "channel_leave", "has left the channel")
        return await self.settled(told, wait)

    def _membership(self, kind: str, person: Person, channel: Channel) -> Json:
        return {
            "type": kind,
            "user": person.id,
            "channel": channel.id,
            "channel_type": LETTERS[channel.kind],
            "team": person.team.id,
            "event_ts": self.space.new_ts(),
        }

    def _line(self, person: Person, channel: Channel, subtype: str, words: str) -> list[Delivery]:
        text = f"<@{person.id}> {words}"
        posted = Posted(channel, self.space.new_ts(), person.id, text, subtype=subtype)
        channel.messages.append(posted)
        return self.happen(payloads.said(self.space, posted), channel)

    async def change_user(self, person: Person, *, wait: bool = True, **changes: Any) -> list[Delivery]:
        """Change a person (name=, tz=, tz_offset=, locale=, deleted=) and tell the app by user_change."""
        for name, value in changes.items():
            if not hasattr(person, name):
                raise AttributeError(name)
            setattr(person, name, value)
        person.updated = int(self.space.now()) + 1
        return await self.settled(self._about(person, "user_change"), wait)

    async def deactivate(self, person: Person, *, wait: bool = True) -> list[Delivery]:
        """Deactivate an account: it is no longer in any channel, and the app hears of it."""
        told: list[Delivery] = []
        for channel in self.space.channels.values():
            if channel.kind != "im" and person.id in channel.members:
                told += await self.leave(person, channel, wait=False)
        return await self.settled([*told, *await self.change_user(person, deleted=True, wait=False)], wait)

    async def team_join(self, name: str, tz: str = "Europe/Vienna", *, wait: bool = True) -> Person:
        """Let somebody new come into our team."""
        person = self.space.add_person(name, tz, self.space.team)
        await self.settled(self._about(person, "team_join"), wait)
        return person

    def _about(self, person: Person, kind: str) -> list[Delivery]:
        user = shapes.user(self.space, person) | {"locale": person.locale}
        ts = self.space.new_ts()
        return self.happen({"type": kind, "user": user, "cache_ts": int(float(ts)), "event_ts": ts}, None)

    async def rename(self, channel: Channel, name: str, *, wait: bool = True) -> list[Delivery]:
        """Give a channel another name."""
        channel.name = name
        kind = "group_rename" if channel.private else "channel_rename"
        shape = {"id": channel.id, "name": name, "created": channel.created}
        told = self.happen({"type": kind, "channel": shape, "event_ts": self.space.new_ts()}, channel)
        return await self.settled(told, wait)

    async def archive(self, channel: Channel, by: Person, *, wait: bool = True) -> list[Delivery]:
        """Archive a channel."""
        channel.archived = True
        kind = "group_archive" if channel.private else "channel_archive"
        event = {"type": kind, "channel": channel.id, "user": by.id, "event_ts": self.space.new_ts()}
        return await self.settled(self.happen(event, channel), wait)

    async def share(self, channel: Channel, guest: Person, *, wait: bool = True) -> list[Delivery]:
        """Share a channel with the other team, in the person of one guest."""
        channel.shared = True
        channel.teams = sorted({*channel.teams, guest.team.id})
        event: Json = {
            "type": "channel_shared",
            "connected_team_id": guest.team.id,
            "channel": channel.id,
            "event_ts": self.space.new_ts(),
        }
        told = self.happen(event, channel)
        return await self.settled([*told, *await self.join(guest, channel, wait=False)], wait)
