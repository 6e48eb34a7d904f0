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
from bot.adapters.matrix.gap import left_out
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked
from bot.adapters.matrix.news import News
from bot.adapters.matrix.ownaccount import OwnAccount
from bot.adapters.matrix.rooms import Room, Rooms, apply
from bot.adapters.matrix.sealed import SealedStore, StoreProblem
from bot.adapters.matrix.waiting import PATIENCE, Waiting
from bot.clock import Clock
from storage.trouble import DatabaseProblem

POLL = 30.0
"""How long the server may hold a sync that has nothing to say, in seconds."""
SOON = 3.0
"""How long it may while somebody's message waits for its key."""
EARLIER = 600_000
"""How many milliseconds before the login still count: the clocks of bot and server may differ."""
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
_INVITED, _REPORTED = "invited", "reported"
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
        """Hear that people joined a room, or were invited to it."""

    async def went(self, room: Room, users: list[str]) -> None:
        """Hear that people left a room."""

    async def gone(self, room: Room) -> None:
        """Hear that the bot is no longer in a room."""

    async def missed(self, room: Room, before: int, mark: str) -> None:
        """Hear that what was said before a moment (in milliseconds) cannot be had; `mark` is the same each time."""

    async def moved(self, room: Room) -> None:
        """Hear that a room was replaced by another."""

    async def learnt(self, news: News) -> bool:
        """Hear that somebody's keys changed; False while there is nobody to tell, and it is to be heard again."""


