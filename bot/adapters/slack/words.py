"""Words that Slack does not parse, outside of rich text: labels, titles, sections."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import PlainTextObject, SectionBlock

from bot.adapters.slack.limits import size
from bot.harmless import clean, isolated


def plain_text(words: str, most: int) -> PlainTextObject:
    """Give a text object that Slack does not parse, cut to a length; three dots where there are no words."""
    line = " ".join(clean(words).split()) or "…"
    if size(isolated(line, line)) > most:
        line = f"{_cut(line, most - 3)}…"
    return PlainTextObject(text=isolated(line, line), emoji=False)


def plain_section(words: str) -> dict[str, Any]:
    """Give a section of at most LONGEST_SECTION characters that Slack does not parse."""
    return SectionBlock(text=PlainTextObject(text=words, emoji=False)).to_dict()


def _cut(line: str, most: int) -> str:
    while size(line) > most:
        line = line[: max(len(line) - max(1, (size(line) - most) // 2), 0)]
    return line.rstrip()
