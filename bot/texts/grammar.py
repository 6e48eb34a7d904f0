"""How drafts are laid out in words, one row per language: labels, divisions, placeholders, function words."""

import re
from dataclasses import dataclass

LATIN_SUFFIX = r"bis|ter|quater|quinquies|quinque|sexies|septies|octies|nonies|novies|decies|ante|alt(?:\.?\s?\d)?"

ARABIC_MARKS = "[\u0640\u064b-\u065f\u0670]"
"""Vowels, doublings and stretching, which Arabic may print in a word or not."""


def voweled(words: str) -> str:
    """A pattern for Arabic words as they are printed, with vowels and doublings or without."""
    return re.sub("[\u0621-\u064a]", lambda letter: f"{letter.group()}{ARABIC_MARKS}{{0,3}}", words)


@dataclass(frozen=True)
class Grammar:
    """One language.

    Every pattern is a regular expression without groups; words begin with a capital or are all in capitals where the
    script has them.
    """

    language: str
    kinds: dict[str, str]  # kind of provision -> words for it
    seldom: dict[str, str]  # the same for kinds that count only where a draft has none of the others
    divisions: tuple[str, ...]  # words for a division, the highest level first
    annex: str
    appendix: str  # words for what hangs on an annex, or on the text itself
    preamble: str
    opener: str  # how a preamble begins where nothing is printed above it
    option: str
    fresh: str  # what may stand before a label: "New article 5 bis"
    note: str  # what is noted behind a label: "Article 5 (new)", "Article 5 (former 7)"
    gone: str  # how a placeholder begins
    modals: str  # words that oblige or allow
    verbs: str  # other words that no heading has: it is not a sentence
    qualifiers: str  # words that turn or bound an obligation: negations, exceptions, intent
    reference: str  # words before the numbers of a cross-reference, in running text
    joints: str  # what may stand between two numbers of a cross-reference
    elsewhere: str  # how another instrument is named behind a reference: words with a blank between them
    function_words: frozenset[str]
    agreed: str  # a note that a text is agreed
    several: dict[str, str]  # kind of provision -> words for more than one
    been: str  # what stands between them and how a placeholder begins: "have been deleted"
    through: str  # what stands between the ends of a run: "articles 5 to 10"
    suffix: str = LATIN_SUFFIX
    number_first: bool = False  # "第5条", not "Article 5"
    number_last: tuple[tuple[str, str], ...] = ()  # kinds that are printed the other way round there: "规则5"
    ordinal_sign: str = r"(?!)"  # what makes an ordinal of digits: "1er"
    right_to_left: bool = False
    spaced: bool = True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = Grammar(
    language="en",
    kinds={"article": "Article|Art\\.?", "rule": "Rule", "regulation": "Regulation", "principle": "Principle"},
    seldom={
        "section": "Section|Sect?\\.|§",
        "clause": "Clause|Cl\\.",
        "guideline": "Guideline|Conclusion|Recommendation|Standard",
    },
    divisions=("Book|Title", "Part", "Chapter", "Section|Division", "Subsection"),
    annex="Annex",
    appendix="Appendix|Schedule",
    preamble="Preamble",
    opener=r"The (?:(?:States|Contracting|High Contracting) )?(?:Parties|States|Governments|Members)\b",
    option="Option|Alternative|Alt\\.?",
    fresh="New|Proposed(?: new)?|Alternative|Draft|Additional|Revised|Former",
    note=r"(?:co-)?(?:chair|facilitator|president)s?[’'](?:s )?(?:text|proposal|draft)|placeholder|tbd"
    r"|new|revised|amended|alternative|formerly|former|previously|previous|ex|old|renumbered|moved|proposed",
    gone=r"Deleted|Moved|Merged|Reserved|Withdrawn|Suppressed|Omitted|To be (?:deleted|moved|merged|added)",
    modals=r"shall|may|should|must|will|can|could",
    verbs=r"is|are|was|were|has|have|applies|apply|enters",
    qualifiers=r"not|no|never|without right|without|unless|except|intent|intentionally|wilfully|only",
    reference=r"(?:articles?|rules?|regulations?|art\.|arts\.)",
    joints=r",|;|and|or|to|and/or|[-–—]",
    elsewhere=r"(?:(?:,|and|paragraphs?|subparagraphs?|\d+|\(|\)|[a-z]) )*?"
    r"of (?:the (?!present)(?:\w+ ){0,3}?[A-Z]|[A-Z])",
    several={"article": "Articles|Arts\\.?", "rule": "Rules", "regulation": "Regulations", "principle": "Principles"},
    been=r"(?:have|has) been|are|is|were|was|shall be|to be",
    through=r"to|through|until",
    function_words=_words(
        "the of and to in a an for or by with under is be that this as on such any from at its it not are which"
        " between into other their upon where when has have shall may"
    ),
    agreed=(
        r"(?:provisionally |informally |tentatively )?agreed"
        r"(?: (?:provisionally|text|in principle|ad\.? ?ref(?:erendum)?\.?))*"
        r"|(?:text |para(?:graph)? )?agreed ad\.? ?ref(?:erendum)?\.?|ad referendum"
    ),
)

