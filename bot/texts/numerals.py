"""Numbers as drafts print them: Arabic-Indic digits, Chinese numerals and Arabic ordinals, next to 1 and IV."""

from bot.texts.ordinals import counted_words

_CHINESE = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_HOMOGLYPHS = str.maketrans("ХІСVМ", "XICVM")  # Cyrillic letters that are typed for Roman ones


def number_of(printed: str) -> str:
    """The number in digits where the script has other signs for it, else what was printed."""
    if printed.isdecimal():
        return str(int(printed))
    if printed and all(sign in _CHINESE or sign in _UNITS for sign in printed):
        return str(_chinese(printed))
    return str(counted_words(printed, "ar") or printed)


def value_of(number: str) -> int:
    """What a printed number counts: digits, or Roman numerals; 0 where it is neither."""
    if number.isdecimal():
        return int(number)
    signs = [_ROMAN.get(sign, 0) for sign in number]
    return sum(-one if one < two else one for one, two in zip(signs, [*signs[1:], 0], strict=True)) if all(signs) else 0


def roman(printed: str) -> str:
    """Roman numerals in Latin letters, whichever alphabet's they were typed with."""
    return printed.translate(_HOMOGLYPHS)


def _chinese(printed: str) -> int:
    if not any(sign in _UNITS for sign in printed):
        return int("".join(str(_CHINESE[sign]) for sign in printed))
    total = digit = 0
    for sign in printed:
        if sign in _UNITS:
            total += max(digit, 1) * _UNITS[sign]
            digit = 0
        else:
            digit = _CHINESE[sign]
    return total + digit
