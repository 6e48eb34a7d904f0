"""Parting from somebody: the bot's own messages in their direct chats are taken back, and then nothing of them is kept.

Which messages those are is asked of the server: it also has those whose sending was left open by a crash, and files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import structlog

from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Encryption
from bot.adapters.matrix.hearing import ASKED, FILES
from bot.adapters.matrix.homeserver import Denied, Homeserver, TokenRevoked, part
from bot.adapters.matrix.rooms import HERE, Rooms
from bot.adapters.matrix.sealed import SealedStore

REPORTED = "reported"
"""The kind of what tells who is known to be in a room."""
PAGE = 100
_SAID = ("m.room.encrypted", "m.room.message")
_GONE = (403, 404)
_log = structlog.get_logger()


class Parting:
    """Takes back what was said, and forgets."""

    def __init__(
        self, server: Homeserver, sealed: SealedStore, rooms: Rooms, devices: Devices, encryption: Encryption
    ) -> None:
        """Take where things are kept."""
        self._server, self._sealed, self._rooms = server, sealed, rooms
        self._devices, self._encryption = devices, encryption

    async def erase(self, user: str, since: int) -> None:
        """Redact what the bot said in its direct chats with somebody since a moment, in milliseconds.

        Raises what asking the server raises: Denied only after all else was redacted.
        """
        refused = None
        for room in self._rooms.direct_chats(user):
            for event_id in await self._own(room.room_id, since):
                try:
                    await self._redact(room.room_id, event_id)
                except TokenRevoked:
                    raise
                except Denied as problem:
                    refused = problem
        if refused is not None:
            raise refused
        if self._rooms.lost_direct_chats(user):
            raise Denied(403, "not-in-room", {})

    async def forget(self, user: str) -> None:
        """Leave the direct chats with somebody, and keep no more of them than the rooms have that they are in.

        Raises what asking the server raises.
        """
        for room in self._rooms.direct_chats(user):
            await self._leave(room.room_id)
        await self._forget_list(user)
        for room in [*self._rooms.direct_chats(user), *self._rooms.lost_direct_chats(user)]:
            self._drop(room.room_id)
        with self._sealed.transaction():
            self._rooms.forget_person(user)
            for kind in FILES:
                for name, row in self._sealed.all(kind).items():
                    if row.get("sender") == user:
                        self._sealed.delete(kind, name)
            for news in self._devices.news.pending():
                if news.user_id == user:
                    self._devices.news.settle(news)
        self._forget_devices(user)
        self._sealed.scrub()

    async def leave(self, room_id: str) -> None:
        """Leave a room and keep nothing of it, nor of those who were in no other. Raises what asking the server raises.

        Those whom the bot still has a direct chat with are in that one.
        """
        room = self._rooms.get(room_id)
        await self._leave(room_id)
        here = room.here() if room is not None else []
        self._drop(room_id)
        for user in here:
            self._forget_devices(user)
        self._sealed.scrub()

    def _forget_devices(self, user: str) -> None:
        if user != self._rooms.me and not any(room.members.get(user) in HERE for room in self._rooms):
            self._encryption.forget(user)
            self._devices.forget(user)

    async def _own(self, room_id: str, since: int) -> list[str]:
        """Give the ids of the bot's messages in a room since a moment that were not taken back, newest first."""
        found: list[str] = []
        query = {"dir": "b", "limit": str(PAGE)}
        while True:
            page = await self._server.ask("GET", f"/rooms/{part(room_id)}/messages", query=query)
            chunk = [event for event in page.get("chunk", ()) if isinstance(event, Mapping)]
            fresh = [event for event in chunk if _sent_at(event) >= since]
            found += [str(event["event_id"]) for event in fresh if self._is_own(event)]
            end = page.get("end")
            if len(fresh) < len(chunk) or not chunk or not isinstance(end, str):
                return found
            query["from"] = end

    def _is_own(self, event: Mapping[str, Any]) -> bool:
        said = event.get("type") in _SAID and "state_key" not in event
        return said and event.get("sender") == self._rooms.me and bool(event.get("content"))

    async def _redact(self, room_id: str, event_id: str) -> None:
        once = hashlib.sha256(event_id.encode()).hexdigest()[:32]  # the same each time it is tried
        await self._server.ask("PUT", f"/rooms/{part(room_id)}/redact/{part(event_id)}/erase-{once}", {})

    async def _leave(self, room_id: str) -> None:
        for verb in ("leave", "forget"):
            try:
                await self._server.ask("POST", f"/rooms/{part(room_id)}/{verb}", {})
            except Denied as problem:
                if problem.status not in _GONE:
                    raise
                _log.warning("room not left", code=problem.code)  # it was, before a crash

    async def _forget_list(self, user: str) -> None:
        """Take somebody out of the account's list of direct chats."""
        path = f"/user/{part(self._rooms.me)}/account_data/m.direct"
        try:
            known = await self._server.ask("GET", path)
        except Denied as problem:
            if problem.status not in _GONE:
                raise
            return
        if user in known:
            await self._server.ask("PUT", path, {name: chats for name, chats in known.items() if name != user})

    def _drop(self, room_id: str) -> None:
        with self._sealed.transaction():
            self._rooms.drop(room_id)
            for kind in (REPORTED, ASKED):
                self._sealed.delete(kind, room_id)
            self._encryption.forget_room(room_id)


def _sent_at(event: Mapping[str, Any]) -> int:
    at = event.get("origin_server_ts")
    return at if isinstance(at, int) else 0
