"""Blocks as the HTML that the Matrix specification recommends for messages (m.room.message, org.matrix.custom.html)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from bot.harmless import Op, clean, isolated, may_be_followed, redline_lines
from bot.message import (
    Block,
    Bold,
    Code,
    Deleted,
    Heading,
    Inline,
    Inserted,
    Joined,
    Link,
    List,
    Mention,
    Moment,
    Paragraph,
    Phrase,
    Redline,
    Table,
    Text,
    Veiled,
)  # fmt: skip
from bot.phrases import expand
from bot.plain import Reader, moment_words

_DELETED = "<del>{}</del>"
_INSERTED = "<ins><strong>{}</strong></ins>"
"""Bold too: several clients do not know `ins`, and no difference may hang on colour."""
_MARKS = {"delete": _DELETED, "insert": _INSERTED}


def pill(user_id: str) -> str:
    """Give the address that clients show as a mention of the user."""
    return f"https://matrix.to/#/{quote(user_id, safe='@:')}"


@dataclass(frozen=True)
class Markup:
    """Writes HTML for one reader; `accounts` gives the Matrix user ids of members who have one."""

    reader: Reader
    accounts: Mapping[int, str]

    def blocks(self, blocks: Sequence[Block]) -> str:
        """Write headings, paragraphs, lists, tables and redlines; lines that follow each other stay close together."""
        groups: list[list[Block]] = []
        for block in blocks:
            if groups and isinstance(block, Paragraph) and isinstance(groups[-1][-1], Heading | Paragraph):
                groups[-1].append(block)
            else:
                groups.append([block])
        return "".join(self._group(group) for group in groups)

    def inline(self, node: Inline) -> str:
        """Write one inline."""
        match node:
            case Phrase():
                return "".join(self.inline(part) for part in expand(node, self.reader.language))
            case Joined():
                return _words(node.separator).join(self.inline(part) for part in node.parts)
            case Moment():
                return _words(moment_words(node, self.reader))
            case Mention():
                return self._mention(node)
            case Veiled():
                return self.inline(node.instead) if node.instead is not None else ""
            case Link():
                return _link(node)
            case Text() | Bold() | Code() | Inserted() | Deleted():
                return _words(node.text, _LEAVES[type(node)])

    def _group(self, group: Sequence[Block]) -> str:
        match group[0]:
            case List(items):
                return _tag("ul", "".join(_tag("li", self.inline(item)) for item in items))
            case Table(titles, rows):
                head = _tag("thead", self._row("th", titles))
                return _tag("table", head + _tag("tbody", "".join(self._row("td", row) for row in rows)))
            case Redline(title, ops):
                shown = _tag("blockquote", "<br/>".join(_redline_line(line) for line in redline_lines(ops)))
                return _tag("p", _tag("strong", self.inline(title))) + shown
        return _tag("p", "<br/>".join(line for line in map(self._line, group) if line))

    def _line(self, block: Block) -> str:
        match block:
            case Heading(line):
                return _tag("strong", self.inline(line))
            case Paragraph(line):
                return self.inline(line)
        raise TypeError(f"{type(block).__name__} is not a line")

    def _row(self, cell: str, cells: Iterable[Inline]) -> str:
        # An empty cell must stay: those after it would stand under another title.
        return _tag("tr", "".join(f"<{cell}>{self.inline(words)}</{cell}>" for words in cells))

    def _mention(self, node: Mention) -> str:
        user_id = self.accounts.get(node.member_id)
        if user_id is None:
            return _words(f"@{node.alias}")
        name = " ".join(clean(node.alias).split()) or user_id
        return isolated(f'<a href="{escape(pill(user_id))}">{escape(name)}</a>', name)


_LEAVES: dict[type[Inline], str] = {
    Text: "{}",
    Bold: "<strong>{}</strong>",
    Code: "<code>{}</code>",
    Inserted: _INSERTED,
    Deleted: _DELETED,
}


def _tag(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>" if inner else ""


def _words(text: str, mark: str = "{}") -> str:
    return "<br/>".join(isolated(_marked(line, mark), line) for line in clean(text).split("\n"))


def _marked(line: str, mark: str) -> str:
    """Put tags round the words of a line, leaving white space outside."""
    words = line.strip()
    if not words:
        return line
    start = line.index(words)
    return line[:start] + mark.format(escape(words)) + line[start + len(words) :]


def _redline_line(line: Sequence[Op]) -> str:
    """Write one line of a redline; its words are isolated as a whole, or the runs would change places."""
    label = "".join(escape(text) for op, text in line if op == "paragraph")
    runs = [(op, text) for op, text in line if op != "paragraph"]
    written = "".join(_marked(text, _MARKS.get(op, "{}")) for op, text in runs)
    return label + isolated(written, "".join(text for _, text in runs))


def _link(node: Link) -> str:
    url, words = clean(node.url).strip(), clean(node.text).replace("\n", " ").strip()
    if not may_be_followed(url):
        return _words(f"{node.text} ({node.url})" if node.text != node.url else node.url)
    words = words or url
    return isolated(f'<a href="{escape(url)}">{escape(words)}</a>', words)
