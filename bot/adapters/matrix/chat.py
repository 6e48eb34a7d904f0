"""Matrix as the core's chat: a parcel appears once, encrypted, in its room or in somebody's direct chat."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Changed, Encryption
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked, part
from bot.adapters.matrix.parting import Parting
from bot.adapters.matrix.render import files, render
from bot.adapters.matrix.rooms import ALGORITHM, HERE, Room, Rooms, apply
from bot.message import File, Message
from bot.ports import Destination, SendLater, SendRefused
from storage.tables import NoticeKind

SOON = 1.0
"""How long a lane waits when somebody came while a message was on its way, in seconds."""
UNANSWERED = 5.0
"""How long a lane waits while the server does not answer, in seconds; at the start a message waits so long itself."""
_QUIET = (NoticeKind.COUNTDOWN, NoticeKind.DIGEST)
"""What does not ring: phones are silent for notices by default."""
_ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": ALGORITHM}}
_NOT_FOUND = 404
_log = structlog.get_logger()


class MatrixChat:
    """Sends as the bot's one device."""

    def __init__(
        self,
        server: Homeserver,
        rooms: Rooms,
        devices: Devices,
        encryption: Encryption,
        parting: Parting,
        synced: asyncio.Event,
        sent: Callable[[str], None],
    ) -> None:
        """Take the parts; `synced` is set while syncs are answered, `sent` hears where something was sent."""
        self._server, self._rooms, self._devices, self._encryption = server, rooms, devices, encryption
        self._parting, self._synced, self._sent = parting, synced, sent
        self._starting, self._opening = True, asyncio.Lock()
        self.buttons = True
        """Whether a message says which reactions do what its commands do; off where platforms are compared."""

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Make the message appear once, and give its event id. Raises SendLater or SendRefused."""
        await self._be_in_step()
        with _as_the_port_says():
            room, may = await self._room(to)
            quiet = to.kind in _QUIET
            content = render(message, to.reader, to.accounts, notice=quiet, loud=to.loud, buttons=self.buttons)
            event_id = await self._put(room, content | _relation(to, room), key, may)
            for n, file in enumerate(files(message)):
                await self._file(room, file, f"{key}.{n}", may)
            for place in {room.room_id, str(to.origin.get("room", ""))}:
                self._sent(place)
            return event_id

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        """Redact what was said in the direct chats with an account since a moment."""
        await self._be_in_step()
        with _as_the_port_says():
            await self._parting.erase(to.address, int(since.timestamp() * 1000))

    async def forget(self, account: str) -> None:
        """Leave the direct chats with an account, and keep nothing more of it than the rooms have that it is in."""
        await self._be_in_step()
        with _as_the_port_says():
            await self._parting.forget(account)

    async def leave(self, room: str) -> None:
        """Leave a room without a word, and keep nothing of it."""
        await self._be_in_step()
        with _as_the_port_says():
            await self._parting.leave(room)

    async def fetch(self, where: str, most: int) -> bytes | None:
        """Fetch a file and open it; `where` is where it lies and what opens it, as its sender wrote them."""
        with _as_the_port_says():
            try:
                file = json.loads(where)
                sealed = await self._server.download(str(file["url"]), most)
                if sealed is None:
                    return None
                return bytes(await asyncio.to_thread(decrypt_attachment, sealed, file["key"], file["hash"], file["iv"]))
            except (Limited, Away, Denied):
                raise
            except Exception as problem:  # what its sender wrote does not open it
                raise SendRefused(type(problem).__name__) from None

    async def typing(self, room_id: str, *, on: bool) -> None:
        """Show in a room that an answer is on its way, or no longer; what goes wrong with that is let be."""
        body = {"typing": on} | ({"timeout": 20_000} if on else {})
        try:
            await self._server.ask("PUT", f"/rooms/{part(room_id)}/typing/{part(self._rooms.me)}", body)
        except (Limited, Away, Denied) as problem:
            _log.debug("typing not shown", code=type(problem).__name__)

    async def _be_in_step(self) -> None:
        """Raise SendLater while the server is away; just after the start, wait for the first sync instead."""
        if self._starting:
            self._starting = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._synced.wait(), UNANSWERED)
        if not self._synced.is_set():
            raise SendLater("not-synced", UNANSWERED)

    async def _room(self, to: Destination) -> tuple[Room, Callable[[], bool]]:
        """Give the room that a parcel goes to, and what tells whether it may still have it: asked just before."""
        if to.reader.personal:
            direct = await self._direct(to)
            return direct, lambda: direct.partner(self._rooms.me) == to.address
        room = self._rooms.get(to.address)
        if room is None:
            raise SendRefused("not-in-room")
        if not room.is_guarded():
            raise SendRefused("room-not-guarded")
        return room, room.is_guarded

    async def _direct(self, to: Destination) -> Room:
        """Give the direct chat with a person: where they asked, else the one there is, else a new one.

        One that they left, or put the bot out of, is not opened again.
        """
        user, asked = to.address, self._rooms.get(str(to.origin.get("room", "")))
        if asked is not None and asked.encrypted and asked.partner(self._rooms.me) == user:
            return await self._noted(asked, user)
        room = self._rooms.direct_with(user)
        invited = room is not None and user in room.members
        if not invited and (not user or self._rooms.is_closed(user)):
            raise SendRefused("left")
        room = room or await self._open(user)
        if not invited:
            await self._invite(room, user)
        if room.members.get(user) not in HERE:
            raise SendRefused("left")
        return await self._noted(room, user)

    async def _open(self, user: str) -> Room:
        """Make a room for a person, and keep that before they are invited: an invitation that fails is made anew there.

        A process that ends before it has kept the room leaves one in which nobody is; the next one opened is that one.
        """
        async with self._opening:
            room = self._rooms.spare() or self._rooms.open(str((await self._create())["room_id"]))
            # Known at once: the next sync brings the same.
            apply(room, _ENCRYPTION)
            room.direct, room.meant = True, user
            room.members[self._rooms.me] = "join"
            self._rooms.save(room)
        return room

    async def _create(self) -> Mapping[str, Any]:
        """Make a room that is the bot's: nobody else brings a third person in."""
        levels = {"invite": 50}
        body = {"preset": "private_chat", "initial_state": [_ENCRYPTION], "power_level_content_override": levels}
        return await self._server.ask("POST", "/createRoom", body)

    async def _invite(self, room: Room, user: str) -> None:
        # As a state event: what is there for inviting cannot say that it is a direct chat.
        path = f"/rooms/{part(room.room_id)}/state/m.room.member/{part(user)}"
        await self._server.ask("PUT", path, {"membership": "invite", "is_direct": True})
        room.members.setdefault(user, "invite")
        self._rooms.save(room)

    async def _noted(self, room: Room, user: str) -> Room:
        """Give a direct chat; of one that the bot opened, the account's other clients are told what it is, once.

        Nothing depends on it: where that fails the message goes out all the same.
        """
        if not room.meant or room.noted:
            return room
        try:
            await self._note_direct(user, room.room_id)
        except TokenRevoked:
            raise
        except (Away, Limited) as problem:
            _log.warning("direct chat not noted", code=type(problem).__name__)
            return room  # the next message to it tries again
        except Denied as problem:
            _log.warning("direct chat not noted", code=problem.code)
        room.noted = True
        self._rooms.save(room)
        return room

    async def _note_direct(self, user: str, room_id: str) -> None:
        path = f"/user/{part(self._rooms.me)}/account_data/m.direct"
        try:
            known: Mapping[str, Any] = await self._server.ask("GET", path)
        except Denied as problem:
            if problem.status != _NOT_FOUND:
                raise
            known = {}
        others = known.get(user)
        chats = others if isinstance(others, list) else []
        if room_id not in chats:
            await self._server.ask("PUT", path, {**known, user: [*chats, room_id]})

    async def _put(self, room: Room, content: Mapping[str, Any], key: str, may: Callable[[], bool]) -> str:
        self._devices.watch(room.readers())
        await self._devices.refresh(self._server, room.readers())
        self._encryption.learn(room.readers())
        sealed = await self._encryption.encrypt(self._server, room, "m.room.message", content, may)
        path = f"/rooms/{part(room.room_id)}/send/m.room.encrypted/{part(key)}"
        return str((await self._server.ask("PUT", path, sealed))["event_id"])

    async def _file(self, room: Room, file: File, key: str, may: Callable[[], bool]) -> None:
        content = file.content
        sealed, keys = encrypt_attachment(content)
        address = await self._server.upload(sealed)
        info = {"mimetype": file.kind, "size": len(content)}
        kind = "m.image" if file.kind.startswith("image/") else "m.file"
        body = {"msgtype": kind, "body": file.name, "filename": file.name, "info": info, "m.mentions": {}}
        await self._put(room, body | {"file": {**keys, "url": address}}, key, may)


@contextmanager
def _as_the_port_says() -> Iterator[None]:
    """Turn what the homeserver answered, and a room that changed meanwhile, into what a chat may raise."""
    try:
        yield
    except Changed:
        raise SendLater("room-changed", SOON) from None
    except Limited as problem:
        raise SendLater("limited", problem.seconds) from None
    except Away as problem:
        raise SendLater(str(problem)) from None
    except TokenRevoked:
        raise SendLater("token-revoked") from None
    except Denied as problem:
        raise SendRefused(problem.code) from None


def _relation(to: Destination, room: Room) -> dict[str, Any]:
    """Put an answer into the thread, or under the message, in which it was asked; elsewhere it stands alone."""
    event, thread = to.origin.get("event"), to.origin.get("thread")
    if to.origin.get("room") != room.room_id or not event:
        return {}
    answers = {"m.in_reply_to": {"event_id": event}}
    if not thread:
        return {"m.relates_to": answers}
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": thread, "is_falling_back": True, **answers}}
