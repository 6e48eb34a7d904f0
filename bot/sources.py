"""Watched sources: which there are, which hosts may be fetched from, and what is said of them."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlmodel import col, func, select

from bot.commands import Refusal
from bot.message import Phrase, say
from storage.cipher import active
from storage.tables import AllowedHost, Source
from storage.work import Work

LEAST, USUAL, MOST = dt.timedelta(minutes=5), dt.timedelta(minutes=15), dt.timedelta(days=1)
"""How often a source may be looked at, and how often it is when nobody says."""
MOST_SOURCES = 50
TOO_MANY = "too-many-drafts"
"""The code of a look that found more drafts than the coalition may take in within a day."""
LONGEST_ADDRESS = 2000


def sources(work: Work) -> list[Source]:
    """Give the sources that are watched, in the order in which they were added."""
    return sorted(work.rows(Source, col(Source.active).is_(True)), key=lambda row: row.id)


def source_at(work: Work, address: str) -> Source | None:
    """Give the source that is watched at an address."""
    prints = active()[0].fingerprints(address)
    return work.first(Source, col(Source.active).is_(True), col(Source.fingerprint).in_(prints))


def due(work: Work, now: dt.datetime) -> list[tuple[int, int]]:
    """Give coalition and id of each source, in all coalitions, to be looked at by now, the longest due first."""
    found = select(Source.coalition_id, Source.id).where(col(Source.active).is_(True), Source.next_at <= now)
    return [(coalition_id, row_id) for coalition_id, row_id in work.exec(found.order_by(col(Source.next_at)))]


def soonest(work: Work) -> dt.datetime | None:
    """Give the moment at which a source is to be looked at next."""
    return work.exec(select(func.min(Source.next_at)).where(col(Source.active).is_(True))).first()


def host_of(address: str) -> str:
    """Give the host of an address that can be fetched; raises Refusal for any other."""
    try:
        parts = urlsplit(address)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    else:
        if parts.scheme not in ("http", "https") or parts.username is not None:
            host = None
    if not host or len(address) > LONGEST_ADDRESS:
        raise Refusal(say("Give a whole address, for example `watch https://example.org/draft.pdf every 15m`."))
    return host.casefold()


def allow(work: Work, host: str) -> None:
    """Let a host be fetched from, on a coordinator's word."""
    if not is_allowed(work, host):
        work.put(AllowedHost(coalition_id=work.tenant, fingerprint=active()[0].fingerprint(_host_key(host))))


def allowed_hosts(work: Work) -> Callable[[str], bool]:
    """Give what tells whether a host may be fetched from."""
    known = {row.fingerprint for row in work.rows(AllowedHost)}
    keyring = active()[0]
    return lambda host: not known.isdisjoint(keyring.fingerprints(_host_key(host.casefold())))


def is_allowed(work: Work, host: str) -> bool:
    """Tell whether a coordinator said that a host may be fetched from."""
    return allowed_hosts(work)(host)


def matches(pattern: str, address: str, words: str) -> bool:
    """Tell whether a link is one that a pattern means: a part of its address or of its words; * stands for anything."""
    wanted = f"*{pattern.casefold()}*"
    return any(fnmatch.fnmatchcase(text.casefold(), wanted) for text in (address, words))


def trouble_words(code: str) -> Phrase:
    """Say what a code of a failed fetch means."""
    if code.startswith("http-"):
        return say("it answers with an error ({code})", code=code.removeprefix("http-"))
    return _TROUBLES.get(code, say("it cannot be reached ({code})", code=code))


_TROUBLES = {
    "address-not-public": say("its address is not on the public internet"),
    "leads-elsewhere": say("it leads to another host; `watch` the address there"),
    "leads-to-http": say("it leads to an address without encryption"),
    "too-large": say("it is larger than any draft"),
    "too-many-redirects": say("it leads round in a circle"),
    "timed-out": say("it does not answer in time"),
    "no-document": say("no link there fits the pattern"),
    TOO_MANY: say("it has something new, which waits: too many drafts came in today"),
}


def _host_key(host: str) -> str:
    return f"host/{host}"