FRENCH = Grammar(
    language="fr",
    kinds={"article": "Article|Art\\.?", "rule": "Règle", "regulation": "Règlement", "principle": "Principe"},
    seldom={
        "section": "Section|Sect?\\.|§",
        "clause": "Clause",
        "guideline": "Ligne directrice|Conclusion|Directive|Recommandation",
    },
    divisions=("Livre|Titre", "Partie", "Chapitre", "Section", "Sous-section"),
    annex="Annexe",
    appendix="Appendice",
    preamble="Préambule",
    opener=r"Les (?:États |Etats )?(?:[Pp]arties|Gouvernements|Membres)\b",
    option="Option|Variante|Alternative",
    fresh="Nouvel|Nouvelle|Projet d[’']|Ancien|Ancienne",
    note=r"nouveau|nouvel|nouvelle|révisée?|modifiée?|anciennement|ancien|ancienne|ex|renumérotée?|proposée?",
    gone=r"Supprimée?s?|Déplacée?s?|Fusionnée?s?|Réservée?s?|Retirée?s?",
    modals=r"doit|doivent|peut|peuvent|devrait|devraient|pourrait|pourraient",
    verbs=r"est|sont|ont|était|étaient|entre en",
    qualifiers=r"ne|pas|non|sans|sauf|jamais|intentionnellement|seulement",
    reference=r"(?:articles?|règles?|art\.)",
    joints=r",|;|et|ou|à|au|[-–—]",
    elsewhere=r"(?:(?:,|et|paragraphes?|alinéas?|\d+|\(|\)|[a-z]) )*?"
    r"(?>de (?:la|l ’|l ')|du|des|de) (?!présente?s?)(?:\w+ ){0,2}?[A-ZÀ-Ý]",
    several={"article": "Articles|Arts\\.?", "rule": "Règles", "principle": "Principes"},
    been=r"(?:ont|a) été|sont|est",
    through=r"à|au|jusqu’à",
    function_words=_words(
        "le la les de des du et à au aux en un une pour ou par dans que qui est sur ce cette ces l d s se son sa ses"
        " ne pas il elle leur leurs avec sont être"
    ),
    ordinal_sign=r"\s?(?:er|re|ère)|e|ème|[ᵉʳ]{1,2}",
    agreed=(
        r"(?:provisoirement )?(?:convenue?s?|approuvée?s?|acceptée?s?|adoptée?s?)"
        r"(?: provisoirement)?(?: ad referendum)?"
        r"|accord(?: provisoire)? ad referendum|texte (?:convenu|agréé)(?: ad referendum)?"
    ),
)

