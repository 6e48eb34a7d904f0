"""The bot's own account as its server shows it: one device, under the identity whose seeds are kept here.

Anything else means that somebody has the account's password, a token, or the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.matrix.crosssigning import Identity
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.login import own_identity, own_keys
from bot.adapters.matrix.news import News, Newsroom
from bot.adapters.matrix.sealed import SealedStore

KIND = "own"
MANY = 5
"""How many devices are told of at most after one look: a server can make up any number."""
_DEVICES, _IDENTITY = "devices", "identity"


class OwnAccount:
    """Looks at the account after each start and whenever something about it changed, and notes each find once."""

    def __init__(self, user_id: str, device_id: str, store: SealedStore, news: Newsroom) -> None:
        """Take whose account it is, its one device, and where finds are noted."""
        self.user_id, self.device_id = user_id, device_id
        self._store, self._news = store, news
        self.due = True
        """It is to be looked at."""

    async def look(self, server: Homeserver) -> None:
        """Look at the account's devices and identity, where that is due. Raises what asking raises."""
        if not self.due:
            return
        self.due = False
        try:
            answer = await own_keys(server, self.user_id)
            listed = await server.ask("GET", "/devices")
        except BaseException:
            self.due = True
            raise
        # A device without keys reads nothing, but speaks; one that the server does not list to us may be shown others.
        others = {*_listed(listed), *_with_keys(answer, self.user_id)} - {self.device_id}
        seeds = self._store.get("identity", "seeds")
        public = own_identity(answer, self.user_id)
        own = public is not None and (seeds is None or public == Identity.from_data(seeds).public(self.user_id))
        self._note(others, "" if own else (public.master if public else "gone"))

    def _note(self, others: set[str], identity: str) -> None:
        """Note what was not there at the last look."""
        with self._store.transaction():
            before = set(self._store.get(KIND, _DEVICES) or ())
            for device in sorted(others - before)[:MANY]:
                self._news.add(News(self.user_id, "own-device", device))
            if identity and identity != self._store.get(KIND, _IDENTITY):
                self._news.add(News(self.user_id, "own-identity", identity))
            self._store.put(KIND, _DEVICES, sorted(others))
            self._store.put(KIND, _IDENTITY, identity)


def _listed(answer: Mapping[str, Any]) -> Iterator[str]:
    devices = answer.get("devices")
    for device in devices if isinstance(devices, list) else ():
        if isinstance(device, dict):
            yield _word(device.get("device_id"))


def _with_keys(answer: Mapping[str, Any], user_id: str) -> Iterator[str]:
    shown = answer.get("device_keys")
    devices = shown.get(user_id) if isinstance(shown, dict) else None
    yield from map(_word, devices if isinstance(devices, dict) else ())


def _word(name: object) -> str:
    """Give a name that can be kept, whatever the server made up."""
    return str(name).encode("utf-8", "replace").decode()
