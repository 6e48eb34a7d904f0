"""News of people's keys: what coordinators are to hear of, kept until they have been told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from bot.adapters.matrix.sealed import SealedStore

KIND = "news"
What = Literal["identity", "unsigned", "own-device", "own-identity"]

_WHOLE = ("identity", "unsigned", "own-identity")
"""What is told whole each time."""


@dataclass(frozen=True)
class News:
    """What a look at somebody's keys brought that others should hear of."""

    user_id: str
    what: What
    mark: str
    """Tells it from other news of the kind: the identity, or the devices."""
    n: int = 0
    """How many devices are not signed."""

    @property
    def name(self) -> str:
        """Give what it is kept under."""
        return f"{self.user_id}/{self.what}/{self.mark}"


class Newsroom:
    """News that nobody has been told of yet: kept, so that no crash loses them."""

    def __init__(self, store: SealedStore) -> None:
        """Take what they are kept in."""
        self._store = store

    def add(self, news: News) -> None:
        """Keep news until somebody has been told, in place of older ones that they contain."""
        with self._store.transaction():
            for old in self.pending():
                if (old.user_id, old.what) == (news.user_id, news.what) and news.what in _WHOLE:
                    self.settle(old)
            self._store.put(KIND, news.name, asdict(news))

    def pending(self) -> list[News]:
        """Give what is still to be told."""
        return [News(**row) for row in self._store.all(KIND).values()]

    def settle(self, news: News) -> None:
        """Forget what was told."""
        self._store.delete(KIND, news.name)
