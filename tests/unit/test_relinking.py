"""A comparison corrected by a person: before publishing and after, through withdrawal and reading again."""

from __future__ import annotations

import pytest

from bot.commands import Refusal
from bot.ingest import Ingest
from bot.invocation import Attachment
from bot.message import Message
from bot.provisions import by_lineage, current_provisions, title
from bot.texts.document import Unreadable
from storage.tables import Change, Correction, Draft, Task
from storage.work import Work
from tests.conftest import World, shown
from tests.unit.test_drafts import SECOND, TABLE, add, begun, leave, notices, publish, told, written  # noqa: F401 - a fixture


def links(world: World) -> dict[str, tuple[str, ...]]:
    """Give what continues each old article of the last draft."""

    def ask(work: Work) -> dict[str, tuple[str, ...]]:
        last = max(row.id for row in work.rows(Draft))
        return {row.old[0]: tuple(row.new) for row in work.rows(Change, Change.draft_id == last) if row.old}

    return world.read(ask)


def owned(world: World) -> dict[str, str]:
    """Give what each of Luis's and Mei's articles is called now, by its number at the beginning."""

    def ask(work: Work) -> dict[str, str]:
        names = by_lineage(current_provisions(work))
        tasks = sorted(work.rows(Task), key=lambda row: row.number)
        return {
            str(task.number + 1): title(names[task.lineage_id]) if task.lineage_id in names else "gone"
            for task in tasks
        }

    return world.read(ask)


def owed(world: World, alias: str) -> list[str]:
    """Give what a member is owed, as they see it, without what is only planned."""
    rows = [row for row in notices(world, alias) if row.content]
    return [shown(Message.from_data(row.content or {})) for row in rows]


def settle(world: World) -> None:
    """Have what waits read and compared."""
    world.run(Ingest(world.store, world.clock, world.store.write).drain())


def test_before_publishing(begun: World) -> None:  # noqa: F811
    """A draft that is previewed is compared again with the correction, and previewed again."""
    add(begun, "L.2", written(SECOND))
    assert links(begun)["4"] == ()
    answer = shown(begun.do(TABLE, "Ana", "relink article 4 = article 2"))
    assert answer.startswith("Noted: article 4 of L.1 is article 2 in L.2.")
    settle(begun)
    assert links(begun)["4"] == ("2",)
    assert "Read: L.2" in told(begun, "Ana")[-1]


def test_after_publishing(begun: World) -> None:  # noqa: F811
    """In a draft in force the task goes where its article went; its holder and the coordinators hear of it."""
    publish(begun, "L.2", SECOND)
    begun.do(TABLE, "Ana", "relink 2 = 2")
    settle(begun)
    assert links(begun)["2"] == ("2",)
    assert owned(begun)["2"] == "article 2"
    assert any("A coordinator corrected the comparison" in text for text in owed(begun, "Luis"))
    assert begun.read(lambda work: [row.applied for row in work.rows(Correction)]) == [True]


def test_nothing_continues_it(begun: World) -> None:  # noqa: F811
    """An article that was taken for another one is gone, and what it was taken for is new."""
    add(begun, "L.2", written(SECOND))
    begun.do(TABLE, "Ana", "relink 2 = none")
    settle(begun)
    assert links(begun)["2"] == ()


def test_it_survives_withdrawal_and_reading_again(begun: World) -> None:  # noqa: F811
    """The same draft taken in again is compared with what was corrected; the last word on an article counts."""
    publish(begun, "L.2", SECOND)
    begun.do(TABLE, "Ana", "relink 2 = 4")
    begun.do(TABLE, "Ana", "relink 2 = 2")
    settle(begun)
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    leave(begun, "Ana")
    begun.do(TABLE, "Ana", "draft add L.2 dated 20 Jan 2024", attachments=(Attachment("d.txt", written(SECOND)),))
    settle(begun)
    assert links(begun)["2"] == ("2",)
    assert begun.read(lambda work: len(work.rows(Correction))) == 1


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("relink", "Say it as"),
        ("relink 2", "Say it as"),
        ("relink 2 = ", "Say it as"),
        ("relink 99 = 2", "has no article 99"),
        ("relink 2-3 = 2", "must be one article"),
        ("relink 2 = 99", "has no article 99"),
    ],
)
def test_slips(begun: World, words: str, answer: str) -> None:  # noqa: F811
    """Each slip is told in a sentence."""
    add(begun, "L.2", written(SECOND))
    with pytest.raises(Refusal) as refused:
        begun.do(TABLE, "Ana", words)
    phrase = refused.value.phrase
    assert answer in phrase.msgid.format(**{name: str(value) for name, value in phrase.values.items()})


def test_without_a_second_draft(begun: World) -> None:  # noqa: F811
    """With one draft there is nothing to correct."""
    with pytest.raises(Refusal, match="takes two drafts"):
        begun.do(TABLE, "Ana", "relink 2 = 3")


def test_drafts_that_cannot_be_compared_anew_end_nothing(
    begun: World,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The correction is let go, the coordinators hear why, and the draft in force stays as it was compared."""

    async def too_long(*_: object) -> None:
        raise Unreadable("This text took too long to work through.")

    publish(begun, "L.2", SECOND)
    before = links(begun)
    begun.do(TABLE, "Ana", "relink 2 = 2")
    monkeypatch.setattr("bot.ingest.compare_documents", too_long)
    settle(begun)
    settle(begun)
    assert len([text for text in owed(begun, "Ana") if "took too long" in text]) == 1
    assert links(begun) == before
    assert begun.read(lambda work: work.rows(Correction)) == []