SPANISH = Grammar(
    language="es",
    kinds={"article": "Artículo|Art\\.?", "rule": "Regla", "regulation": "Norma", "principle": "Principio"},
    seldom={
        "section": "Sección|Secc?\\.|§",
        "clause": "Cláusula",
        "guideline": "Directriz|Conclusión|Recomendación",
    },
    divisions=("Libro|Título", "Parte", "Capítulo", "Sección", "Subsección"),
    annex="Anexo",
    appendix="Apéndice",
    preamble="Preámbulo",
    opener=r"(?:Las|Los) (?:Estados )?(?:[Pp]artes|Gobiernos|Miembros|Estados)\b",
    option="Opción|Variante|Alternativa",
    fresh="Nuevo|Nueva|Proyecto de|Antiguo|Antigua",
    note=r"nuevo|nueva|revisad[oa]|modificad[oa]|antes|antiguo|antigua|anterior|ex|renumerad[oa]|propuest[oa]",
    gone=r"Suprimid[oa]s?|Eliminad[oa]s?|Trasladad[oa]s?|Fusionad[oa]s?|Reservad[oa]s?|Retirad[oa]s?",
    modals=r"deberá|deberán|podrá|podrán|debería|deberían|podría|podrían",
    verbs=r"es|son|está|están|ha|han|entra|entrará",
    qualifiers=r"no|sin|salvo|nunca|excepto|intencionalmente|solo",
    reference=r"(?:artículos?|reglas?|art\.)",
    joints=r",|;|y|e|o|u|a|al|[-–—]",
    elsewhere=r"(?:(?:,|y|párrafos?|apartados?|\d+|\(|\)|[a-z]) )*?"
    r"(?>de (?:la|los|las)|del|de) (?!presentes?|esta|este)(?:\w+ ){0,2}?[A-ZÀ-Ý]",
    ordinal_sign=r"\.?o\.?",
    several={"article": "Artículos|Arts\\.?", "rule": "Reglas", "principle": "Principios"},
    been=r"(?:han|ha) sido|quedan?|se",
    through=r"a|al|hasta",
    function_words=_words(
        "el la los las de del y e a al en un una para o u por con que se es su sus lo como no este esta estos estas"
        " sobre entre ser ha sea"
    ),
    agreed=(
        r"(?:provisionalmente )?(?:acordad[oa]s?|convenid[oa]s?|aprobad[oa]s?)"
        r"(?: provisionalmente)?(?: ad refer[eé]ndum)?"
        r"|acuerdo ad refer[eé]ndum"
    ),
)

RUSSIAN = Grammar(
    language="ru",
    kinds={
        "article": "Статья|Ст\\.|Проект статьи",
        "rule": "Правило",
        "regulation": "Положение",
        "principle": "Принцип",
    },
    seldom={"section": "Раздел|§", "clause": "Пункт", "guideline": "Руководящее положение|Вывод|Рекомендация"},
    divisions=("Книга|Титул", "Часть", "Глава", "Раздел", "Подраздел"),
    annex="Приложение",
    appendix="Добавление",
    preamble="Преамбула",
    opener=r"(?:Государства|Стороны|Участники|Правительства)\b",
    option="Вариант|Альтернатива",
    fresh="Новая|Новое|Новый|Проект|Предлагаемая|Бывшая",
    note=r"новая|новое|новый|пересмотренная|измененная|бывшая|бывшее|ранее|прежняя|прежнее|экс|предлагаемая",
    gone=r"Исключен[аоы]?|Исключён|Удален[аоы]?|Удалён|Перенесен[аоы]?|Перенесён|Объединен[аоы]?|Объединён"
    r"|Снят[аоы]?|Зарезервирован[аоы]?",
    modals=r"должен|должна|должно|должны|может|могут|обязан|обязаны|следует",
    verbs=r"является|являются|вступает|применяется|имеет|имеют|означает",
    qualifiers=r"не|нет|без|кроме|никогда|умышленно|только",
    reference=r"(?:стать(?:я|и|е|ю|ей|ям|ями|ях)|правил(?:о|а|е|у|ом|ам|ами|ах)?|статей|ст\.)",
    joints=r",|;|и|или|по|[-–—]",
    elsewhere=r"(?!настоящ)(?:\w+ (?<!настоящей )(?<!настоящего )){0,2}?[А-Я]\w+",
    several={"article": "Статьи|Ст\\.ст\\.", "rule": "Правила", "regulation": "Положения", "principle": "Принципы"},
    been=r"были|была|было|был",
    through=r"по|до",
    function_words=_words(
        "и в на с по о об к для из от не или что как а при за до со это его их она он они который которые также если"
    ),
    agreed=r"(?:предварительно )?согласован[аоы]?(?: предварительно)?(?: ad referendum| ад референдум)?",
    suffix=LATIN_SUFFIX + "|бис|тер|кватер|квинквиес|секстиес|прим|альт",
)

