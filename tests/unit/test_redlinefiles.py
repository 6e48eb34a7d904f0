"""The redlines that go with an alert as files: made when it leaves, and left out where they cannot be made."""

from __future__ import annotations

import base64
from zoneinfo import ZoneInfo

import pytest

from bot import redlinefiles
from bot.message import File, Message, RedlineFiles, message, say
from bot.plain import Reader, plain
from bot.redlinefiles import with_files, without_files
from bot.texts.compare import Change, Comparison
from bot.texts.pictures import NoPictures, Picture
from storage.tables import Notice
from tests.conftest import World
from tests.unit.test_drafts import SECOND, begun, notices, publish  # noqa: F401 - a fixture

READER = Reader(ZoneInfo("UTC"), personal=True)


def alert_of(world: World, alias: str) -> Message:
    """Give the alert that a member is owed."""
    rows: list[Notice] = [row for row in notices(world, alias) if row.content and "New text" in str(row.content)]
    return Message.from_data(rows[-1].content or {})


def files_of(content: Message) -> list[File]:
    """Give the files of a message."""
    return [block for block in content.blocks if isinstance(block, File)]


def test_an_alert_takes_its_redlines_along(begun: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The page of the owner's own changes, and a picture of each, as the tables have them."""
    monkeypatch.setattr(redlinefiles, "picture", lambda _, change, *own: Picture(change.new[0], b"PNG", whole=True))
    publish(begun, "L.2", SECOND)
    content = alert_of(begun, "Luis")
    page, drawn = files_of(begun.run(with_files(begun.store, begun.coalition_id, content, READER)))
    assert (page.name, page.kind) == ("redline-3.html", "text/html")
    assert "<del> shall</del><ins> may</ins>" in page.text
    assert "“shall” became “may”" in page.text
    assert "Press" not in page.text
    assert (drawn.name, drawn.kind, drawn.content) == ("redline-3.png", "image/png", b"PNG")


def test_without_anything_to_draw_with(begun: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Where the extra for pictures is not installed, the page goes alone."""

    def nothing(_comparison: Comparison, _change: Change, *_own: object) -> Picture:
        raise NoPictures("install it")

    monkeypatch.setattr(redlinefiles, "picture", nothing)
    publish(begun, "L.2", SECOND)
    content = begun.run(with_files(begun.store, begun.coalition_id, alert_of(begun, "Luis"), READER))
    assert [file.name for file in files_of(content)] == ["redline-3.html"]


def test_what_cannot_be_made_is_left_out(begun: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """An accident while drawing, or a draft that is gone, costs the files and not the alert."""

    def fail(_comparison: Comparison, _change: Change, *_own: object) -> Picture:
        raise RuntimeError("no ink")

    monkeypatch.setattr(redlinefiles, "picture", fail)
    publish(begun, "L.2", SECOND)
    content = alert_of(begun, "Luis")
    assert begun.run(with_files(begun.store, begun.coalition_id, content, READER)) == without_files(content)
    lost = message(say("Words."), RedlineFiles(99, (1,)))
    assert begun.run(with_files(begun.store, begun.coalition_id, lost, READER)) == without_files(lost)


def test_the_terminal_names_what_is_no_text() -> None:
    """A page or a picture is named; a text is shown; what is still to be made is not spoken of."""
    picture = File("a.png", base64.b64encode(b"PNG").decode(), "image/png")
    shown = message(say("Words."), picture, File("a.txt", "text"), RedlineFiles(1, (1,)))
    assert plain(shown, READER) == "Words.\nFile: a.png\na.txt:\ntext"
    assert Message.from_data(shown.to_data()) == shown
