"""What the bot makes of what it hears: words, reactions, files and redactions become invocations for the core."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from sqlmodel import col

from bot.adapters.matrix.encryption import Clear
from bot.adapters.matrix.homeserver import Denied, Homeserver, part
from bot.adapters.matrix.invitations import PLATFORM, is_welcome
from bot.adapters.matrix.news import News
from bot.adapters.matrix.own import content_of, said_in
from bot.adapters.matrix.reactions import reaction_command
from bot.adapters.matrix.rooms import Room, Rooms
from bot.adapters.matrix.sealed import SealedStore
from bot.adapters.matrix.wording import Said, read
from bot.clock import Clock
from bot.commands import without_prefix
from bot.dispatch import NO, YES
from bot.fetching import takes_file
from bot.identities import account_at
from bot.invocation import Enclosed, Invocation
from bot.message import Message
from bot.ports import Core
from bot.reachability import (
    came_back,
    device_unsigned,
    identity_changed,
    invited_to_closed_room,
    joined_closed_room,
    left_platform,
    left_room,
    missed_in_chat,
    missed_in_room,
    other_device_on_account,
    own_identity_replaced,
    room_lost,
    room_moved,
)  # fmt: skip
from bot.whence import coalitions_of_account, coalitions_of_room, coalitions_on, room_at
from storage.cipher import active
from storage.tables import Member, Standing
from storage.tables import Room as Served
from storage.work import Store, Work

AGAIN = dt.timedelta(minutes=10)
"""For how long a file waits for the command that is about it."""
JOIN_AGAIN = (0, 1, 4)
"""How long to wait before each try to answer an invitation, in seconds."""
FILES = _FILE, _LATEST = "file", "latest"
"""The kinds of what opens files: by event, and each sender's last one in a room."""
ASKED = "asked"
"""The kind of what tells in which rooms encryption was asked for."""
_log = structlog.get_logger()


