"""The grammar of arguments: which provisions, which people, until when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.texts.grammar import ARABIC_MARKS, voweled
from bot.texts.labels import read_number, unfolded

KINDS = {
    "article": ("article", "articles", "art", "art.", "arts.", "artículo", "artículos", "articulo", "articulos",
                "статья", "статьи", "статью", "статье", "статей", "المادة", "المواد", "المادتين", "مادة"),
    "rule": ("rule", "rules", "правило", "правила", "regla", "reglas", "règle", "règles", "القاعدة", "规则", "規則"),
    "regulation": ("regulation", "regulations", "reg.", "règlement", "положение", "положения", "norma", "normas"),
    "principle": ("principle", "principles", "principe", "principio", "принцип", "المبدأ", "原则", "原則"),
    "section": ("section", "sections", "sección", "раздел", "القسم"),
    "clause": ("clause", "clauses", "cláusula", "пункт", "البند"),
    "paragraph": ("paragraph", "paragraphs", "para", "paras", "párrafo", "paragraphe", "الفقرة"),
    "guideline": ("guideline", "guidelines", "directriz", "准则"),
    "chapter": ("chapter", "chapters", "ch.", "capítulo", "capitulo", "chapitre", "глава", "الفصل"),
    "part": ("part", "parts", "parte", "partie", "часть", "الباب"),
    "annex": ("annex", "annexes", "anexo", "annexe", "приложение", "المرفق", "附件"),
    "task": ("task", "tasks", "tarea", "tâche", "#"),
}  # fmt: skip
"""What people call a kind of target, in the languages of the UN; singular and plural mean the same."""

PREAMBLE = ("preamble", "preámbulo", "preambulo", "préambule", "преамбула", "الديباجة", "序言")

_WORDS = {word: kind for kind, words in KINDS.items() for word in words}
_HYPHEN = re.compile(r"(?P<first>(?:ante )?\d+)-(?P<last>\d+[^\W\d_]?(?: .*)?)")
_PLAIN = r"\d+[^\W\d_]?(?: [^\W\d_]+)*"
_RUN = re.compile(rf"{_PLAIN}-{_PLAIN}|[IVXLC]+-[IVXLC]+")
_TIME_OR_SHARE = re.compile(r"\d+\s?[hdmwsyjчднмг]|\d+\.\d.*", re.IGNORECASE)
_SEVERAL_ROMAN = re.compile("[ivxlc]{2,}", re.IGNORECASE)
_CLOSED = re.compile(r"\s*(?:$|[,;&@=:)\]-]|[.!?]+\s*$|(?:and|y|et|и|to|by)\b)", re.IGNORECASE)
_TASK = re.compile(r"#?(?P<first>\d{1,6})(?!\d)(?:\s*[-–—]\s*(?P<last>\d{1,6})(?!\d))?")
_TO = re.compile(r"\s*(?:[-–—~～至到]|\b(?:to|through|à|au|a|al|по|до|إلى)\b)\s*", re.IGNORECASE)
_KIND = re.compile(
    rf"\[?(?P<kind>{'|'.join(sorted((voweled(re.escape(word)) for word in _WORDS), key=len, reverse=True))})"
    r"(?=[\s\d#\[第一二三四五六七八九十]|$)\s*",
    re.IGNORECASE,
)
_ROMAN = ("chapter", "part", "annex")
"""Kinds that are counted in Roman numbers: "chapters IV, V" goes on with the kind."""
_BARE = re.compile(r"\d|ante\s|[OP]P[\s-]?\d", re.IGNORECASE)
_PREAMBLE = re.compile(rf"(?:the\s+)?(?:{'|'.join(PREAMBLE)})(?!\w)", re.IGNORECASE)
_DIGITS = re.compile(r"[^\D0-9]")
_SEPARATOR = re.compile(r"\s*(?:[,;&،、和及]|\b(?:and|y|et|и)\b|\bو\s?(?=\d|ال))\s*", re.IGNORECASE)
_QUOTE = re.compile(r"[\"“”„«»\[\]【】]")
_STOPS = " .!?"
_NAME = r"(@[\w.\-’']*\w)"
_PERSON = re.compile(rf"(?<![^\s,;&]){_NAME}(?:[\s,;&]*(?:\b(?:and|y|et|и)\b)?\s*(?=@)|[.,;!?]*(?!\S))?", re.IGNORECASE)
"""A person, with what joins them to the next or ends the sentence."""
_BACKUP = re.compile(rf"(?<![\w@])back-?up\s*:?\s*{_NAME}[.,;!?]*", re.IGNORECASE)
_FILLER = re.compile(r"\s*\b(?:to|for)\s*$", re.IGNORECASE)
_BY = re.compile(r"(?<![\w@])(?:by|until|due)\s+(?=\S)", re.IGNORECASE)


def span(first: str, last: str) -> str:
    """Write the ends of a run: "5-9", "5 bis-7"; "5-1 to 5-3" where a hyphen would be read as part of a number."""
    hyphened = f"{first}-{last}"
    return hyphened if _RUN.fullmatch(hyphened) else f"{first} to {last}" if last else first


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
        return f"{self.kind} {span(self.first, self.last)}"


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


def read_targets(words: str, kind: str = "") -> tuple[tuple[Target, ...], str]:
    """Read targets off the front ("articles 5-9, 12", "chapter IV", "24", "preamble"), and give the words left over.

    `kind` is what the verb itself says that they are: `article X`. A number that is not made of figures is one only
    behind such a word: "article X", "article one".
    """
    targets: list[Target] = []
    rest = unfolded(_DIGITS.sub(lambda digit: str(int(digit[0])), _unquoted(words.strip())))
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
    """Read one target, with its kind and where it ends; `kind` is the one before it, "" where none was named."""
    if preamble := _PREAMBLE.match(words):
        return Target("preamble", "PREAMBLE"), kind, preamble.end()
    named = _KIND.match(words)
    start = named.end() if named else 0
    found = _WORDS[re.sub(ARABIC_MARKS, "", named["kind"].casefold())] if named else kind
    run = _run(words, start, found)
    if run is None or not _ends(words, run[2]) or not _meant(words, (start, run[2]), found, named=bool(named)):
        return None, kind, 0
    return Target(found or "article", *run[:2]), found, run[2]


def _run(words: str, at: int, kind: str) -> tuple[str, str, int] | None:
    """Read a number, or the first and the last of a run, and where that ends."""
    if kind == "task":
        task = _TASK.match(words, at)
        return (str(task["first"]), str(task["last"] or ""), task.end()) if task else None
    first = read_number(words, at)
    if first is None:
        return None
    if joint := _TO.match(words, first[1]):
        named = _KIND.match(words, joint.end())
        last = read_number(words, named.end() if named else joint.end())
        if last and (_BARE.match(last[0]) or kind) and _ends(words, last[1]):
            return first[0], last[0], last[1]
    if ends := _HYPHEN.fullmatch(first[0]):  # "5-9" is a run, unless a provision is called so
        return ends["first"], ends["last"], first[1]
    return first[0], "", first[1]


def _meant(words: str, place: tuple[int, int], kind: str, *, named: bool) -> bool:
    """Tell whether what could be a number was meant as one: "24h" is a time, "article one of us" no article."""
    head = words[slice(*place)]
    if head[0] in "第[(" or kind == "task":
        return True
    if _BARE.match(head):
        return bool(kind) or not _TIME_OR_SHARE.fullmatch(head)
    certain = named and (head.isupper() or _SEVERAL_ROMAN.fullmatch(head))
    return bool(kind) and bool(certain or kind in _ROMAN or _CLOSED.match(words, place[1]))


def _ends(words: str, at: int) -> bool:
    """Tell whether a number ends here: "24h", "2.5" and "12:30" are not article numbers."""
    after = words[at:]
    free = after.startswith(". ") or not after.strip(_STOPS) or _SEPARATOR.match(after)
    return bool(free) or not (after[0].isalnum() or after[0] in ".:/%")


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
