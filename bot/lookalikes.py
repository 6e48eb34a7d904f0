"""Names that look alike: the same letters to the eye, in whatever script they are typed."""

from __future__ import annotations

import unicodedata

# Letters of other scripts, and digits, that pass for Latin ones in the fonts of phones; the most common of the
# Unicode list of confusables (UTS #39).
_LATIN = str.maketrans(
    dict(zip("авгԁеһіјкӏмнопрԛѕтуԝхъь", "abrdehijklmhonpqstywxbb", strict=True))
    | dict(zip("αβεηικνορτυχωμγ", "abenikvoptuxwuy", strict=True))
    | dict(zip("ıłøđ015|", "ilodolsl", strict=True))
)
_STROKES = str.maketrans("i", "l")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton(name: str) -> str:
    """Give what is left of a name when all that the eye may miss is taken off: names that give the same look alike."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(letter for letter in bare.translate(_LATIN) if letter.isalnum())
    for pair, one in _PAIRS:
        letters = letters.replace(pair, one)
    return letters.translate(_STROKES)
