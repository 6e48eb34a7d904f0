"""What negotiators paste: Markdown, as far as drafts use it, made plain text in one of its readings."""

from __future__ import annotations

import re

from bot.texts.markup import Marked
from bot.texts.normal import words
from bot.texts.paragraphs import begins_item, ends_sentence

_GONE = re.compile(
    r"~~(?=\S)((?:(?!~~|\n[ \t]{0,99}\n).){1,4000})~~"
    r"|<(?P<tag>del|s|strike)>((?:(?!<(?:del|s|strike)>|</(?:del|s|strike)>|\n[ \t]{0,99}\n).){0,4000})</(?P=tag)>",
    re.I | re.S,
)
_COME = re.compile(r"<(?P<tag>ins|u)>((?:(?!</?(?:ins|u)>|\n[ \t]{0,99}\n).){0,4000})</(?P=tag)>", re.I | re.S)
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^\n]{1,4000}?)(?<=\S)\1")
_MARKDOWN = re.compile(r"^#{1,6}\s+\S|\*\*\S[^\n*]{0,4000}\*\*|~~\S|^\[\^\w+\]:", re.M)
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,400})(?<=\S)\*(?![\w*])")
_UNDERLINED_HEADING = re.compile(r"^([^\n]{1,200})\n(?:={3,}|-{3,})[ \t]*$", re.M)
_RULE = re.compile(r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$", re.M)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\((?:https?:|/|#|mailto:|\.)[^()\s]{0,500}\)")
_NOTE = re.compile(r"^\[\^\w{1,20}\]:.*(?:\n[ \t]+\S.*)*", re.M)
_CALL = re.compile(r"\[\^\w{1,20}\]")
_COMMENT = re.compile(r"<!--(?:(?!<!--|-->).){0,20000}-->", re.S)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!~>|-])")
_QUOTED = re.compile(r"^>[ \t]?", re.M)
_BULLET = re.compile(r"^([ \t]*)[*+-][ \t]+(?=\S)", re.M)
_SAMPLE = 400_000


def plain(text: str, which: str) -> tuple[str, Marked]:
    """A text in one reading ("new" or "old") without the signs of Markdown, and how many words it marks.

    Where nothing says that it is Markdown, only struck-out and inserted words are looked for. Bold words are new where
    others are struck out.
    """
    is_markdown = bool(_MARKDOWN.search(text[:_SAMPLE]))
    if is_markdown:
        text = _without_furniture(text)
    struck = bool(_GONE.search(text))
    text, marked = _marked(text, which, bold=struck)
    if is_markdown:
        text = _ESCAPED.sub(r"\1", _ITALIC.sub(r"\1", text))
    return text, marked


def _without_furniture(text: str) -> str:
    text = _CALL.sub("", _NOTE.sub("", _COMMENT.sub("", text)))
    text = _LINK.sub(r"\1", _QUOTED.sub("", text))
    return _BULLET.sub(r"\1• ", _RULE.sub("", _UNDERLINED_HEADING.sub(r"# \1\n", text)))


def _marked(text: str, which: str, *, bold: bool) -> tuple[str, Marked]:
    counts = {"come": 0, "gone": 0}

    def shown(state: str, inner: str) -> str:
        counts[state] += len(words(inner))
        return inner if (state == "come") == (which == "new") else ""

    def strong(match: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, match.start()) + 1 : (text.find("\n", match.end()) + 1 or len(text) + 1) - 1]
        alone = line.strip(" \t#") == match.group()
        inner = match.group(2)
        if alone and not (ends_sentence(inner) or begins_item(inner)):
            return match.group()
        return shown("come", inner)

    text = _GONE.sub(lambda match: shown("gone", match.group(1) or match.group(3) or ""), text)
    text = _COME.sub(lambda match: shown("come", match.group(2)), text)
    if bold:
        text = _BOLD.sub(strong, text)
    return text, Marked(counts["come"], counts["gone"])
