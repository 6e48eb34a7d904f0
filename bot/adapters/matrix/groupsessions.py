"""Inbound Megolm sessions: the keys of other people's messages, read from the store when one is asked for.

nio holds all of them in memory, unpickled at start. A bot in many rooms is given one by each device for each hundred
messages, hundreds of thousands over a negotiation, and hardly ever needs an old one again: reading one takes a fraction
of a millisecond, so only those used last are kept at hand.
"""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from typing import Any

from nio.crypto import InboundGroupSession

from bot.adapters.matrix.sealed import SealedStore, StoreProblem

_KIND, _USED = "inbound", "used"
_AT_HAND = 500

Entry = dict[str, Any]


class GroupSessions:
    """What nio calls its inbound group store (`nio.crypto.GroupSessionStore`), on a sealed store.

    Several devices may hand over a session of one id: the one that made it, and others that it had shared it with.
    Each is kept under its own sender key, so that none takes the place of another's.
    """

    def __init__(self, sealed: SealedStore, owner: tuple[str, str], pickle_key: str) -> None:
        """Take the store, whose sessions these are (user and device id), and the key they are pickled with."""
        self._sealed, self._owner, self._pickle_key = sealed, owner, pickle_key
        self._at_hand: OrderedDict[tuple[str, str, str], InboundGroupSession] = OrderedDict()

    def add(self, session: InboundGroupSession) -> bool:
        """Keep a session on disk; False when as good a one of the same sender is there already.

        Better is what came from the sender itself, and then what reads earlier messages.
        """
        name = self._name(session.room_id, session.id)
        with self._sealed.transaction():
            entries: list[Entry] = self._sealed.get(_KIND, name) or []
            same = [entry for entry in entries if entry["sender_key"] == session.sender_key]
            new = self._entry(session)
            if same and _rank(same[0]) <= _rank(new):
                return False
            # In the order of arrival, so that a later sender never comes before the first.
            kept = [new if entry in same else entry for entry in entries] if same else [*entries, new]
            self._sealed.put(_KIND, name, kept)
        self._hold(session)
        return True

    def get(self, room_id: str, sender_key: str, session_id: str) -> InboundGroupSession | None:
        """Give the session that one sender handed over, or None; raises StoreProblem when it cannot be read."""
        held = self._at_hand.get((room_id, sender_key, session_id))
        if held is not None:
            self._at_hand.move_to_end((room_id, sender_key, session_id))
            return held
        return next((one for one in self.of(room_id, session_id) if one.sender_key == sender_key), None)

    def of(self, room_id: str, session_id: str) -> list[InboundGroupSession]:
        """Give all sessions of an id, whoever handed them over, in the order of arrival."""
        entries: list[Entry] = self._sealed.get(_KIND, self._name(room_id, session_id)) or []
        sessions = [self._session(room_id, entry) for entry in entries]
        for session in sessions:
            self._hold(session)
        return sessions

    def used(self, room_id: str, session_id: str, now: int) -> None:
        """Note that a session opened a message `now`, in milliseconds."""
        self._sealed.put(_USED, self._name(room_id, session_id), now)

    def erase_unused(self, before: int, now: int) -> set[str]:
        """Erase the sessions that opened nothing since `before`, in milliseconds; give the ids of those that stay.

        One that never opened anything, or that an older version kept, counts as used `now`, from now on.
        """
        kept, used = set[str](), self._sealed.all(_USED)
        with self._sealed.transaction():
            for name in self._sealed.all(_KIND):
                at = used.get(name)
                if at is None or at > now:
                    self._sealed.put(_USED, name, now)
                elif at < before:
                    self._sealed.delete(_KIND, name)
                    self._sealed.delete(_USED, name)
                    continue
                kept.add(name)
        for room_id, sender_key, session_id in list(self._at_hand):
            if self._name(room_id, session_id) not in kept:
                del self._at_hand[room_id, sender_key, session_id]
        return {str(json.loads(name)[-1]) for name in kept}

    def forget_room(self, room_id: str) -> None:
        """Erase the keys of a room."""
        for name in self._sealed.all(_KIND):
            if json.loads(name)[-2] == room_id:
                self._sealed.delete(_KIND, name)
                self._sealed.delete(_USED, name)
        for held in [held for held in self._at_hand if held[0] == room_id]:
            del self._at_hand[held]

    def __iter__(self) -> Iterator[InboundGroupSession]:
        for name, entries in self._sealed.all(_KIND).items():
            *owner, room_id, _ = json.loads(name)
            if tuple(owner) == self._owner:
                yield from (self._session(room_id, entry) for entry in entries)

    def __getitem__(self, room_id: str) -> dict[str, dict[str, InboundGroupSession]]:
        found: defaultdict[str, dict[str, InboundGroupSession]] = defaultdict(dict)
        for session in self:
            if session.room_id == room_id:
                found[session.sender_key][session.id] = session
        return found

    def _name(self, room_id: str, session_id: str) -> str:
        return json.dumps([*self._owner, room_id, session_id])

    def _entry(self, session: InboundGroupSession) -> Entry:
        return {
            "sender_key": session.sender_key,
            "ed25519": session.ed25519,
            "chain": session.forwarding_chain,
            "index": session.first_known_index,
            "pickle": session.pickle(self._pickle_key).decode(),
        }

    def _session(self, room_id: str, entry: Entry) -> InboundGroupSession:
        sender_key, signing_key, chain = entry["sender_key"], entry["ed25519"], entry["chain"]
        pickle = entry["pickle"].encode()
        try:
            return InboundGroupSession.from_pickle(pickle, signing_key, sender_key, room_id, self._pickle_key, chain)
        except ValueError:
            raise StoreProblem(
                "what is in the Matrix store was made with another key: use the dragoman.key it was made with"
            ) from None

    def _hold(self, session: InboundGroupSession) -> None:
        self._at_hand[(session.room_id, session.sender_key, session.id)] = session
        while len(self._at_hand) > _AT_HAND:
            self._at_hand.popitem(last=False)


def _rank(entry: Entry) -> tuple[bool, int]:
    return bool(entry["chain"]), entry["index"]
