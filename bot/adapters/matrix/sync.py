"""The sync: what happened on the homeserver, taken in order, each event before the mark that it was seen moves past it.

The mark (the sync token) is kept only after everything before it is in the inbox or set aside: a crash in between
takes the same events in again, which the inbox drops. One malformed event is skipped, never the others with it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import structlog

from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import CURVE, Clear, Encryption, NoKey, UnknownDevice
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked, part
from bot.adapters.matrix.news import News
from bot.adapters.matrix.own import OwnAccount
from bot.adapters.matrix.rooms import Room, Rooms, apply
from bot.adapters.matrix.sealed import SealedStore, StoreProblem
from storage.trouble import DatabaseProblem

POLL = 30.0
"""How long the server may hold a sync that has nothing to say, in seconds."""
SOON = 3.0
"""How long it may while somebody's message waits for its key."""
PATIENCE = 5_000
"""After how many milliseconds the author of a message whose key did not come is told."""
KEPT = 24 * 3_600_000
"""How long a message waits for its key, in milliseconds."""
EARLIER = 600_000
"""How many milliseconds before the login still count: the clocks of bot and server may differ."""
GAP = 500
"""How many events of a gap are fetched at most."""
_PAGE = 100
_TIMELINE = 50
FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "ephemeral": {"types": []},
            "account_data": {"types": []},
            "timeline": {"limit": _TIMELINE},
            "state": {"lazy_load_members": False},
        },
    }
)
TELL_AGAIN = 60_000
"""After how many milliseconds it is asked again whether somebody is to be told of a stranger's keys."""
_WAITING, _INVITED, _REPORTED = "waiting", "invited", "reported"
INVITED_TRIES = 12
"""How often an invitation is answered whose server is away: for some hours."""
_NOT_THE_EVENTS = (Away, Limited, TokenRevoked, StoreProblem, DatabaseProblem)
"""What goes wrong with the server or the disk, not with what is heard: that is heard again."""
_log = structlog.get_logger()


class Hearer(Protocol):
    """What the sync tells of what happened."""

    async def message(self, room: Room, event: Mapping[str, Any], clear: Clear) -> None:
        """Take a message that came encrypted, in clear."""

    async def open_message(self, room: Room, event: Mapping[str, Any]) -> None:
        """Take an event that came in clear."""

    async def unreadable(self, room: Room, event: Mapping[str, Any]) -> None:
        """Tell the author of a message that its key has not come."""

    async def invited(self, room: Room, inviter: str) -> None:
        """Answer an invitation."""

    async def came(self, room: Room, users: list[str]) -> None:
        """Hear that people joined a room."""

    async def gone(self, room: Room) -> None:
        """Hear that the bot is no longer in a room."""

    async def moved(self, room: Room) -> None:
        """Hear that a room was replaced by another."""

    async def learnt(self, news: News) -> bool:
        """Hear that somebody's keys changed; False while there is nobody to tell, and it is to be heard again."""


