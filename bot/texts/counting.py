"""A count printed in one of the number formats of Word (ECMA-376 part 1, 17.18.59) and of web pages."""

from __future__ import annotations

from collections.abc import Callable

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщэюя"
_ALPHA = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"
_ABJAD = "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"
_DIGITS = "〇一二三四五六七八九"
_UNITS = ((1000, "千"), (100, "百"), (10, "十"))
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_RANKS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth"
).split()
_MOST = 20_000


def counted(value: int, form: str) -> str:
    """A number as a format prints it; in digits where the format is not known."""
    if form == "none":
        return ""
    if 0 < value <= _MOST and (write := _FORMATS.get(form)):
        return write(value)
    return str(value)


def roman(value: int) -> str:
    """A number from 1 on in small Roman numerals."""
    written = ""
    for size, sign in _ROMAN:
        written += sign * (value // size)
        value %= size
    return written


def _letters(alphabet: str) -> Callable[[int], str]:
    """Letters that are doubled after the last one, as Word does: z, aa, bb."""
    return lambda value: alphabet[(value - 1) % len(alphabet)] * ((value - 1) // len(alphabet) + 1)


def _chinese(value: int) -> str:
    if value >= 10_000:
        return str(value)
    written, rest, gap = "", value, False
    for size, sign in _UNITS:
        digit, rest = divmod(rest, size)
        if digit:
            plain_ten = size == 10 and digit == 1 and not written
            written += ("零" if gap else "") + ("" if plain_ten else _DIGITS[digit]) + sign
        gap = bool(written) and not digit and bool(rest)
    return written + ("零" if gap and rest else "") + (_DIGITS[rest] if rest else "")


def _ordinal(value: int) -> str:
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def _word(row: list[str]) -> Callable[[int], str]:
    return lambda value: row[value].capitalize() if value < len(row) else str(value)


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda value: f"{value:02}",
    "lowerRoman": roman,
    "upperRoman": lambda value: roman(value).upper(),
    "lowerLetter": _letters(_LATIN),
    "upperLetter": _letters(_LATIN.upper()),
    "russianLower": _letters(_RUSSIAN),
    "russianUpper": _letters(_RUSSIAN.upper()),
    "arabicAlpha": _letters(_ALPHA),
    "arabicAbjad": _letters(_ABJAD),
    "hindiNumbers": str,
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "japaneseCounting": _chinese,
    "taiwaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
    "ideographDigital": lambda value: "".join(_DIGITS[int(digit)] for digit in str(value)),
    "ordinal": _ordinal,
    "cardinalText": _word(_WORDS),
    "ordinalText": _word(_RANKS),
    "numberInDash": lambda value: f"- {value} -",
    "decimalEnclosedParen": lambda value: f"({value})",
    "decimalEnclosedFullstop": lambda value: f"{value}.",
}
