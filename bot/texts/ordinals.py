"""Numbers in words, as labels have them: "Article Twenty-first", "Artículo décimo tercero", "المادة الحادية عشرة"."""

import re
from functools import cache

_ENGLISH = (
    "one/first two/second three/third four/fourth five/fifth six/sixth seven/seventh eight/eighth nine/ninth"
    " ten/tenth eleven/eleventh twelve/twelfth thirteen/thirteenth fourteen/fourteenth fifteen/fifteenth"
    " sixteen/sixteenth seventeen/seventeenth eighteen/eighteenth nineteen/nineteenth",
    "twenty/twentieth thirty/thirtieth forty/fortieth fifty/fiftieth sixty/sixtieth seventy/seventieth"
    " eighty/eightieth ninety/ninetieth",
)
_FRENCH = (
    "premier/première/unième/un deuxième/second/seconde/deux troisième/trois quatrième/quatre cinquième/cinq"
    " sixième/six septième/sept huitième/huit neuvième/neuf dixième/dix onzième/onze douzième/douze treizième/treize"
    " quatorzième/quatorze quinzième/quinze seizième/seize dix-septième/dix-sept dix-huitième/dix-huit"
    " dix-neuvième/dix-neuf",
    "vingtième/vingt trentième/trente quarantième/quarante cinquantième/cinquante soixantième/soixante",
)
_SPANISH = (
    "primero/primera/primer/uno segundo/segunda/dos tercero/tercera/tercer/tres cuarto/cuarta/cuatro"
    " quinto/quinta/cinco sexto/sexta/seis séptimo/séptima/septimo/septima/siete octavo/octava/ocho"
    " noveno/novena/nueve décimo/décima/decimo/decima/diez undécimo/undécima/decimoprimero/decimoprimera/once"
    " duodécimo/duodécima/decimosegundo/decimosegunda/doce decimotercero/decimotercera/trece"
    " decimocuarto/decimocuarta/catorce decimoquinto/decimoquinta/quince decimosexto/decimosexta/dieciséis"
    " decimoséptimo/decimoséptima/diecisiete decimoctavo/decimoctava/dieciocho"
    " decimonoveno/decimonovena/diecinueve",
    "vigésimo/vigésima/vigesimo/vigesima/veinte trigésimo/trigésima/treinta cuadragésimo/cuadragésima/cuarenta"
    " quincuagésimo/quincuagésima/cincuenta sexagésimo/sexagésima/sesenta septuagésimo/septuagésima/setenta"
    " octogésimo/octogésima/ochenta nonagésimo/nonagésima/noventa",
)
_RUSSIAN = (
    "первая/первое/первый вторая/второе/второй третья/третье/третий четвертая/четвертое/четвёртая/четвертый"
    " пятая/пятое/пятый шестая/шестое/шестой седьмая/седьмое/седьмой восьмая/восьмое/восьмой"
    " девятая/девятое/девятый десятая/десятое/десятый одиннадцатая/одиннадцатое/одиннадцатый"
    " двенадцатая/двенадцатое/двенадцатый тринадцатая/тринадцатое/тринадцатый"
    " четырнадцатая/четырнадцатое/четырнадцатый пятнадцатая/пятнадцатое/пятнадцатый"
    " шестнадцатая/шестнадцатое/шестнадцатый семнадцатая/семнадцатое/семнадцатый"
    " восемнадцатая/восемнадцатое/восемнадцатый девятнадцатая/девятнадцатое/девятнадцатый",
    "двадцатая/двадцатое/двадцатый/двадцать тридцатая/тридцатое/тридцатый/тридцать"
    " сороковая/сороковое/сороковой/сорок пятидесятая/пятидесятое/пятидесятый/пятьдесят"
    " шестидесятая/шестидесятое/шестидесятый/шестьдесят семидесятая/семидесятое/семидесятый/семьдесят"
    " восьмидесятая/восьмидесятое/восьмидесятый/восемьдесят девяностая/девяностое/девяностый/девяносто",
)
_ARABIC = (
    "الأولى/الأول/الاولى/الحادية/الحادي الثانية/الثاني الثالثة/الثالث/الثالت"  # the last as ISBA/19/C/17 spells it
    " الرابعة/الرابع الخامسة/الخامس السادسة/السادس السابعة/السابع الثامنة/الثامن التاسعة/التاسع"
    " العاشرة/العاشر/عشرة/عشر",
    "العشرون/العشرين الثلاثون/الثلاثين الأربعون/الأربعين الخمسون/الخمسين الستون/الستين السبعون/السبعين"
    " الثمانون/الثمانين التسعون/التسعين",
)
_WORDS = {"en": _ENGLISH, "fr": _FRENCH, "es": _SPANISH, "ru": _RUSSIAN, "ar": _ARABIC}
_JOINT = r"(?:[\s-]+(?:et[\s-]+|y[\s-]+|and[\s-]+|و\s?)?)"
_MOST_PARTS = 3  # "vingt et unième", "الحادية والعشرون"


@cache
def _values(language: str) -> dict[str, int]:
    units, tens = _WORDS[language]
    rows = [*enumerate(units.split(), 1), *((10 * at, words) for at, words in enumerate(tens.split(), 2))]
    return {word: value for value, words in rows for word in words.split("/")}


def ordinal(language: str) -> str:
    """A pattern, without groups, for a number in words; one that matches nothing where a language has none."""
    if language not in _WORDS:
        return r"(?!)"
    words = "|".join(sorted(_values(language), key=len, reverse=True))
    one = rf"(?i:{words})"
    return rf"{one}(?:{_JOINT}{one}(?!\w)){{0,{_MOST_PARTS - 1}}}"


def counted_words(printed: str, language: str) -> int:
    """The number that words say; 0 where they say none."""
    if language not in _WORDS:
        return 0
    values = _values(language)
    text = printed.casefold().strip()
    if text in values:
        return values[text]
    parts = [part.removeprefix("و") for part in re.split(r"[\s-]+", text) if part not in ("et", "y", "and", "و")]
    found = [values.get(part, 0) for part in parts]
    return sum(found) if found and all(found) else 0
