"""Long drafts in the styles in which treaties are published, in six languages, each with a revision of it.

What a parser should find, and what became of each provision, is known, for it was made so. The same for the same seed.
"""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.benchmarks.tongues import TONGUES, Tongue

PROVISIONS = 45
_PER_DIVISION = 9
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_HAN = "零一二三四五六七八九"


@dataclass(frozen=True)
class Piece:
    """A provision while a draft is made: its number is given by its place. `option` is I or II, or ""."""

    key: int
    heading: str
    paragraphs: tuple[str, ...]
    follows: bool = False
    """Whether it is a "bis" of the one before it."""
    option: str = ""
    bracketed: bool = False


@dataclass(frozen=True)
class Instrument:
    """A draft as it is published, and the labels that it has, the preamble's first."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Revision:
    """Two drafts of one instrument; `successors` says which new label continues an old one, "" that none does."""

    old: Instrument
    new: Instrument
    successors: dict[str, str]

    def right(self, continued: Mapping[str, Collection[str]]) -> int:
        """How many old provisions have the right successor, where a comparison says so of each."""
        return sum(
            successor in continued[label] if successor else not continued[label]
            for label, successor in self.successors.items()
        )


@dataclass(frozen=True)
class Style:
    """How a kind of instrument is laid out."""

    unit: Callable[[Tongue], str]
    division: Callable[[Tongue], str]
    paragraph: str
    suffixes: Callable[[Tongue], tuple[str, ...]] | None = None
    options: bool = False
    recitals: bool = False
    notes: bool = False


STYLES = {
    "statute": Style(lambda tongue: tongue.article, lambda tongue: tongue.part, "{}. "),
    "treaty": Style(lambda tongue: tongue.article, lambda tongue: tongue.chapter, "({}) ", notes=True),
    "directive": Style(
        lambda tongue: tongue.article, lambda tongue: tongue.chapter, "{}. ",
        suffixes=lambda tongue: tongue.inserted, recitals=True,
    ),
    "bracketed": Style(
        lambda tongue: tongue.article, lambda tongue: tongue.part, "{}. ",
        suffixes=lambda tongue: tongue.suffixes, options=True,
    ),
    "rules": Style(lambda tongue: tongue.rule, lambda tongue: tongue.chapter, "{}. "),
}  # fmt: skip


def revise(style: str, language: str, seed: int = 1) -> Revision:
    """Make a draft of one style and its revision: provisions put in, taken out, split, merged, moved and reworded."""
    chance = random.Random(f"{style} {language} {seed}")
    tongue, laid = TONGUES[language], STYLES[style]
    old = [_piece(chance, tongue, laid, key) for key in range(PROVISIONS)]
    if laid.options:
        old = [two for one in old for two in _optional(chance, tongue, one)]
    new, onward = _revised(chance, tongue, laid, old)
    preamble = [tongue.sentence(chance, 25) for _ in range(6)]
    first, old_names = _printed(chance, tongue, laid, old, preamble)
    second, new_names = _printed(chance, tongue, laid, new, preamble)
    goals = {piece.key: name for piece, name in zip(new, new_names, strict=True)}
    successors = {name: goals.get(onward[piece.key], "") for piece, name in zip(old, old_names, strict=True)}
    return Revision(
        Instrument(first, ("PREAMBLE", *old_names)),
        Instrument(second, ("PREAMBLE", *new_names)),
        {"PREAMBLE": "PREAMBLE", **successors},
    )


def _piece(chance: random.Random, tongue: Tongue, laid: Style, key: int) -> Piece:
    paragraphs = tuple(_paragraph(chance, tongue, laid) for _ in range(chance.randint(3, 6)))
    follows = bool(laid.suffixes) and key > 0 and chance.random() < 0.15
    return Piece(key, tongue.title(chance), paragraphs, follows, bracketed=laid.options and chance.random() < 0.3)


def _paragraph(chance: random.Random, tongue: Tongue, laid: Style) -> str:
    text = tongue.sentence(chance, chance.randint(25, 45))
    if chance.random() < 0.4:
        middle = text.find(" ", len(text) // 2) if tongue.spaced else len(text) // 2
        reference = tongue.reference.format(_number(chance.randint(1, PROVISIONS), tongue))
        text = (
            f"{text[:middle]} {reference}{text[middle:]}"
            if tongue.spaced
            else text[:middle] + reference + text[middle:]
        )
    if laid.options and chance.random() < 0.4:
        text = f"[{text[:-1]}]{text[-1]}"
    return text


def _optional(chance: random.Random, tongue: Tongue, piece: Piece) -> Iterator[Piece]:
    """The piece, or two options for it."""
    if chance.random() > 0.08 or piece.follows:
        yield piece
        return
    yield replace(piece, option="I")
    other = tuple(tongue.sentence(chance, 35) for _ in range(3))
    yield replace(piece, key=piece.key + 1000, heading=tongue.title(chance), paragraphs=other, option="II")


def _revised(
    chance: random.Random, tongue: Tongue, laid: Style, old: list[Piece]
) -> tuple[list[Piece], dict[int, int]]:
    """The pieces of the revision, and the key of the one that continues each old one (-1 for none)."""
    onward = {piece.key: piece.key for piece in old}
    new = [
        replace(piece, paragraphs=tuple(tongue.reworded(chance, text) for text in piece.paragraphs))
        if chance.random() < 0.6
        else piece
        for piece in old
    ]
    plain = [piece.key for piece in new if not piece.option and not piece.follows and piece.key > 3]
    chosen = chance.sample(plain, 12)
    gone, moved, split, merged = (chosen[at : at + 3] for at in (0, 3, 6, 9))
    taken = [*gone, *moved, *split, *merged]
    for key in merged:  # into the nearest one before it that nothing else happens to
        goal = max(
            (piece.key for piece in new if piece.key < key and piece.key not in taken and not piece.option), default=0
        )
        onward[key] = goal
    for key in gone:
        onward[key] = -1
    by_key = {piece.key: piece for piece in new}
    result: list[Piece] = []
    for piece in new:
        if piece.key in gone or piece.key in merged or piece.key in moved:
            continue
        added = tuple(text for key in merged if onward[key] == piece.key for text in by_key[key].paragraphs)
        whole = replace(piece, paragraphs=piece.paragraphs + added)
        if whole.key in split:
            half = (len(whole.paragraphs) + 1) // 2 + (len(whole.paragraphs) > 3)
            result.append(replace(whole, paragraphs=whole.paragraphs[:half]))
            rest = whole.paragraphs[half:] or whole.paragraphs[-1:]
            result.append(Piece(whole.key + 2000, tongue.title(chance), rest))
        else:
            result.append(whole)
    for at, key in enumerate(moved):
        result.insert(_seat(result, chance.randrange(2, len(result))), replace(by_key[key], follows=False))
        fresh = replace(_piece(chance, tongue, laid, 3000 + at), follows=False)
        result.insert(_seat(result, chance.randrange(2, len(result))), fresh)
    return result, onward


def _seat(pieces: list[Piece], at: int) -> int:
    """The place from `at` on where a piece parts no options and no "bis" from what it follows."""
    while at < len(pieces) and (pieces[at].option == "II" or pieces[at].follows):
        at += 1
    return at


def _names(tongue: Tongue, laid: Style, pieces: list[Piece]) -> Iterator[tuple[str, str]]:
    """The number of each piece as it is printed, and its label."""
    number = suffix = 0
    for piece in pieces:
        if piece.option == "II":
            pass
        elif piece.follows and laid.suffixes and suffix < 3 and number:
            suffix += 1
        else:
            number, suffix = number + 1, 0
        printed, label = _number(number, tongue), str(number)
        if suffix and laid.suffixes:
            sign, name = laid.suffixes(tongue)[suffix - 1].split("|")
            glued = sign.startswith("-") or len(sign) == 1
            printed, label = f"{printed}{'' if glued else ' '}{sign}", f"{label}{'' if len(sign) == 1 else ' '}{name}"
        yield printed, f"{label} ({_option(tongue, piece, named=True)})" if piece.option else label


def _number(number: int, tongue: Tongue) -> str:
    if tongue.language == "ar":
        return str(number).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    if tongue.language != "zh":
        return str(number)
    tens, ones = divmod(number, 10)
    return ("" if not tens else "十" if tens == 1 else f"{_HAN[tens]}十") + (_HAN[ones] if ones else "")


def _option(tongue: Tongue, piece: Piece, *, named: bool = False) -> str:
    count = len(piece.option)
    printed = {"zh": str(count) if named else _HAN[count], "ar": str(count)}.get(tongue.language, piece.option)
    return tongue.option.format(f" {printed}" if named and tongue.language == "zh" else printed)


@dataclass
class _Sheet:
    """The lines of a draft, with the notes that its page still owes."""

    tongue: Tongue
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def paragraph(self, text: str) -> None:
        """Print a paragraph, wrapped."""
        width = 78 if self.tongue.spaced else 36
        if self.tongue.spaced:
            self.lines += textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        else:
            self.lines += [text[at : at + width] for at in range(0, len(text), width)]

    def noted(self, text: str, note: str) -> str:
        """The paragraph with the call of a note that its page will have at its foot."""
        number = sum("__________" in line for line in self.lines) + 1
        self.notes.append(f"{number} {note}.")
        return f"{text}{number}" if self.tongue.spaced else f"{text[:-1]}({number}){text[-1]}"

    def end_page(self) -> None:
        """Print the notes below a rule, and the page number."""
        if self.notes:
            self.lines += ["", "__________", *self.notes, "\f"]
            self.notes = []


def _printed(
    chance: random.Random, tongue: Tongue, laid: Style, pieces: list[Piece], preamble: list[str]
) -> tuple[str, list[str]]:
    """The text of a draft and the labels of its pieces."""
    sheet = _Sheet(tongue)
    sheet.lines += ["A/CONF.987/L.1", "", tongue.preamble, "", tongue.opening]
    for number, text in enumerate(preamble, 1):
        sheet.paragraph(f"({number}) {tongue.whereas} {text}" if laid.recitals else text)
    sheet.lines += [tongue.enacting, ""]
    names = list(_names(tongue, laid, pieces))
    for at, (piece, (printed, _)) in enumerate(zip(pieces, names, strict=True)):
        if at % _PER_DIVISION == 0 and piece.option != "II":
            word = laid.division(tongue)
            count = at // _PER_DIVISION
            sheet.lines += [
                word.format(_HAN[count + 1] if tongue.language == "zh" else _ROMAN[count]),
                tongue.title(chance),
                "",
            ]
        _print(
            sheet,
            laid,
            piece,
            laid.unit(tongue).format(printed) if tongue.language != "zh" else _han(laid, tongue, printed),
        )
        if laid.notes and at % 4 == 3:
            sheet.end_page()
    sheet.end_page()
    return "\n".join(sheet.lines) + "\n", [label for _, label in names]


def _han(laid: Style, tongue: Tongue, printed: str) -> str:
    """A Chinese label; its "bis" stands behind the word."""
    number, _, suffix = printed.partition(" ")
    return f"{laid.unit(tongue).format(number)}{suffix}"


def _print(sheet: _Sheet, laid: Style, piece: Piece, label: str) -> None:
    if piece.option:
        sheet.lines += [f"{_option(sheet.tongue, piece)}:", ""]
    sheet.lines += [f"[{label}]" if piece.bracketed else label, piece.heading, ""]
    for number, text in enumerate(piece.paragraphs, 1):
        called = laid.notes and number == 1 and not sheet.notes
        printed = f"{laid.paragraph.format(number)}{text}"
        sheet.paragraph(sheet.noted(printed, piece.heading) if called else printed)
    sheet.lines.append("")
