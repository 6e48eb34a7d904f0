"""Made-up prose in the six languages of the UN, and the words with which a draft in each is laid out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.texts.grammar import LANGUAGES


@dataclass(frozen=True)
class Tongue:
    """One language; labels and divisions are patterns with a place for their number."""

    language: str
    stems: str
    ends: str
    article: str
    rule: str
    part: str
    chapter: str
    option: str
    reference: str
    preamble: str
    opening: str
    enacting: str
    whereas: str
    suffixes: tuple[str, ...]
    """As they are printed behind a number, and as the label is called: the two halves of each, parted by "|"."""
    inserted: tuple[str, ...]
    """The same for what a directive puts between two articles: "5a"."""

    @property
    def spaced(self) -> bool:
        """Whether blanks stand between words."""
        return LANGUAGES[self.language].spaced

    def sentence(self, chance: random.Random, words: int) -> str:
        """Some words, nearly half of them small ones, a few of the others often, with a full stop."""
        chosen = [self._word(chance) for _ in range(words)]
        text = (" " if self.spaced else "").join(chosen)
        return f"{text[0].upper()}{text[1:]}{'.' if self.spaced else '。'}"

    def title(self, chance: random.Random) -> str:
        """Three words without a full stop."""
        words = [chance.choice(self._vocabulary) for _ in range(3 if self.spaced else 2)]
        text = (" " if self.spaced else "").join(words)
        return f"{text[0].upper()}{text[1:]}"

    def reworded(self, chance: random.Random, text: str) -> str:
        """The same with one word in ten another one; its number or letter stays."""
        if self.spaced:
            first, *words = text.split(" ")
            kept = [self._word(chance) if chance.random() < 0.1 and word.isalpha() else word for word in words]
            return " ".join([first, *kept])
        return "".join(
            chance.choice(self.stems) if sign in self.stems and chance.random() < 0.1 else sign for sign in text
        )

    @cached_property
    def _small(self) -> Sequence[str]:
        return sorted(LANGUAGES[self.language].function_words)

    @cached_property
    def _vocabulary(self) -> Sequence[str]:
        if not self.spaced:
            return [one + two for one in self.stems for two in self.stems[::2]]
        stems, ends = self.stems.split(), self.ends.split()
        return [f"{one}{two}{end}" for one in stems for two in stems[::2] for end in ends]

    def _word(self, chance: random.Random) -> str:
        if chance.random() < 0.4:
            return chance.choice(self._small)
        known = self._vocabulary
        return known[int(len(known) ** chance.random()) - 1]


LATIN = "ac bor cal den er fin gov hab in jur kon leg mon nor op pro qual reg stat trans ul ver wit ex yel zon"
_BIS = ("bis|bis", "ter|ter", "quater|quater")

TONGUES = {
    row.language: row
    for row in (
        Tongue(
            "en", LATIN, "ing tion al ment ity ous ate ers", "Article {}", "Rule {}", "PART {}", "CHAPTER {}",
            "OPTION {}", "Article {}", "Preamble", "The States Parties to this Convention,",
            "Have adopted this text:", "Whereas", _BIS, ("a|a", "b|b", "c|c"),
        ),
        Tongue(
            "fr", LATIN, "ité ement ance eur ique able aire ère", "Article {}", "Règle {}", "PARTIE {}",
            "CHAPITRE {}", "OPTION {}", "article {}", "Préambule", "Les États parties à la présente convention,",
            "Ont adopté le présent texte :", "Considérant", _BIS, ("a|a", "b|b", "c|c"),
        ),
        Tongue(
            "es", LATIN, "ción idad miento ería able oso ante ura", "Artículo {}", "Regla {}", "PARTE {}",
            "CAPÍTULO {}", "OPCIÓN {}", "artículo {}", "Preámbulo", "Los Estados partes en la presente convención,",
            "Han adoptado el texto siguiente:", "Considerando", _BIS, ("a|a", "b|b", "c|c"),
        ),
        Tongue(
            "ru", "ак бор вал ген дер жив зар кол лег мон нор пра реч сто тра уст ход цел чин шир",
            "ание ость ение ства ный ков ами ость", "Статья {}", "Правило {}", "ЧАСТЬ {}", "ГЛАВА {}", "ВАРИАНТ {}",
            "статья {}", "Преамбула", "Государства — участники настоящей Конвенции,", "Приняли следующий текст:",
            "Принимая", ("-бис|бис", "-тер|тер", "-кватер|кватер"), ("а|а", "б|б", "в|в"),
        ),
        Tongue(
            "ar", "سلم كتب درس فهم نظر حكم شرط عقد ملك جمع قبل نقل بحث علم خرج دخل رفع وضع صنع زرع", "ات ية ون ة ان اء",
            "المادة {}", "القاعدة {}", "الجزء {}", "الفصل {}", "الخيار {}", "المادة {}", "الديباجة",
            "إن الدول الأطراف في هذه الاتفاقية،", "قد اعتمدت النص التالي:", "إذ تضع",
            ("مكررا|مكررا", "مكررا ثانيا|مكررا ثانيا", "مكررا ثالثا|مكررا ثالثا"),
            ("مكررا|مكررا", "مكررا ثانيا|مكررا ثانيا", "مكررا ثالثا|مكررا ثالثا"),
        ),
        Tongue(
            "zh", "山水火木土金石田禾竹米豆花草林森河海湖泉风云雨雪雷电日月"
            "星光天空春夏秋冬东西南北中左右前后上下里外高低大小多少长短",
            "", "第{}条", "规则{}", "第{}部分", "第{}章", "备选案文{}", "第{}条", "序言", "本公约缔约国，",
            "兹议定如下：", "鉴于", ("之二|之二", "之三|之三", "之四|之四"),
            ("之二|之二", "之三|之三", "之四|之四"),
        ),
    )
}  # fmt: skip