CHINESE = Grammar(
    language="zh",
    kinds={"article": "条|條", "rule": "条规则|條規則"},
    seldom={"section": "节|節", "clause": "款"},
    divisions=("编|編", "部分", "章", "节|節"),
    annex="附件",
    appendix="附录|附文",
    preamble="序言",
    opener=r"本(?:公约|协定|议定书|条约)(?:各)?缔约(?:国|方)",
    option="备选案文|备选方案|选项|备选",
    fresh="新增|新|拟议|擬議|原",
    note="新增|新(?!\\w)|原(?=第)|(?:经)?修订|(?:經)?修訂|拟议|擬議",
    gone=r"删除|已删除|刪除|已刪除|移至|已移至|合并|合併|保留",
    modals=r"应当|应|须|必须|可以|可",
    verbs=r"，|；",
    qualifiers=r"不得|不|无|除非|除外|故意",
    reference=r"第",
    joints=r"、|和|或|及|至|与",
    elsewhere=r"(?!)",
    several={},
    been=r"均|已经|已經|予以",
    through=r"至|到",
    function_words=_words("的 和 在 或 应 第 为 以 其 与 及 对 按 照 本"),
    agreed=r"(?:暂时|初步|已)?(?:商定|议定|同意|达成一致)"
    r"(?:\s*[（(]?\s*(?:待核准|待审|须经核准|ad referendum)\s*[)）]?)?|(?:待核准|待审)(?:商定|议定)|ad referendum 商定",
    suffix=LATIN_SUFFIX + "|之[一二三四五六七八九十]",
    number_first=True,
    number_last=(("rule", "规则|規則"), ("principle", "原则|原則"), ("guideline", "准则|準則|结论|結論|建议|建議")),
    spaced=False,
)

ARABIC = Grammar(
    language="ar",
    kinds={
        "article": voweled("المادة|مادة جديدة|مادة"),
        "rule": voweled("القاعدة|قاعدة"),
        "regulation": voweled("اللائحة|لائحة"),
        "principle": voweled("المبدأ|مبدأ"),
    },
    seldom={"section": "القسم|قسم|الفرع|§", "clause": "البند|بند", "guideline": "المبدأ التوجيهي|التوصية|الاستنتاج"},
    divisions=("الكتاب|الباب", "الجزء", "الفصل", "القسم|الفرع"),
    annex="المرفق",
    appendix="التذييل|الضميمة",
    preamble="الديباجة|ديباجة",
    opener=r"إن (?:الدول|الأطراف|أطراف|الحكومات)",
    option="الخيار|خيار|البديل|بديل",
    fresh="مشروع",
    note=r"المادة [\d٠-٩]+ سابقا|جديدة|جديد|الجديدة|سابقا|السابقة|المعدلة|معدلة|المقترحة|مقترحة",
    gone=r"حذفت|تحذف|محذوفة|حُذفت|نقلت|نُقلت|أدمجت|أُدمجت|محجوزة",
    modals=r"يجب|ينبغي|يجوز",
    verbs=r"يكون|تكون|تتخذ|تقوم|يقوم|تلتزم|تتعاون|يعتمد|تعتمد",
    qualifiers=r"لا|لن|دون|إلا|عدا|عمدا|فقط",
    reference=rf"(?:[وفب]{{0,2}}(?:{voweled('المادة|المواد|المادتين|المادتان|القاعدة|القواعد')})"
    rf"|[وف]?(?:{voweled('للمادة|للمواد|للمادتين|للقاعدة|للقواعد')}))",
    joints=r"،|,|و|أو|إلى|[-–—]",
    elsewhere=r"من (?!هذه|هذا)ال\w+",
    several={"article": voweled("المواد|المادتان|المادتين"), "rule": voweled("القواعد|القاعدتان|القاعدتين")},
    been=r"قد|تم|تمت",
    through=r"إلى|الى|حتى",
    function_words=_words("في من على إلى عن أو أن التي الذي هذا هذه و ما لا بما ذلك أي مع لم كل بين"),
    agreed=r"(?:تم )?(?:متفق|اتفق|الاتفاق|اتفاق)(?: عليه| عليها)?(?: مؤقتا| مبدئيا)?"
    r"(?: (?:بشرط|رهنا ب|مع)\s?(?:الاستشارة|التشاور|الرجوع إلى الحكومة|الموافقة))?(?: ad referendum)?",
    suffix=LATIN_SUFFIX
    + rf"|(?:{voweled('مكررا|مكررة|مكرر')})"
    + rf"(?:\s*\(?(?:(?:{voweled('ثانيا|ثالثا|رابعا|خامسا')})|[أ-ي]|[٠-٩\d])(?!\w)\)?)?",
    right_to_left=True,
)

LANGUAGES = {row.language: row for row in (ENGLISH, FRENCH, SPANISH, RUSSIAN, CHINESE, ARABIC)}

_BARE = str.maketrans("ÁÉÈÍÓÚ", "AEEIOU")


def any_case(words: str) -> str:
    """A pattern for these words as they are written or all in capitals, which often lack their accents: "ARTICULO"."""
    capitals = re.sub("[^|]+", lambda word: word.group().upper(), words)
    return f"(?:{'|'.join(dict.fromkeys((words, capitals, capitals.translate(_BARE))))})"