class Sync:
    """The one reader of the account's events."""

    def __init__(
        self,
        server: Homeserver,
        store: SealedStore,
        rooms: Rooms,
        devices: Devices,
        encryption: Encryption,
        hearer: Hearer,
        since: int,
    ) -> None:
        """Take the parts; what was said before `since` (milliseconds since 1970) is not for this bot."""
        self._server, self._store, self._rooms = server, store, rooms
        self._devices, self._encryption, self._hearer = devices, encryption, hearer
        self._own = OwnAccount(rooms.me, encryption.device_id, store, devices.news)
        self._since = since - EARLIER
        self._not_before: dict[str, int] = {}
        """When news that nobody is concerned with yet are looked at again, by name."""

    async def once(self, now: int, longest: float = POLL) -> None:
        """Take what happened since the last time, waiting for it up to `longest` seconds; `now` is in milliseconds.

        Raises what asking the homeserver raises; then the mark has not moved.
        """
        token = self._store.get("sync", "token")
        waiting = self._store.all(_WAITING)
        soon = any(not row["told"] for row in waiting.values()) or bool(self._store.all(_INVITED))
        poll = min(longest, SOON) if soon else longest
        query = {"filter": FILTER, "timeout": str(int(poll * 1000))} | ({"since": token} if token else {})
        answer = await self._server.ask("GET", "/sync", query=query, seconds=poll + 60)
        mark = answer.get("next_batch")
        if not isinstance(mark, str):
            raise Away("no-mark")
        await self.take(answer, first=token is None)
        self._store.put("sync", "token", mark)
        await self._answer_invitations(now)
        try:
            await self._look_after(answer)
        except TokenRevoked:
            raise
        except (Away, Denied, Limited) as problem:  # keys that cannot be had must not keep the bot from hearing
            _log.warning("keys not looked after", code=type(problem).__name__)
        self._devices.ripen(now)
        await self._tell(now)
        await self._retry(now)

    async def take(self, answer: Mapping[str, Any], *, first: bool) -> None:
        """Take one answer of the server's: keys, invitations, rooms."""
        with self._store.transaction():
            for event in _events(answer.get("to_device")):
                self._encryption.take_to_device(event)
        changed = self._changed(answer)
        self._devices.dirty |= changed
        self._own.due = self._own.due or self._rooms.me in changed
        rooms = _mapping(answer.get("rooms"))
        for room_id in _mapping(rooms.get("leave")):
            await self._left(room_id)  # first: who was put out and invited again is under both
        for room_id, content in _mapping(rooms.get("join")).items():
            await self._joined(room_id, _mapping(content), first=first)
        for room_id, content in _mapping(rooms.get("invite")).items():
            await self._invited(room_id, _mapping(content))

    def _changed(self, answer: Mapping[str, Any]) -> set[str]:
        lists = _mapping(answer.get("device_lists"))
        changed = lists.get("changed")
        return {user for user in changed if isinstance(user, str)} if isinstance(changed, list) else set()

    async def _joined(self, room_id: str, content: Mapping[str, Any], *, first: bool) -> None:
        room = self._rooms.open(room_id)
        was_in = self._rooms.get(room_id) is not None
        before = self._reported(room, was_in=was_in)
        for event in _events(content.get("state")):
            apply(room, event)
        timeline = _mapping(content.get("timeline"))
        if timeline.get("limited") is True and not first and was_in:
            for event in await self._gap(room_id, timeline):
                await self._event(room, event)
        events = list(_events(timeline))
        came_at = 0 if was_in else _own_join(events, self._rooms.me)
        for event in events[:came_at]:
            apply(room, event)  # what was said before the bot came is not for it
        for event in events[came_at:]:
            await self._event(room, event)
        room.members.setdefault(self._rooms.me, "join")
        if room.encrypted:
            self._devices.watch(room.here())
        joined = set(room.joined())
        if before is not None and (came := sorted(joined - before)):
            await _guarded({}, self._hearer.came(room, came))
        if joined != before:
            self._store.put(_REPORTED, room_id, {"joined": sorted(joined)})
        self._rooms.save(room)
        for old in self._rooms.followed(room):
            await _guarded({}, self._hearer.moved(old))

    def _reported(self, room: Room, *, was_in: bool) -> set[str] | None:
        """Give who is known to be in a room, as far as it was told: None of it before the bot came.

        Kept apart from the room, whose members may be known, and saved, before they are told of.
        """
        kept = self._store.get(_REPORTED, room.room_id)
        if kept is None:
            kept = {"joined": sorted(room.joined()) if was_in else None}
            self._store.put(_REPORTED, room.room_id, kept)
        return None if kept["joined"] is None else set(kept["joined"])

    async def _event(self, room: Room, event: Mapping[str, Any]) -> None:
        """Take one event of a timeline; whatever is wrong with it, the next one comes."""
        if "state_key" in event:
            apply(room, event)
            return
        sent_at, sender, event_id = event.get("origin_server_ts"), event.get("sender"), event.get("event_id")
        if not isinstance(sent_at, int) or not isinstance(sender, str) or not isinstance(event_id, str):
            return
        if sender == self._rooms.me or sent_at < self._since:
            return
        if event.get("type") != "m.room.encrypted":
            await _guarded(event, self._hearer.open_message(room, event))
            return
        try:
            clear = self._encryption.decrypt(room.room_id, event)
        except (NoKey, UnknownDevice):
            await _guarded(event, self._set_aside(room, event))
            return
        except StoreProblem:
            raise
        except Exception as problem:  # a forged or malformed event must not keep the others from being heard
            _skipped(event, problem)
            return
        await _guarded(event, self._hearer.message(room, event, clear))

    async def _set_aside(self, room: Room, event: Mapping[str, Any]) -> None:
        row = {"room": room.room_id, "event": dict(event), "told": False}
        self._store.put(_WAITING, str(event["event_id"]), row)
        self._devices.dirty.add(str(event["sender"]))

    async def _retry(self, now: int) -> None:
        """Try the messages set aside again, and tell once whose key did not come."""
        for event_id, row in sorted(self._store.all(_WAITING).items(), key=lambda pair: _sent_at(pair[1])):
            room, event = self._rooms.get(row["room"]), row["event"]
            if room is None or now - _sent_at(row) > KEPT:
                self._store.delete(_WAITING, event_id)
                continue
            try:
                clear = self._encryption.decrypt(room.room_id, event)
            except (NoKey, UnknownDevice):
                if not row["told"] and now - _sent_at(row) > PATIENCE:
                    await _guarded(event, self._hearer.unreadable(room, event))
                    self._store.put(_WAITING, event_id, row | {"told": True})
                continue
            except StoreProblem:
                raise
            except Exception as problem:  # set aside before it could be looked into
                _skipped(event, problem)
            else:
                await _guarded(event, self._hearer.message(room, event, clear))
            self._store.delete(_WAITING, event_id)

    async def _gap(self, room_id: str, timeline: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Fetch what a limited timeline left out, oldest first, up to a bound."""
        start, stop = timeline.get("prev_batch"), self._store.get("sync", "token")
        found: list[Mapping[str, Any]] = []
        while isinstance(start, str) and len(found) < GAP:
            query = {"dir": "b", "from": start, "to": str(stop), "limit": str(_PAGE)}
            try:
                page = await self._server.ask("GET", f"/rooms/{part(room_id)}/messages", query=query)
            except Denied as problem:
                _log.warning("gap not filled", code=problem.code)
                break
            chunk = [event for event in page.get("chunk", ()) if isinstance(event, Mapping)]
            found += chunk
            start = page.get("end") if chunk else None
        if len(found) >= GAP:
            _log.warning("gap too long", events=len(found))
        return found[::-1]

    async def _invited(self, room_id: str, content: Mapping[str, Any]) -> None:
        room = self._rooms.open(room_id)
        inviter = ""
        for event in _events(content.get("invite_state")):
            apply(room, event)
            if event.get("type") == "m.room.member" and event.get("state_key") == self._rooms.me:
                inviter = str(event.get("sender", ""))
        if room.members.get(self._rooms.me) == "invite":
            self._rooms.save(room)
            self._store.put(_INVITED, room_id, {"inviter": inviter, "tries": 0, "not_before": 0})

    async def _answer_invitations(self, now: int) -> None:
        """Answer the invitations that wait; the server of a room may be away for long, and nobody else waits for it."""
        for room_id, row in self._store.all(_INVITED).items():
            tries = row["tries"] + 1
            try:
                if row["not_before"] <= now:
                    await _guarded({}, self._hearer.invited(self._rooms.open(room_id), row["inviter"]))
                    self._store.delete(_INVITED, room_id)
            except (Away, Limited):
                pause = 1000 * 2**tries
                self._store.put(_INVITED, room_id, row | {"tries": tries, "not_before": now + pause})
                if tries == INVITED_TRIES:
                    self._store.delete(_INVITED, room_id)

    async def _left(self, room_id: str) -> None:
        room = self._rooms.get(room_id)
        if room is None:
            self._rooms.forget(room_id)
            return
        await self._hearer.gone(room)  # first: once it is kept that the bot left, nobody would be told
        if (partner := room.partner(self._rooms.me)) is not None and room.members.get(partner) == "join":
            self._rooms.close_direct(partner)
        room.members[self._rooms.me] = "leave"
        self._rooms.save(room)

    async def _look_after(self, answer: Mapping[str, Any]) -> None:
        """Do what the account's keys need: a stock on the server, a look at changed devices, new beginnings."""
        counts, unused = answer.get("device_one_time_keys_count"), answer.get("device_unused_fallback_key_types")
        if isinstance(counts, Mapping):
            count = counts.get(CURVE, 0)  # none is 0, not unknown
            fallback = isinstance(unused, list) and CURVE not in unused
            await self._encryption.stock(self._server, count if isinstance(count, int) else 0, fallback=fallback)
        await self._devices.refresh(self._server, self._rooms.watched() | self._waited_for())
        self._encryption.learn(self._devices.known())
        await self._encryption.unwedge(self._server)
        await self._own.look(self._server)

    async def _tell(self, now: int) -> None:
        """Let the hearer know what was found out of keys, until it was told: a stranger may become a member."""
        for news in self._devices.pending():
            if self._not_before.get(news.name, 0) > now:
                continue
            if await self._hearer.learnt(news):
                self._devices.news.settle(news)
            else:
                self._not_before[news.name] = now + TELL_AGAIN

    def _waited_for(self) -> set[str]:
        return {str(row["event"].get("sender", "")) for row in self._store.all(_WAITING).values()}


async def _guarded(event: Mapping[str, Any], hearing: Awaitable[None]) -> None:
    """Hear something; what is wrong with it must not keep the others from being heard, now and at each new start."""
    try:
        await hearing
    except _NOT_THE_EVENTS:
        raise
    except Exception as problem:
        _skipped(event, problem)


def _own_join(events: Sequence[Mapping[str, Any]], me: str) -> int:
    """Give where in a timeline the bot came in; 0 where it does not say."""
    own = [n for n, event in enumerate(events) if event.get("type") == "m.room.member" and event.get("state_key") == me]
    return own[-1] if own else 0


def _skipped(event: Mapping[str, Any], problem: BaseException) -> None:
    _log.warning("event skipped", event_id=str(event.get("event_id", ""))[:64], code=type(problem).__name__)


def _sent_at(row: Mapping[str, Any]) -> int:
    return int(row["event"]["origin_server_ts"])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _events(section: Any) -> Iterator[Mapping[str, Any]]:
    """Give a section's events, those that are any."""
    events = _mapping(section).get("events")
    return (event for event in events if isinstance(event, Mapping)) if isinstance(events, list) else iter(())