class Sync:
    """The one reader of the account's events."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is one part
        self,
        server: Homeserver,
        store: SealedStore,
        rooms: Rooms,
        devices: Devices,
        encryption: Encryption,
        hearer: Hearer,
        clock: Clock,
        since: int,
    ) -> None:
        """Take the parts; what was said before `since` (milliseconds since 1970) is not for this bot."""
        self._server, self._store, self._rooms = server, store, rooms
        self._devices, self._encryption, self._hearer = devices, encryption, hearer
        self._own = OwnAccount(rooms.me, encryption.device_id, store, devices.news)
        self._clock, self._since = clock, since - EARLIER
        self._waiting = Waiting(store)
        self._coming: set[str] = set()
        """The rooms that the bot came into in a sync that is not through: the same one may be taken again."""
        self._taken: set[str] = set()
        """The state events taken by this process."""
        self._not_before: dict[str, int] = {}
        """When news that nobody is concerned with yet are looked at again, by name."""

    async def once(self, longest: float = POLL) -> None:
        """Take what happened since the last time, waiting for it up to `longest` seconds.

        Raises what asking the homeserver raises; then the mark has not moved.
        """
        token = self._store.get("sync", "token")
        soon = self._waiting.is_fresh() or bool(self._store.all(_INVITED))
        poll = min(longest, SOON) if soon else longest
        query = {"filter": FILTER, "timeout": str(int(poll * 1000))} | ({"since": token} if token else {})
        answer = await self._server.ask("GET", "/sync", query=query, seconds=poll + 60)
        mark = answer.get("next_batch")
        if not isinstance(mark, str):
            raise Away("no-mark")
        await self.take(answer, first=token is None)
        self._store.put("sync", "token", mark)
        await self._answer_invitations()
        try:
            await self._look_after(answer)
        except TokenRevoked:
            raise
        except (Away, Denied, Limited) as problem:  # keys that cannot be had must not keep the bot from hearing
            _log.warning("keys not looked after", code=type(problem).__name__)
        self._devices.ripen(self._now())
        await self._tell()
        await self._retry()

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
        was_in = self._rooms.get(room_id) is not None and room_id not in self._coming
        room = self._rooms.enter(room_id)
        self._coming |= set() if was_in else {room_id}
        before = self._reported(room, was_in=was_in)
        for event in _events(content.get("state")):
            # What was taken before is old: where a message crossed a membership, a server tells how it was before that.
            if not was_in or str(event.get("event_id")) not in self._taken:
                self._apply(room, event)
        timeline = _mapping(content.get("timeline"))
        if timeline.get("limited") is True and not first and was_in:
            await self._fill(room, timeline)
        events = list(_events(timeline))
        for event in events if was_in else self._since_here(room, events):
            await self._event(room, event)
        if room.encrypted:
            self._devices.watch(room.here())
        here = set(room.here())
        if before is not None and before != here:
            await _guarded({}, self._hearer.came(room, sorted(here - before)))
            await _guarded({}, self._hearer.went(room, sorted(before - here)))
        if here != before:
            self._store.put(_REPORTED, room_id, {"here": sorted(here)})
        self._rooms.save(room)
        self._coming.discard(room_id)
        for old in self._rooms.followed(room):
            await _guarded({}, self._hearer.moved(old))

    def _reported(self, room: Room, *, was_in: bool) -> set[str] | None:
        """Give who is known to be in a room, as far as it was told: None of it before the bot came.

        Kept apart from the room, whose members may be known, and saved, before they are told of.
        """
        kept = self._store.get(_REPORTED, room.room_id)
        if kept is None:
            kept = {"here": sorted(room.here()) if was_in else None}
            self._store.put(_REPORTED, room.room_id, kept)
        return None if kept["here"] is None else set(kept["here"])

    def _since_here(self, room: Room, events: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Give what is to be heard of a room that the bot has come into.

        What was said in a room before it came is not for it; in a direct chat all is since it was invited.
        """
        invited_at, came_at = _own_way_in(events, self._rooms.me)
        for event in events[:came_at]:
            self._apply(room, event)
        partner = room.partner(self._rooms.me)
        if partner is None:
            return events[came_at:]
        self._rooms.reopen_direct(partner)
        return events[invited_at:]

    def _apply(self, room: Room, event: Mapping[str, Any]) -> None:
        apply(room, event)
        # The server counts it among the rooms that the bot is in, whatever an event says that came before.
        room.members[self._rooms.me] = "join"
        if isinstance(event_id := event.get("event_id"), str):
            self._taken.add(event_id)

    async def _event(self, room: Room, event: Mapping[str, Any]) -> None:
        """Take one event of a timeline; whatever is wrong with it, the next one comes."""
        if "state_key" in event:
            self._apply(room, event)
            return
        sent_at, sender, event_id = event.get("origin_server_ts"), event.get("sender"), event.get("event_id")
        if not isinstance(sent_at, int) or not isinstance(sender, str) or not isinstance(event_id, str):
            return
        if sender == self._rooms.me or sent_at < self._since:
            return
        # When it was said is its server's word: what claims to be later than now would never be too old.
        event = {**event, "origin_server_ts": min(sent_at, self._now())}
        if event.get("type") != "m.room.encrypted":
            await _guarded(event, self._hearer.open_message(room, event))
            return
        try:
            clear = self._opened(room, event)
        except (NoKey, UnknownDevice):
            await _guarded(event, self._set_aside(room, event))
            return
        except StoreProblem:
            raise
        except Exception as problem:  # a forged or malformed event must not keep the others from being heard
            _skipped(event, problem)
            return
        await _guarded(event, self._hearer.message(room, event, clear))

    def _opened(self, room: Room, event: Mapping[str, Any]) -> Clear:
        """Decrypt an event, and note that its key was needed; raises what Encryption.decrypt() raises."""
        with self._store.transaction():
            clear = self._encryption.decrypt(room.room_id, event)
            self._encryption.sessions.used(room.room_id, str(event["content"]["session_id"]), self._now())
        return clear

    async def _set_aside(self, room: Room, event: Mapping[str, Any]) -> None:
        self._waiting.add(room.room_id, event, self._now())
        self._devices.dirty.add(str(event["sender"]))

    async def _retry(self) -> None:
        """Try the messages set aside again, and tell once whose key did not come."""
        now = self._now()
        for event_id, row in self._waiting.rows(now):
            room, event = self._rooms.get(row["room"]), row["event"]
            if room is None:
                self._waiting.drop(event_id)
                continue
            try:
                clear = self._opened(room, event)
            except (NoKey, UnknownDevice):
                if not row["told"] and now - row["at"] > PATIENCE:
                    await _guarded(event, self._hearer.unreadable(room, event))
                    self._waiting.told(event_id)
                continue
            except StoreProblem:
                raise
            except Exception as problem:  # set aside before it could be looked into
                _skipped(event, problem)
            else:
                await _guarded(event, self._hearer.message(room, event, clear))
            self._waiting.drop(event_id)

    async def _fill(self, room: Room, timeline: Mapping[str, Any]) -> None:
        """Take what a limited timeline left out; of what is out of reach, say so."""
        mark = str(self._store.get("sync", "token"))
        events, whole = await left_out(self._server, room.room_id, timeline.get("prev_batch"), mark)
        for event in events:
            await self._event(room, event)
        if not whole:
            first = [event.get("origin_server_ts") for event in (*events, *_events(timeline))][:1]
            now = self._now()
            before = min([now, *(at for at in first if isinstance(at, int) and at > 0)])
            await _guarded({}, self._hearer.missed(room, before, mark))

    async def _invited(self, room_id: str, content: Mapping[str, Any]) -> None:
        inviter = self._rooms.invited(room_id, _events(content.get("invite_state")))
        if inviter is not None:
            self._store.put(_INVITED, room_id, {"inviter": inviter, "tries": 0, "not_before": 0})

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    async def _answer_invitations(self) -> None:
        """Answer the invitations that wait; the server of a room may be away for long, and nobody else waits for it."""
        now = self._now()
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
        if not self._rooms.has(room):
            return  # the bot left it because it forgot whom it was with
        if (partner := room.partner(self._rooms.me)) is not None and room.members.get(partner) == "join":
            self._rooms.close_direct(partner)
        room.members[self._rooms.me] = "leave"
        self._rooms.save(room)

    async def _look_after(self, answer: Mapping[str, Any]) -> None:
        """Do what the account's keys need: a stock on the server, a look at changed devices, new beginnings."""
        counts, unused = answer.get("device_one_time_keys_count"), answer.get("device_unused_fallback_key_types")
        if isinstance(counts, Mapping):
            count = counts.get(CURVE)  # none is 0, not unknown; nor is what cannot be a count
            count = max(0, count) if isinstance(count, int) else 0
            fallback = isinstance(unused, list) and CURVE not in unused
            await self._encryption.stock(self._server, count, fallback=fallback)
        await self._devices.refresh(self._server, self._rooms.watched() | self._waiting.senders())
        self._encryption.learn(self._devices.known())
        await self._encryption.unwedge(self._server)
        await self._own.look(self._server)

    async def _tell(self) -> None:
        """Let the hearer know what was found out of keys, until it was told: a stranger may become a member."""
        now = self._now()
        for news in self._devices.pending():
            if self._not_before.get(news.name, 0) > now:
                continue
            if await self._hearer.learnt(news):
                self._devices.news.settle(news)
            else:
                self._not_before[news.name] = now + TELL_AGAIN


async def _guarded(event: Mapping[str, Any], hearing: Awaitable[None]) -> None:
    """Hear something; what is wrong with it must not keep the others from being heard, now and at each new start."""
    try:
        await hearing
    except _NOT_THE_EVENTS:
        raise
    except Exception as problem:
        _skipped(event, problem)


def _own_way_in(events: Sequence[Mapping[str, Any]], me: str) -> tuple[int, int]:
    """Give where in a timeline the bot was invited, and where it came in; 0 where it does not say."""
    own = [
        (n, _mapping(event.get("content")).get("membership"))
        for n, event in enumerate(events)
        if event.get("type") == "m.room.member" and event.get("state_key") == me
    ]
    invited = max((n for n, membership in own if membership == "invite"), default=0)
    return invited, min((n for n, membership in own if membership == "join" and n >= invited), default=0)


def _skipped(event: Mapping[str, Any], problem: BaseException) -> None:
    _log.warning("event skipped", event_id=str(event.get("event_id", ""))[:64], code=type(problem).__name__)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _events(section: Any) -> Iterator[Mapping[str, Any]]:
    """Give a section's events, those that are any."""
    events = _mapping(section).get("events")
    return (event for event in events if isinstance(event, Mapping)) if isinstance(events, list) else iter(())
