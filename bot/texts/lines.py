"""Lines as they stand in a file, and what of them is page furniture by its wording alone."""

import re
from dataclasses import dataclass

_JOB_NUMBER = r"\d{2}-\d{5}"
_SYMBOL = r"[A-Z][A-Za-z]*(?:/[A-Za-z0-9.]+){2,}"
_FURNITURE = re.compile(
    rf"(?:[-–—]?\s*\d{{1,4}}\s*[-–—]|\d{{1,3}}\s*/\s*\d{{1,3}}|\d{{1,4}}\s+{_JOB_NUMBER}"
    rf"|{_JOB_NUMBER}(?:\s*\([A-Z]\))?(?:\s+\d{{1,4}}|(?:\s*\d{{6}})*)"
    rf"|\*\d{{7}}\*|{_SYMBOL}|[Pp]age \d+(?: of \d+)?|\s)+"
)
_INLINE_FURNITURE = re.compile(rf"\s(?:\d{{1,3}} {_JOB_NUMBER}|{_JOB_NUMBER} \d{{1,3}})(?=\s|$)")
_FOOTNOTE_CALL = re.compile(r"(?<=[a-zà-ÿ”’)][.;,])\d{1,2}(?=\s+[A-ZÀ-Ý])")
_DOT_LEADER = re.compile(r"(?:\.\s?){4,}\s*\d{0,4}\s*$|…{2,}\s*\d{0,4}\s*$")
_LONGEST_LEADER = 400  # characters of a line's end in which a row of dots is looked for
_MARKDOWN_HEADING = re.compile(r"^#{1,6}\s+")
_MARKDOWN_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `starts` says whether a paragraph begins with it, None where only the words can tell."""

    text: str
    bold: bool = False
    starts: bool | None = None


def is_furniture(text: str) -> bool:
    """Whether a line holds nothing but page numbers, job numbers, document symbols, or a table of contents' row."""
    end = text[-_LONGEST_LEADER:]
    dotted = (end.count(".") >= 4 or "……" in end) and _DOT_LEADER.search(end)
    return bool(dotted or _FURNITURE.fullmatch(text))


def lines_of(text: str) -> list[Line]:
    """The lines of a plain text or Markdown file, furniture left out; an empty line sets paragraphs apart."""
    lines: list[Line] = []
    apart = True
    for raw in re.split(r"\r\n|[\n\r\f\v\x85\u2028\u2029]", text):
        shown = " ".join(_UNSEEN.sub("", raw).split())
        shown += "\u00ad" if raw.rstrip().endswith("\u00ad") else ""
        heading = bool(_MARKDOWN_HEADING.match(shown))
        shown = _MARKDOWN_EMPHASIS.sub(r"\2", _MARKDOWN_HEADING.sub("", shown))
        shown = _FOOTNOTE_CALL.sub("", _INLINE_FURNITURE.sub("", " " + shown).strip())
        if not shown:
            apart = True
        elif not is_furniture(shown):
            lines.append(Line(shown, bold=heading, starts=True if apart or heading else None))
            apart = heading
    return lines
