"""The grammar of arguments: which provisions, which people, until when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

KINDS = {
    "article": ("article", "articles", "art", "art.", "arts.", "artículo", "artículos", "articulo", "articulos",
                "статья", "статьи", "المادة", "المواد"),
    "rule": ("rule", "rules", "правило", "правила", "regla", "reglas", "règle", "règles"),
    "regulation": ("regulation", "regulations", "reg.", "règlement"),
    "chapter": ("chapter", "chapters", "ch.", "capítulo", "capitulo", "chapitre", "глава", "الفصل"),
    "part": ("part", "parts", "parte", "partie", "часть", "الباب"),
    "annex": ("annex", "annexes", "anexo", "annexe", "приложение", "المرفق"),
    "task": ("task", "tasks", "tarea", "tâche", "#"),
}  # fmt: skip
"""What people call a kind of target, in the languages of the UN; singular and plural mean the same."""

PREAMBLE = ("preamble", "preámbulo", "preambulo", "préambule", "преамбула", "الديباجة", "序言")
SUFFIXES = ("bis", "ter", "quater", "quinquies", "sexies", "septies", "octies", "ante", "alt")

_WORDS = {word: kind for kind, words in KINDS.items() for word in words}
_NUMBER = rf"(?:ante\s+)?(?:\d{{1,6}}|[IVXLC]{{1,8}})(?:\s*(?:{'|'.join(SUFFIXES)})\b)*(?:\s*\(option\s+\w+\))?"
_ITEM = re.compile(rf"(?P<first>{_NUMBER})(?:\s*(?:[-–—]|\bto\b)\s*(?P<last>{_NUMBER}))?", re.IGNORECASE)
_CHINESE = re.compile(r"第\s*([0-9]{1,6}|[一二三四五六七八九十百零]{1,8})\s*条")
_KIND = re.compile(
    rf"(?P<kind>{'|'.join(sorted((re.escape(word) for word in _WORDS), key=len, reverse=True))})(?=[\s\d#]|$)\s*",
    re.IGNORECASE,
)
_ROMAN = ("chapter", "part", "annex")
"""Kinds that are counted in Roman numbers: "chapters IV, V" goes on with the kind."""
_BARE = re.compile(r"\d|ante\s", re.IGNORECASE)
_PREAMBLE = re.compile(rf"(?:the\s+)?(?:{'|'.join(PREAMBLE)})(?!\w)", re.IGNORECASE)
_DIGITS = re.compile(r"[^\D0-9]")
_SEPARATOR = re.compile(r"\s*(?:,|;|&|\band\b|\by\b|\bet\b|\bи\b)\s*", re.IGNORECASE)
_QUOTE = re.compile(r"[\"“”„«»]")
_STOPS = " .!?"
_NAME = r"(@[\w.\-’']*\w)"
_PERSON = re.compile(rf"(?<![^\s,;&]){_NAME}(?:[\s,;&]*(?:\b(?:and|y|et|и)\b)?\s*(?=@)|[.,;!?]*(?!\S))?", re.IGNORECASE)
"""A person, with what joins them to the next or ends the sentence."""
_BACKUP = re.compile(rf"(?<![\w@])back-?up\s*:?\s*{_NAME}[.,;!?]*", re.IGNORECASE)
_FILLER = re.compile(r"\s*\b(?:to|for)\s*$", re.IGNORECASE)
_BY = re.compile(r"(?<![\w@])(?:by|until|due)\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """One provision, a run of them, a chapter, part or annex, or a task by its number."""

    kind: str
    first: str
    last: str = ""

    def __str__(self) -> str:
        """Write it as people would; reading that gives the same target."""
        if self.kind == "preamble":
            return "preamble"
        return f"{self.kind} {self.first}" + (f"-{self.last}" if self.last else "")


@dataclass(frozen=True)
class Arguments:
    """What stands after a verb like `assign`: targets or free words, people, a backup, a time."""

    targets: tuple[Target, ...] = ()
    words: str = ""
    people: tuple[str, ...] = ()
    backup: str | None = None
    by: str | None = None

    def __str__(self) -> str:
        """Write it as people would; reading that gives the same arguments."""
        parts = [format_targets(self.targets), self.words, *self.people]
        parts += [f"backup {self.backup}"] if self.backup else []
        parts += [f"by {self.by}"] if self.by else []
        return " ".join(part for part in parts if part)


def read_arguments(words: str) -> Arguments:
    """Read targets or free words, people as @name, `backup @name` and `by WHEN`, in any order.

    Words that follow a named target ("article 24 please") are given beside it: the caller says it did not understand.
    """
    rest, by = _take_by(" ".join(words.split()))
    backup = _BACKUP.search(rest)
    if backup:
        rest = rest[: backup.start()] + " " + rest[backup.end() :]
    people = tuple(_PERSON.findall(rest))
    rest = " ".join(_PERSON.sub(" ", rest).split())
    targets, left = read_targets(_FILLER.sub("", rest))
    if left and not _KIND.match(rest):
        targets, left = (), _FILLER.sub("", rest)
    return Arguments(targets, left, people, backup[1] if backup else None, by)


def read_targets(words: str) -> tuple[tuple[Target, ...], str]:
    """Read targets off the front ("articles 5-9, 12", "chapter IV", "24", "preamble"), and give the words left over."""
    targets: list[Target] = []
    rest, kind = _DIGITS.sub(lambda digit: str(int(digit[0])), _unquoted(words.strip())), "article"
    while rest:
        found, kind, length = _one(rest, kind)
        if found is None:
            break
        targets.append(found)
        rest = rest[length:].lstrip()
        separator = _SEPARATOR.match(rest)
        if separator and separator.end() < len(rest):
            after = rest[separator.end() :]
            if _one(after, kind)[0] is None:
                break
            rest = after
        elif not _KIND.match(rest):
            break
    return tuple(targets), "" if targets and not rest.strip(_STOPS) else rest


def _unquoted(words: str) -> str:
    """Take the quotes off targets: people write `take "10"`. Words without a target at their head stay as they are."""
    bare = _QUOTE.sub("", words)
    return bare if bare != words and _one(bare, "article")[0] is not None and _QUOTE.match(words) else words


def format_targets(targets: Sequence[Target]) -> str:
    """Write targets as people would; reading that gives the same targets."""
    return ", ".join(str(target) for target in targets)


def _one(words: str, kind: str) -> tuple[Target | None, str, int]:
    preamble = _PREAMBLE.match(words)
    if preamble:
        return Target("preamble", "PREAMBLE"), kind, preamble.end()
    chinese = _CHINESE.match(words)
    if chinese:
        return Target("article", str(_chinese_number(chinese[1]))), "article", chinese.end()
    named = _KIND.match(words)
    start = named.end() if named else 0
    if named:
        kind = _WORDS[named["kind"].casefold()]
    item = _ITEM.match(words, start)
    if item is None or not _ends(words, item.end()) or not (named or _BARE.match(item["first"]) or kind in _ROMAN):
        return None, kind, 0
    return Target(kind, _label(item["first"]), _label(item["last"] or "")), kind, item.end()


def _ends(words: str, at: int) -> bool:
    """Tell whether a number ends here: "24h", "2.5" and "12:30" are not article numbers."""
    after = words[at:]
    return after.startswith(". ") or not after.strip(_STOPS) or not (after[0].isalnum() or after[0] in ".:/%")


def _label(number: str) -> str:
    spaced = re.sub(r"(?<=\d)(?=[a-z])", " ", number.casefold())
    plain, mark, option = spaced.partition("(")
    words = [word.upper() if re.fullmatch(r"[ivxlc]+", word) else word for word in plain.split()]
    return " ".join([*words, *(mark + option).upper().split()])


def _chinese_number(digits: str) -> int:
    if digits.isdecimal():
        return int(digits)
    total = current = 0
    for digit in digits:
        if digit in "十百":
            total += (current or 1) * {"十": 10, "百": 100}[digit]
            current = 0
        else:
            current = "零一二三四五六七八九".index(digit)
    return total + current


def _take_by(words: str) -> tuple[str, str | None]:
    """Split at the last `by`, so that "comment by the chair by fri" is due on Friday."""
    marks = list(_BY.finditer(words))
    if not marks:
        return words, None
    last = marks[-1]
    when = words[last.end() :]
    found = [mark.start() for mark in (_BACKUP.search(when), _PERSON.search(when)) if mark]
    if found:
        return words[: last.start()] + " " + when[min(found) :], when[: min(found)].strip() or None
    return words[: last.start()].strip(), when.strip()
