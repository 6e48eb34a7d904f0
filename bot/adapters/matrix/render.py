"""A message tree as the content of a Matrix `m.room.message` event."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.matrix.folding import divide, fold, parted, parts
from bot.adapters.matrix.markup import Markup
from bot.adapters.matrix.reactions import hint_lines, next_steps
from bot.harmless import clean
from bot.hints import lines_of
from bot.message import Actions, Block, Code, File, Inline, Joined, Mention, Message, Paragraph, Phrase, say
from bot.phrases import expand
from bot.plain import Reader, plain

MOST_CONTENT = 40_000
"""Bytes of a content as JSON: a server takes 65,536 for an event, and encryption makes four out of three."""
MOST_BODY = 20_000
MOST_MENTIONS = 10_000
MOST_TAIL = 2_000

_HTML = {"format": "org.matrix.custom.html", "formatted_body": ""}
_CUT = Paragraph(
    say(
        "There is more than fits into one message. Ask for a part of it, for example {one} or {other}.",
        one=Code("diff 24"),
        other=Code("article 24"),
    )
)


def render(
    message: Message,
    reader: Reader,
    accounts: Mapping[int, str],
    *,
    notice: bool,
    loud: bool = False,
    buttons: bool = True,
) -> dict[str, Any]:
    """Give the content of an `m.room.message` event for a reader; as JSON at most MOST_CONTENT bytes.

    `accounts` has the Matrix user ids of members who have one: only they are mentioned. `notice` makes it silent under
    the default push rules, `loud` notifies the whole room. With `buttons`, reactions that do what a command does are
    explained. `body` is the whole message as plain text; a long `formatted_body` is folded. What fits nowhere is cut
    at a line and says so; `format` and `formatted_body` are absent where HTML would show far less than the body.
    Files do not travel in it: they are named, and `files` gives them.
    """
    blocks, tail = _worded(message, reader, buttons=buttons)
    content: dict[str, Any] = {
        "msgtype": "m.notice" if notice else "m.text",
        "body": _body(blocks, tail, reader),
        "m.mentions": _mentions(message, reader, accounts, loud=loud),
    }
    markup = Markup(reader, accounts)
    html = _html(blocks, tail, markup, MOST_CONTENT - _size(content | _HTML), len(content["body"]))
    if html:
        content |= _HTML | {"formatted_body": html}
    return content


def files(message: Message) -> list[File]:
    """Give the files that go with a message."""
    return [block for block in message.blocks if isinstance(block, File)]


def _worded(message: Message, reader: Reader, *, buttons: bool) -> tuple[list[Block], list[Block]]:
    """Give the blocks with actions and files in words, and the next steps at the end, which are never folded or cut."""
    end = len(message.blocks)
    while end and isinstance(message.blocks[end - 1], Actions):
        end -= 1
    worded = [_in_words(message, block, buttons=buttons) for block in message.blocks]
    blocks, tail = worded[:end], [*worded[end:], *(hint_lines(message) if buttons else ())]
    if _size(plain(Message(tuple(tail)), reader)) > MOST_TAIL:
        return [*blocks, *tail], []
    return blocks, tail


def _in_words(message: Message, block: Block, *, buttons: bool) -> Block:
    match block:
        case Actions():
            return next_steps(message, block, reactions=buttons)
        case File(name):
            return Paragraph(say("File: {name}", name=name))
        case _:
            return block


def _body(blocks: Sequence[Block], tail: Sequence[Block], reader: Reader) -> str:
    whole = clean(plain(Message((*blocks, *tail)), reader))
    if _size(whole) <= MOST_BODY:
        return whole if whole.strip() else "…"
    end = clean(plain(Message((_CUT, *tail)), reader))
    begun = _longest(clean(plain(Message(tuple(blocks)), reader)), MOST_BODY - _size(end) - len("\\n"))
    return f"{begun}\n{end}"


def _longest(text: str, most: int) -> str:
    """Give the longest beginning that is at most so many bytes as JSON, up to a line's end, else a word's."""
    fits = bisect_left(range(len(text) + 1), True, key=lambda length: _size(text[:length]) > most) - 1
    begun = text[:fits]
    border = max(begun.rfind("\n"), 0)
    if border < fits // 2:
        border = max(begun.rfind(" "), 0)
    return begun[:border] if border >= fits // 2 else begun


def _html(blocks: Sequence[Block], tail: Sequence[Block], markup: Markup, most: int, body: int) -> str | None:
    """Write the HTML in so many bytes of JSON; None when that shows less than half of a body so long."""
    able = list(parted(blocks))

    def written(at: int) -> str:
        kept, rest = divide(able, at)
        return fold(kept, [_CUT, *tail] if rest else tail, markup)

    total = parts(able)
    if _size(html := written(total)) <= most:
        return html
    fits = bisect_left(range(total), True, key=lambda at: _size(written(at)) > most) - 1
    if fits < 1 or 2 * len(plain(Message(tuple(divide(able, fits)[0])), markup.reader)) < body:
        return None
    return written(fits)


def _mentions(message: Message, reader: Reader, accounts: Mapping[int, str], *, loud: bool) -> dict[str, Any]:
    """Give `m.mentions`: each user once, in order of appearance, as many as fit; the room only when loud."""
    mentioned = (member for block in message.blocks for line in lines_of(block) for member in _members(line, reader))
    found: list[str] = []
    for user_id in dict.fromkeys(accounts[member] for member in mentioned if member in accounts):
        if _size([*found, user_id]) <= MOST_MENTIONS:
            found.append(user_id)
    return ({"user_ids": found} if found else {}) | ({"room": True} if loud else {})


def _members(inline: Inline, reader: Reader) -> Iterator[int]:
    match inline:
        case Mention(member_id):
            yield member_id
        case Joined(parts):
            for part in parts:
                yield from _members(part, reader)
        case Phrase():
            for part in expand(inline, reader.language):
                yield from _members(part, reader)


def _size(value: Any) -> int:
    """Give the bytes of a value as JSON, as nio writes it: all that is not ASCII takes six or twelve."""
    return len(json.dumps(value, separators=(",", ":")))
