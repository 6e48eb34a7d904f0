"""What is wrong with something people wrote or sent, as a phrase that the caller can say in their language."""

from __future__ import annotations


class Problem(ValueError):
    """A refusal: `msgid`, an English phrase with `{places}`, and `values`, the plain words to put there.

    Values that the phrase marks as `code` can be typed as they stand.
    """

    def __init__(self, msgid: str, **values: str) -> None:
        """Keep the phrase and its values; `str` gives the filled sentence."""
        super().__init__(msgid.format(**values))
        self.msgid = msgid
        self.values = values