class Hearing:
    """Listens to the rooms on the core's behalf."""

    def __init__(
        self,
        server: Homeserver,
        sealed: SealedStore,
        rooms: Rooms,
        store: Store,
        clock: Clock,
        core: Core,
        servers: tuple[str, ...] = (),
    ) -> None:
        """Take the core, and the servers whose people may open a direct chat unasked."""
        self._server, self._sealed, self._rooms, self._store = server, sealed, rooms, store
        self._clock, self._core, self._servers = clock, core, servers

    async def message(self, room: Room, event: Mapping[str, Any], clear: Clear) -> None:
        """Take a message that came encrypted, in clear."""
        if clear.type == "m.room.message":
            said = self._read(room, event, clear.content)
            if said is not None:
                await self._said(room, event, said, vouched=clear.vouched)
        elif clear.type == "m.reaction":
            await self._reacted(room, event, clear.content)

    async def open_message(self, room: Room, event: Mapping[str, Any]) -> None:
        """Take an event that came in clear: reactions and redactions always do, words only where nobody can listen."""
        kind, content = event.get("type"), event.get("content")
        if kind == "m.reaction" and isinstance(content, Mapping):
            await self._reacted(room, event, content)
        elif kind == "m.room.redaction":
            await self._redacted(room, event)
        elif kind == "m.room.message" and not room.encrypted and isinstance(content, Mapping):
            said = self._read(room, event, content)
            if said is not None and self._is_meant(room, said):
                await self._ask_for_encryption(room)

    async def unreadable(self, room: Room, event: Mapping[str, Any]) -> None:
        """Tell a member once for each key that did not come that their message could not be read."""
        content = event.get("content")
        session = str(content.get("session_id", ""))[:64] if isinstance(content, Mapping) else ""
        asked = self._invocation(room, event, Said(""))
        await self._core.receive(replace(asked, event_id=f"{room.room_id}/{session}/unreadable", unreadable=True))

    async def invited(self, room: Room, inviter: str) -> None:
        """Join where a coordinator invites, or somebody to their own direct chat; decline anything else."""
        now = self._clock.now()
        welcome = await is_welcome(self._store, inviter, now, direct=room.direct, servers=self._servers)
        verb = "join" if welcome else "leave"
        for wait in JOIN_AGAIN:
            await asyncio.sleep(wait)
            try:
                await self._server.ask("POST", f"/rooms/{part(room.room_id)}/{verb}", {})
                break
            except Denied as problem:  # a room of another server may not be known here yet
                _log.warning("invitation not answered", code=problem.code)
        if not welcome:
            self._rooms.forget(room.room_id)

    async def came(self, room: Room, users: list[str]) -> None:
        """Report who joined a closed room, and who was invited to it."""
        now, people = self._clock.now(), self._others(users)
        joined = [user for user in people if room.members.get(user) == "join"]
        invited = [user for user in people if user not in joined]
        if joined:
            await self._in_room(room, lambda work, served: joined_closed_room(work, now, served, joined))
            await self._in_room(room, lambda work, _: _are_back(work, joined))
        if invited:
            await self._in_room(room, lambda work, served: invited_to_closed_room(work, now, served, invited))

    async def went(self, room: Room, users: list[str]) -> None:
        """Report who left a closed room, and who is in none that is served any more."""
        now, people = self._clock.now(), self._others(users)
        if people:
            await self._in_room(room, lambda work, served: left_room(work, now, served, people))
            await self._in_room(room, lambda work, _: self._left_all(work, now, people))

    def _left_all(self, work: Work, now: dt.datetime, people: Sequence[str]) -> None:
        """Report the members among these people who are in no room of the coalition's."""
        served = work.rows(Served, col(Served.platform) == PLATFORM)
        rooms = [room for row in served if (room := self._rooms.get(row.address)) is not None]
        for user in people:
            if not any(user in room.here() for room in rooms):
                left_platform(work, now, user, PLATFORM)

    async def gone(self, room: Room) -> None:
        """Tell coordinators that the bot was put out of a room that it serves."""
        await self._in_room(room, lambda work, served: room_lost(work, self._clock.now(), served))

    async def missed(self, room: Room, before: int, mark: str) -> None:
        """Tell that what was said in a room before a moment (in milliseconds) was not heard, once for each mark.

        In a direct chat the person is told, of a served room the coordinators are.
        """
        moment, now = dt.datetime.fromtimestamp(before / 1000, dt.UTC), self._clock.now()
        partner = room.partner(self._rooms.me)
        if partner is None:
            await self._in_room(room, lambda work, served: missed_in_room(work, now, served, moment, mark))
            return

        def tell(work: Work) -> None:
            account = account_at(work, PLATFORM, partner)
            if account is not None and work.row(Member, account.member_id).standing is Standing.ACTIVE:
                missed_in_chat(work, now, account.member_id, PLATFORM, before=moment, mark=mark)

        for coalition_id in await self._store.read(None, lambda work: coalitions_of_account(work, PLATFORM, partner)):
            await self._store.write(coalition_id, tell)
            self._core.wake()

    async def moved(self, room: Room) -> None:
        """Follow a room to the one that took its place, once a coordinator has invited the bot there.

        Anybody in charge of a room, and any server, can name another room as its successor: it must be as protected,
        and hold nobody who was not in the first one. Else `room here` serves it.
        """
        new = self._rooms.get(room.successor)
        if new is None or not new.is_guarded() or not set(new.here()) <= room.members.keys():
            return
        await self._in_room(room, lambda work, _: room_moved(work, PLATFORM, room.room_id, room.successor))
        room.successor = ""
        self._rooms.save(room)

    async def learnt(self, news: News) -> bool:
        """Tell coordinators what was found out of an account's keys, or of the bot's own; False while it is nobody's.

        To be told again is harmless: the core has a key for each report.
        """
        now, own = self._clock.now(), news.user_id == self._rooms.me
        whose = await self._store.read(
            None,
            lambda work: coalitions_on(work, PLATFORM) if own else coalitions_of_account(work, PLATFORM, news.user_id),
        )
        for coalition_id in whose:
            await self._store.write(coalition_id, lambda work: _report(work, now, news))
            self._core.wake()
        return bool(whose)

    async def _said(self, room: Room, event: Mapping[str, Any], said: Said, *, vouched: bool) -> None:
        if said.file is not None:
            self._remember_file(room, event, said)
        if not said.words and said.corrects is None:
            return
        if not self._is_meant(room, said) and not (said.answers and await self._is_own(room, said.answers)):
            return
        invocation = replace(self._invocation(room, event, said), vouched=vouched)
        file = self._meant_file(room, event, said)
        enclosed = (Enclosed(str(file["name"]), json.dumps(file)),) if file is not None else ()
        await self._core.receive(replace(invocation, enclosed=enclosed))

    def _read(self, room: Room, event: Mapping[str, Any], content: Mapping[str, Any]) -> Said | None:
        """Read a message; one that is malformed is skipped, and the next one comes."""
        try:
            return read(content, _names(room), self._rooms.me)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
            _log.warning("event skipped", event_id=str(event.get("event_id", ""))[:64], code=type(problem).__name__)
            return None

    def _is_meant(self, room: Room, said: Said) -> bool:
        """Tell whether words are for the bot: all in a direct chat, else what bears its mark or name, a yes or a no."""
        _, prefixed = without_prefix(said.words)
        answer = said.words.casefold().strip(" .!") in YES + NO
        return self._is_direct(room) or prefixed or said.names_bot or answer

    def _is_direct(self, room: Room) -> bool:
        return room.partner(self._rooms.me) is not None

    def _invocation(self, room: Room, event: Mapping[str, Any], said: Said) -> Invocation:
        sender, direct = str(event["sender"]), self._is_direct(room)
        origin = {"room": room.room_id, "event": str(event["event_id"]), "sender": sender, "room_name": room.name}
        return Invocation(
            event_id=str(event["event_id"]),
            platform=PLATFORM,
            sender=sender,
            sender_name=room.names.get(sender, "") or sender[1:].partition(":")[0],
            words=said.words,
            said_at=dt.datetime.fromtimestamp(event["origin_server_ts"] / 1000, dt.UTC),
            place=None if direct else room.room_id,
            addressed=direct or said.names_bot,
            reply_to=said.answers,
            mentions=said.mentions,
            corrects=said.corrects,
            servable=room.is_guarded(),
            origin=origin | ({"thread": said.thread} if said.thread else {}),
        )

    async def _reacted(self, room: Room, event: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        """Take a reaction for the button that it stands for, on a message of the bot's own."""
        relation = content.get("m.relates_to")
        if not isinstance(relation, Mapping) or relation.get("rel_type") != "m.annotation":
            return
        target, emoji = str(relation.get("event_id", "")), str(relation.get("key", ""))
        message = await self._own_message(target)
        command = reaction_command(message, emoji) if message is not None else None
        if command is not None and not await self._is_own(room, target):
            _not_of_here(event)
        elif command is not None:
            invocation = self._invocation(room, event, Said(command, answers=target))
            # Reactions come in clear, and a server could forge them.
            await self._core.receive(replace(invocation, addressed=True, vouched=False))

    async def _redacted(self, room: Room, event: Mapping[str, Any]) -> None:
        content = event.get("content")
        target = event.get("redacts") or (content.get("redacts") if isinstance(content, Mapping) else None)
        if isinstance(target, str):
            invocation = self._invocation(room, event, Said("", corrects=target))
            await self._core.receive(replace(invocation, addressed=False, vouched=False))

    async def _is_own(self, room: Room, event_id: str) -> bool:
        """Tell whether a message is one of the bot's own, said in this room."""
        return await said_in(self._store, event_id, room, self._rooms.me)

    async def _own_message(self, event_id: str) -> Message | None:
        """Give what the bot said in a message of its own, while that is kept."""
        content = await content_of(self._store, event_id)
        return Message.from_data(content) if content else None

    def _remember_file(self, room: Room, event: Mapping[str, Any], said: Said) -> None:
        here, sender = room.room_id, event["sender"]
        row = {"file": dict(said.file or {}), "at": event["origin_server_ts"], "sender": sender, "room": here}
        self._sealed.put(_FILE, str(event["event_id"]), row)
        self._sealed.put(_LATEST, f"{room.room_id}/{event['sender']}", row)

    def _meant_file(self, room: Room, event: Mapping[str, Any], said: Said) -> Mapping[str, Any] | None:
        """Give the file that `draft add` is about: its own, the one replied to, or the sender's last one here."""
        if not takes_file(said.words):
            return None
        file = said.file
        if file is None and said.answers:
            row = self._sealed.get(_FILE, said.answers)
            if row and row.get("room") != room.room_id:
                _not_of_here(event)
                return None
            file = row["file"] if row else None
        if file is None:
            row = self._sealed.get(_LATEST, f"{room.room_id}/{event['sender']}")
            fresh = row and event["origin_server_ts"] - row["at"] < AGAIN.total_seconds() * 1000
            file = row["file"] if row and fresh else None
        return file

    async def _ask_for_encryption(self, room: Room) -> None:
        """Say once, in the only words that ever go out in clear, that nothing is said here without encryption."""
        if self._sealed.get(ASKED, room.room_id) is not None:
            return
        self._sealed.put(ASKED, room.room_id, True)
        words = "I talk in encrypted rooms only. Please turn on encryption in this room's settings, then say it again."
        body = {"msgtype": "m.notice", "body": words, "m.mentions": {}}
        await self._server.ask("PUT", f"/rooms/{part(room.room_id)}/send/m.room.message/asked", body)

    def _others(self, users: list[str]) -> list[str]:
        return [user for user in users if user != self._rooms.me]

    async def _in_room(self, room: Room, act: Callable[[Work, Served], object]) -> None:
        """Run `act` on the served room, where this is one."""

        def run(work: Work) -> None:
            served = room_at(work, PLATFORM, room.room_id)
            if served is not None:
                act(work, served)

        coalitions = await self._store.read(None, lambda work: coalitions_of_room(work, PLATFORM, room.room_id))
        if coalitions:
            await self._store.write(min(coalitions), run)
            self._core.wake()


def _are_back(work: Work, people: Sequence[str]) -> None:
    for user in people:
        came_back(work, user, PLATFORM)


def _report(work: Work, now: dt.datetime, news: News) -> None:
    mark = active()[0].fingerprint(news.mark)  # keys of notices are not encrypted
    account = account_at(work, PLATFORM, news.user_id)
    # An identity may be taken back and come again another day.
    if news.what == "own-device":
        other_device_on_account(work, now, PLATFORM, mark)
    elif news.what == "own-identity":
        own_identity_replaced(work, now, PLATFORM, f"{mark}/{now:%Y%m%d}")
    elif account is not None and news.what == "identity":
        identity_changed(work, now, account.member_id, f"{mark}/{now:%Y%m%d}")
    elif account is not None:
        device_unsigned(work, now, account.member_id, news.n, mark)


def _not_of_here(event: Mapping[str, Any]) -> None:
    """Log that something reacts or replies to what was said in another room; nobody is answered."""
    _log.warning("refused: of another room", event_id=str(event.get("event_id", ""))[:64])


def _names(room: Room) -> dict[str, str]:
    return {user: room.names[user] for user in room.here() if user in room.names}
