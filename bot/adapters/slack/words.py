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
        line = f"{shortened(line, most - 3)}…"
    return PlainTextObject(text=isolated(line, line), emoji=False)


def plain_section(words: str) -> dict[str, Any]:
    """Give a section of at most LONGEST_SECTION characters that Slack does not parse."""
    return SectionBlock(text=PlainTextObject(text=words, emoji=False)).to_dict()


def shortened(words: str, most: int) -> str:
    """Cut words to a length as Slack counts it."""
    while size(words) > most:
        words = words[: len(words) - max(1, (size(words) - most) // 2)]
    return words.rstrip()
