"""How a person's client takes in what happens: syncing when somebody waits, nothing lost and nothing twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.heard import Message, RoomLog, since_invited
from tests.fakes.line import API, Line, room_path
from tests.fakes.megolm import Vault

LONGEST = 5.0
"""Seconds for which the server may hold back one answer; a request that is repeated then takes no longer."""
TIMELINE = 20
"""How many events of a room one sync brings."""
PAGE = 100
PAGES = 10
"""How far back the client reads what a sync left out."""
NOTHING = {"not_types": ["*"]}
FILTER = json.dumps(
    {
        "presence": NOTHING,
        "account_data": NOTHING,
        "room": {"timeline": {"limit": TIMELINE}, "state": NOTHING, "account_data": NOTHING},
    }
)


class Ear:
    """The syncing half of one session. One sync runs at a time, however many wait."""

    def __init__(self, line: Line, vault: Vault, user_id: str) -> None:
        self.line = line
        self.vault = vault
        self.user_id = user_id
        self.invitations: dict[str, list[dict[str, Any]]] = {}
        self._rooms: dict[str, RoomLog] = {}
        self._joined: set[str] = set()
        self._since: str | None = None
        self._syncing = asyncio.Lock()

    def room(self, room_id: str) -> RoomLog:
        """Give what this session saw of a room so far."""
        return self._rooms.setdefault(room_id, RoomLog(self.user_id))

    async def hear(self, room_id: str, count: int = 1, timeout: float = 10) -> list[Message]:
        """Give the next `count` messages of other people in a room, in timeline order; fewer if they do not come.

        A message that cannot be read holds back those after it for a moment; if its key comes later, it is heard then.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        end = now + timeout
        while True:
            seen, room = self._since, self.room(room_id)
            ready, held = room.ready(count, now), room.patience(now)
            if len(ready) == count:
                break
            await self._sync(end - now if held is None else min(held, end - now), seen)
            if now >= end:
                ready = room.ready(count, now)
                break
            now = loop.time()
        for entry in ready:
            entry.taken = True
        return [entry.message for entry in ready if entry.message is not None]

    async def until(self, happened: Callable[[], bool], timeout: float = 10) -> bool:
        """Sync until something holds, and say whether it does."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not happened() and loop.time() < end:
            await self._sync(end - loop.time(), self._since)
        return happened()

    async def sync(self) -> None:
        """Take in what the server has now."""
        await self._sync(0, self._since)

    async def _sync(self, wait: float, seen: str | None) -> None:
        """Sync once, waiting up to `wait` (at most LONGEST) seconds for news; not if another did since `seen`."""
        async with self._syncing:
            if self._since != seen:
                return
            wait = min(max(0.0, wait), LONGEST)
            query = {"filter": FILTER, "timeout": str(round(wait * 1000))}
            if seen is not None:
                query["since"] = seen
            answer = await self.line.ask("GET", f"{API}/sync", query=query, seconds=wait)
            await self._take_in(answer)
            # Not before: what failed half-way comes again.
            self._since = answer["next_batch"]

    async def _take_in(self, answer: Mapping[str, Any]) -> None:
        for event in answer.get("to_device", {}).get("events", []):
            self.vault.take_in(event)
        await self.vault.stock(answer.get("device_one_time_keys_count", {}).get("signed_curve25519", 0))
        rooms = answer.get("rooms", {})
        # First: whoever left and was invited again since the last sync is told both.
        for room_id in rooms.get("leave", {}):
            self.invitations.pop(room_id, None)
            self._joined.discard(room_id)
        for room_id, invitation in rooms.get("invite", {}).items():
            self.invitations[room_id] = invitation.get("invite_state", {}).get("events", [])
        for room_id, news in rooms.get("join", {}).items():
            self.invitations.pop(room_id, None)
            await self._take_in_room(room_id, news)
        await self._read()

    async def _take_in_room(self, room_id: str, news: Mapping[str, Any]) -> None:
        room = self.room(room_id)
        for event in news.get("ephemeral", {}).get("events", []):
            if event["type"] == "m.typing":
                room.typing = set(event["content"].get("user_ids", []))
                room.typed |= room.typing
        timeline = news.get("timeline", {})
        events = list(timeline.get("events", []))
        if self._since is None:
            # What was said before this session began is not for it to hear.
            room.known |= {event["event_id"] for event in events}
        else:
            if timeline.get("limited"):
                events = await self._earlier(room_id, room, timeline["prev_batch"]) + events
            if room_id not in self._joined:
                events = since_invited(events, self.user_id)
            room.note(events, asyncio.get_running_loop().time())
        self._joined.add(room_id)

    async def _earlier(self, room_id: str, room: RoomLog, before: str) -> list[dict[str, Any]]:
        """Read back from a token to what is known or the room's beginning, and give it oldest first."""
        events: list[dict[str, Any]] = []
        for _ in range(PAGES):
            query = {"dir": "b", "limit": str(PAGE), "from": before}
            page = await self.line.ask("GET", f"{room_path(room_id)}/messages", query=query)
            events += page["chunk"]
            if "end" not in page or any(event["event_id"] in room.known for event in page["chunk"]):
                break
            before = page["end"]
        return list(reversed(events))

    async def _read(self) -> None:
        """Try what could not be read so far, with the keys there are now."""
        unread = [(room_id, entry) for room_id, room in self._rooms.items() for entry in room.unread()]
        if not unread:
            return
        senders = {str(entry.raw["sender"]) for _, entry in unread} - {self.user_id}
        directory = await self.vault.look_up(senders) if self.vault.strict else None
        for room_id, entry in unread:
            inside = self.vault.decrypt(room_id, entry.raw, directory)
            if inside is not None:
                self._rooms[room_id].open(entry.event_id, inside)
