"""The bot's own account as its server shows it: one device, under the identity whose seeds are kept here.

Anything else means that somebody has the account's password, a token, or the server.
"""

from __future__ import annotations

from bot.adapters.matrix.crosssigning import Identity
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.login import device_ids, own_identity, own_keys
from bot.adapters.matrix.news import News, Newsroom
from bot.adapters.matrix.sealed import SealedStore

KIND = "own"
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
            listed = await device_ids(server)
        except BaseException:
            self.due = True
            raise
        shown = answer.get("device_keys")
        with_keys = shown.get(self.user_id) if isinstance(shown, dict) else None
        # A device without keys reads nothing, but speaks; one that the server does not list to us may be shown others.
        others = {*listed, *(with_keys if isinstance(with_keys, dict) else ())} - {self.device_id}
        seeds = self._store.get("identity", "seeds")
        public = own_identity(answer, self.user_id)
        own = public is not None and (seeds is None or public == Identity.from_data(seeds).public(self.user_id))
        self._note(others, "" if own else (public.master if public else "gone"))

    def _note(self, others: set[str], identity: str) -> None:
        """Note what was not there at the last look."""
        with self._store.transaction():
            before = set(self._store.get(KIND, _DEVICES) or ())
            for device in sorted(others - before):
                self._news.add(News(self.user_id, "own-device", device))
            if identity and identity != self._store.get(KIND, _IDENTITY):
                self._news.add(News(self.user_id, "own-identity", identity))
            self._store.put(KIND, _DEVICES, sorted(others))
            self._store.put(KIND, _IDENTITY, identity)
