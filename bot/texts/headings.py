"""Where the heading of a provision ends and its text begins."""

import re
from dataclasses import replace

from bot.texts.grammar import Grammar
from bot.texts.lines import Line
from bot.texts.marks import mark_of
from bot.texts.paragraphs import begins_item, begins_low, ends_sentence

_MOST_LINES = 7
_LONGEST = 260  # characters of a heading
_OPENERS = frozenset(
    "each every no all nothing subject if upon chaque tout toute tous cada todo toda todos каждый каждая каждое все"
    " если".split()
)
_MOST_WORDS = 12  # of a heading that is followed by text on its line
_SENTENCE = re.compile(r"[.;,:]$")
_BRACKETED = re.compile(
    r"(?P<title>[\[(（【［][^\[\](（【［)）】］]{2,80}[\])）】］])\s*[.:：–—-]?\s*(?P<text>[\w(].{9,})$"
)
_TITLE = re.compile(r"(?P<title>[^.:;]{2,100}?[\w)\]”»])(?:\.\s?[–—-]\s?|[.:]\s|\s[–—-]\s)(?P<text>.{20,})$")
_TITLE_IN_CHINESE = re.compile(r"(?P<title>[^。；，：\s]{2,30})(?:[。：]|\s)(?P<text>.{10,})$")


def heading_and_body(rest: str, lines: list[Line], grammar: Grammar) -> tuple[str, list[Line]]:
    """The heading, from the label's own line (`rest`) or the lines below it, and the lines of the text.

    A heading has no number of a paragraph before it and no full stop behind it; where a printed one is bold or
    set apart, that decides.
    """
    if rest:
        return _run_in(rest, lines, grammar)
    end = _heading_lines(lines, grammar)
    heading = " ".join(line.text for line in lines[:end])
    if not grammar.spaced:
        heading = "".join(line.text for line in lines[:end])
    body = lines[end:]
    if body:
        body = [replace(body[0], starts=True), *body[1:]]
    return heading, body


def _heading_lines(lines: list[Line], grammar: Grammar) -> int:
    """How many of the lines are heading."""
    if not lines or not _could_head(lines[0], grammar):
        return 0
    end = 1
    while end < min(len(lines), _MOST_LINES) and _continues(lines[end - 1], lines[end], grammar):
        end += 1
    text = " ".join(line.text for line in lines[:end])
    if lines[0].bold and not all(line.bold for line in lines):
        return end
    if len(text) > _LONGEST or _SENTENCE.search(text) or (end == len(lines) and not lines[0].bold):
        return 0
    return end


def _could_head(line: Line, grammar: Grammar) -> bool:
    mark = mark_of(line.text, grammar.language)
    gone = re.match(rf"[\[(]*(?:{grammar.gone})\b", line.text, re.IGNORECASE)
    return not (begins_item(line.text) or gone or (mark and mark.role == "option"))


def _continues(before: Line, line: Line, grammar: Grammar) -> bool:
    if before.bold or line.bold:
        return before.bold and line.bold and not begins_item(line.text)
    if begins_item(line.text) or re.search(r"[.;:]$", before.text):
        return False
    last = re.search(r"(\w+)$", before.text)
    unfinished = bool(last and _leads_on(last.group(1), grammar))
    return line.starts is not True and (begins_low(line.text) or unfinished)


def _leads_on(word: str, grammar: Grammar) -> bool:
    """Whether a heading cannot end with this word: "of"."""
    return word in grammar.function_words


def _opens(word: str, grammar: Grammar) -> bool:
    """Whether a sentence of a provision may well begin with this word: "Each"."""
    return word in grammar.function_words or word in _OPENERS


def _run_in(rest: str, lines: list[Line], grammar: Grammar) -> tuple[str, list[Line]]:
    """A heading on the line of its label; one paragraph may hold heading and text."""
    if title := _title(rest, grammar, open_ended=bool(lines) and lines[0].starts is not True):
        return title[0], [Line(title[1], starts=True), *lines]
    if not ends_sentence(rest) and len(rest) <= _LONGEST and not _is_sentence(rest, lines, grammar):
        end = 0
        while end < len(lines) and _head_goes_on(rest, lines, end):
            end += 1
        return " ".join([rest, *(line.text for line in lines[:end])]), lines[end:]
    # "Objects of a historical nature A prospector shall": the text begins with the next capital after a small letter.
    capitals = re.finditer(r"(\w+)[\])]* (?=([A-ZÀ-ÝА-Я]\w*))", rest[:_LONGEST])
    ends = (
        match
        for match in capitals
        if match.group(1)[-1].islower()
        and not _leads_on(match.group(1).casefold(), grammar)
        and _opens(match.group(2).casefold(), grammar)
    )
    cut = next((match.end() for match in ends), None)
    if cut is None:
        return "", [Line(rest, starts=True), *lines]
    return rest[:cut].strip(), [Line(rest[cut:], starts=True), *lines]


def _is_sentence(rest: str, lines: list[Line], grammar: Grammar) -> bool:
    """Whether a label's line goes on with a sentence that ends on the lines below."""
    goes_on = bool(lines) and lines[0].starts is not True and (begins_low(lines[0].text) or not grammar.spaced)
    return goes_on and _has_verb(rest, grammar)


def _has_verb(text: str, grammar: Grammar) -> bool:
    words = f"{grammar.modals}|{grammar.verbs}"
    return bool(re.search(rf"\b(?:{words})\b" if grammar.spaced else words, text.casefold()))


def _head_goes_on(rest: str, lines: list[Line], at: int) -> bool:
    """Whether a line goes on with the heading that began behind a label: bold like it, or the end of its phrase."""
    line = lines[at]
    if begins_item(line.text):
        return False
    if line.starts is False and line.bold:
        return True
    short = len(rest) + sum(len(one.text) for one in lines[: at + 1]) <= _LONGEST
    return line.starts is None and begins_low(line.text) and not _SENTENCE.search(line.text) and short and at == 0


def _title(rest: str, grammar: Grammar, *, open_ended: bool) -> tuple[str, str] | None:
    """A heading and the text behind it: "Scope. Each State Party shall ...", "[Scope] Each ...", "Scope: 1. ...".

    A heading is short and no sentence; in a script without capitals a blank may be all that ends it. The text ends
    with a sentence, or (`open_ended`) goes on below and is known by its verb.
    """
    match = _BRACKETED.match(rest) or (_TITLE if grammar.spaced else _TITLE_IN_CHINESE).match(rest)
    if match is None:
        return None
    title, text = match["title"], match["text"]
    first = re.match(r"\W*(\w+)", title)
    opens = first is not None and first.group(1).casefold() in _OPENERS
    complete = ends_sentence(text) or (open_ended and (_has_verb(text, grammar) or begins_item(text)))
    if opens or not complete or _has_verb(title, grammar) or len(title.split()) > _MOST_WORDS or begins_low(text):
        return None
    return title, text
