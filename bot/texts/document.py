"""What reading a draft gives: provisions in order, or one plain sentence why it cannot be read."""

from dataclasses import dataclass

from bot.texts.brackets import WHOLE

PREAMBLE = "PREAMBLE"


@dataclass(frozen=True, slots=True)
class Provision:
    """One article, rule, regulation, annex or the preamble of a draft.

    `label` is what people call it ("17 bis", "PREAMBLE", "ANNEX I"; of several with one number
    "53 (OPTION I)") and unique in its document. `kind` is "article", "rule", "regulation",
    "preamble" or "annex". `text` is the body alone, one paragraph a line, without heading and
    page furniture. `brackets` counts the opening square brackets in label line, heading and text.
    `agreed` is one of `bot.texts.brackets.AGREED`; the note that says so is in neither heading nor text.
    A `placeholder` only says that something was deleted or moved. `ordinal` counts from 0.
    """

    label: str
    kind: str
    heading: str
    chapter: str
    text: str
    placeholder: bool
    brackets: int
    ordinal: int
    agreed: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A draft: its language ("en"), its symbol (or the name of its file), its provisions in order.

    `inserted` and `deleted` count the words that the file itself marks as put in and taken out; what is here is one of
    the two readings of such a file.
    """

    language: str
    label: str
    provisions: tuple[Provision, ...]
    inserted: int = 0
    deleted: int = 0

    @property
    def brackets(self) -> int:
        """The opening square brackets of all provisions."""
        return sum(provision.brackets for provision in self.provisions)

    @property
    def agreed(self) -> int:
        """How many provisions are agreed as a whole, ad referendum or not; placeholders are none."""
        return sum(1 for row in self.provisions if row.agreed in WHOLE and not row.placeholder)

    def find(self, label: str) -> Provision | None:
        """The provision with this label."""
        return next((provision for provision in self.provisions if provision.label == label), None)


class Unreadable(ValueError):
    """A file that gives no provisions; `reason` is one sentence in plain English, `values` fill its braces."""

    def __init__(self, reason: str, **values: str | int) -> None:
        super().__init__(reason.format(**values))
        self.reason = reason
        self.values = values
