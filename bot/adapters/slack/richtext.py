"""Inlines as the elements of Slack's rich text.

Why rich text and not mrkdwn: mrkdwn has no escape for `*`, `_`, `~`, backticks, `:smile:` and bare addresses, and the
joiners that people put in to break them change what is copied; marks inside of a word, as a redline has them, do not
work in it at all, nor do they in a script without spaces. In rich text a mention, a link or a date is an element of
its own, and a text element is never parsed: `<!channel>`, `<@U0>` and `*this*` show as typed. Nothing we send is
mrkdwn; the `text` of a message, which notifications show and screen readers speak, is plain text, escaped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import RichTextElement, RichTextElementParts

from bot.harmless import Op, clean, isolated, may_be_followed
from bot.message import (
    Bold,
    Code,
    Deleted,
    Inline,
    Inserted,
    Joined,
    Link,
    Mention,
    Moment,
    Phrase,
    Text,
    Veiled,
)  # fmt: skip
from bot.phrases import expand, translate
from bot.plain import Reader, clock_words, moment_words, zone_name

Style = dict[str, bool]

LONGEST_ADDRESS = 3_000
"""Characters of a link's address, as in other elements that have one."""

_DELETED: Style = {"strike": True}
_INSERTED: Style = {"bold": True}
_STYLES: dict[type[Inline], Style] = {
    Bold: {"bold": True},
    Code: {"code": True},
    Inserted: _INSERTED,
    Deleted: _DELETED,
}
_MARKS = {"delete": _DELETED, "insert": _INSERTED}
_SEEN = ("strike", "code")
_UTC = ZoneInfo("UTC")
_OWN = "{date_short_pretty} {time}"
"""What Slack fills in with the day and the time as the reader's own device shows them."""


def escape(text: str) -> str:
    """Write words for the `text` of a message: Slack wants these three escaped and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class RichText:
    """Writes rich text for one reader; `accounts` gives the Slack user ids of members who have one."""

    reader: Reader
    accounts: Mapping[int, str]

    def inline(self, node: Inline, base: Mapping[str, bool] | None = None) -> list[RichTextElement]:
        """Write one inline, with a style that all of it has."""
        return merged(self._inline(node, dict(base or {})))

    def bold(self, node: Inline) -> list[RichTextElement]:
        """Write one inline in bold."""
        return self.inline(node, {"bold": True})

    def _inline(self, node: Inline, base: Style) -> Iterator[RichTextElement]:
        match node:
            case Phrase():
                for part in expand(node, self.reader.language):
                    yield from self._inline(part, base)
            case Joined():
                for position, part in enumerate(node.parts):
                    yield from _words(node.separator, base) if position else ()
                    yield from self._inline(part, base)
            case Moment():
                yield self._moment(node, base)
            case Mention():
                yield from self._mention(node, base)
            case Veiled() if node.instead is not None:
                yield from self._inline(node.instead, base)
            case Link():
                yield from _link(node, base)
            case Text() | Bold() | Code() | Inserted() | Deleted():
                yield from _words(node.text, base | _STYLES.get(type(node), {}))

    def _mention(self, node: Mention, base: Style) -> Iterator[RichTextElement]:
        user_id = self.accounts.get(node.member_id)
        if user_id:
            yield RichTextElementParts.User(user_id=user_id, style=base or None)
        else:
            yield from _words(f"@{node.alias}", base | {"bold": True})

    def _moment(self, node: Moment, base: Style) -> RichTextElement:
        words = moment_words(node, self.reader)
        if node.shape == "day":
            return RichTextElementParts.Text(text=words, style=base or None)
        return RichTextElementParts.Date(
            timestamp=int(node.at.timestamp()), format=date_format(node, self.reader), fallback=words,
            style=base or None,
        )  # fmt: skip


def date_format(moment: Moment, reader: Reader) -> str:
    """Give the format in which Slack shows an instant: the reader's own time, beside the venue's and, in rooms, UTC.

    Everybody in a room sees their own time in it, which no words of ours could say.
    """
    language = reader.language
    venue = ZoneInfo(moment.venue) if moment.venue else reader.zone
    own = f"{_OWN} {translate('your time', language)}"
    if reader.personal:
        there = clock_words(moment.at, venue, _beside(moment.at, venue, reader.zone), language)
        return own if venue.key == reader.zone.key else f"{own} ({there} {zone_name(venue.key)})"
    there = f"{clock_words(moment.at, venue, moment.shape, language)} {zone_name(venue.key)}"
    if venue.key == "UTC":
        return f"{there} ({own})"
    utc = clock_words(moment.at, _UTC, _beside(moment.at, _UTC, venue), language)
    return f"{there} ({utc} UTC; {own})"


def merged(elements: Iterable[RichTextElement]) -> list[RichTextElement]:
    """Put texts that follow each other in one style into one element."""
    found: list[RichTextElement] = []
    for element in elements:
        before = found[-1] if found else None
        match before, element:
            case RichTextElementParts.Text(), RichTextElementParts.Text() if before.style == element.style:
                found[-1] = RichTextElementParts.Text(text=before.text + element.text, style=element.style)
            case _:
                found.append(element)
    return found


def run(op: str, text: str) -> list[RichTextElement]:
    """Write one run of a redline: what is gone struck through, what is new in bold."""
    return _elements(text, _MARKS.get(op, {}))


def redline(line: Sequence[Op]) -> list[RichTextElement]:
    """Write one line of a redline; its words are isolated as a whole, or the runs would change places."""
    words = "".join(text for op, text in line if op != "paragraph")
    before, after = isolated("\n", words).split("\n")
    runs = [part for op, text in line if op != "paragraph" for part in run(op, text)]
    label = [part for op, text in line if op == "paragraph" for part in _elements(text, {})]
    return merged([*label, *_elements(before, {}), *runs, *_elements(after, {})])


def _beside(at: dt.datetime, zone: ZoneInfo, beside: ZoneInfo) -> str:
    return "time" if at.astimezone(zone).date() == at.astimezone(beside).date() else "moment"


def _words(text: str, style: Style) -> list[RichTextElement]:
    return _elements("\n".join(isolated(line, line) for line in clean(text).split("\n")), style)


def _elements(text: str, style: Mapping[str, bool]) -> list[RichTextElement]:
    """Write words in a style; white space at the ends stays outside of one in which it would be seen."""
    words = text.strip() if style.keys() & _SEEN else text
    if not words:
        return [RichTextElementParts.Text(text=text)] if text else []
    start = text.index(words)
    end = start + len(words)
    parts = ((text[:start], None), (words, dict(style) or None), (text[end:], None))
    return [RichTextElementParts.Text(text=part, style=own) for part, own in parts if part]


def _link(node: Link, base: Style) -> list[RichTextElement]:
    url, words = clean(node.url).strip(), " ".join(clean(node.text).split())
    if not may_be_followed(url) or len(url) > LONGEST_ADDRESS:
        return _words(f"{node.text} ({node.url})" if node.text != node.url else node.url, base)
    return [RichTextElementParts.Link(url=url, text=isolated(words, words) or None, style=base or None)]
