"""What the core asks of a chat and of an alarm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.invocation import Invocation
from bot.message import Message
from bot.plain import Reader
from storage.tables import Label


@dataclass(frozen=True)
class Destination:
    """Where a parcel goes, and for what reader it is rendered."""

    platform: str
    address: str
    """The platform's id of the room or of the account; empty for a person who has no account there any more."""
    name: str
    """What people call it: the room's name, or the member's alias."""
    reader: Reader
    kind: str
    """The kind of notice; adapters notify differently for a countdown and for an alert."""
    due: dt.datetime
    """The moment it leaves at."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """For a reply, what the adapter noted when it was asked."""
    accounts: Mapping[int, str] = field(default_factory=dict)
    """The accounts, on this platform, of the members whom the message mentions, by member id."""
    label: Label = Label.COALITION
    """How sensitive the message is."""
    tried_since: dt.datetime | None = None
    """Since when this parcel may have been tried: it may have appeared already. None: this is its first try."""
    loud: bool = False
    """A coordinator's announcement, for which everybody in the room may be notified."""


class Chat(Protocol):
    """A platform on which messages appear."""

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Make the message appear once, whatever happens, and give the platform's id of it, if there is one.

        `key` is the same each time the same parcel is tried; after the first time `to.tried_since` says since when.
        Raises SendLater for what may pass, SendRefused for what will not.
        """

    async def fetch(self, where: str, most: int, /) -> bytes | None:
        """Fetch a file that came with words, by the adapter's note; None where it is gone or over `most` bytes.

        Raises SendLater for what may pass, SendRefused for what will not.
        """

    async def erase(self, to: Destination, since: dt.datetime, /) -> None:
        """Delete what the bot said in its direct chats with an account since a moment, and what it shows there.

        Safe to repeat; what was not deleted before is deleted then. Raises SendLater for what may pass, SendRefused
        where some of it stays for good.
        """

    async def forget(self, account: str, /) -> None:
        """Let go of an account: leave the direct chats with it, and keep nothing more of it than rooms have.

        Safe to repeat. Raises SendLater for what may pass, SendRefused for what will not.
        """

    async def leave(self, room: str, /) -> None:
        """Leave a room by its id, without a word, and keep nothing of it; one that it is not in any more is left.

        Safe to repeat. Raises SendLater for what may pass, SendRefused for what will not.
        """


class Core(Protocol):
    """What a chat's adapter asks of the core."""

    async def receive(self, invocation: Invocation) -> None:
        """Keep what was said; once this returns, it will not be lost."""

    def wake(self) -> None:
        """Look at once whether something is due: the adapter has changed a fact."""


PACED = "paced"
"""The code of a SendLater by which an adapter keeps its own pace: nothing went wrong."""


class SendLater(Exception):
    """The platform cannot take the message now; the lane is held for `seconds`, or the usual back-off."""

    def __init__(self, code: str, seconds: float | None = None) -> None:
        """Take a short code without content, and the platform's own wish for a pause."""
        super().__init__(code)
        self.code = code
        self.seconds = seconds


class SendRefused(Exception):
    """The platform will never take the message: the account is gone, the room is closed."""

    def __init__(self, code: str) -> None:
        """Take a short code without content."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Remembered:
    """What a server wants to be asked with, to say that nothing is new."""

    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True)
class Fetched:
    """What stood at an address: where it was in the end, its bytes and what the server calls them."""

    url: str
    content: bytes
    kind: str
    remembered: Remembered


class FetchLater(Exception):
    """It cannot be fetched now; the server asks for `seconds`, or says nothing of when."""

    def __init__(self, code: str, seconds: float | None = None) -> None:
        """Take a short code without the address, and the server's own wish for a pause."""
        super().__init__(code)
        self.code, self.seconds = code, seconds


class FetchRefused(Exception):
    """It will not be had: the address is none to fetch from, or there is no such document there."""

    def __init__(self, code: str) -> None:
        """Take a short code without the address."""
        super().__init__(code)
        self.code = code


class Fetcher(Protocol):
    """What fetches documents from the web."""

    async def fetch(self, url: str, allowed: Callable[[str], bool], known: Remembered | None = None) -> Fetched | None:
        """Give what stands at an address, None when it is still what `known` tells. Raises FetchLater, FetchRefused.

        Redirects are followed to the hosts that are `allowed` alone.
        """


class Alarm(Protocol):
    """Something that wakes the outbox."""

    def at(self, moment: dt.datetime | None, wake: Callable[[], None]) -> None:
        """Call `wake` at the moment, or at once when it is past; the last call replaces the one before; None clears."""
