"""Watched sources: what is new becomes a draft, what looks wrong waits, and what does not answer is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from bot.commands import CommandTable, NeedsYes, Refusal
from bot.ingest import Ingest
from bot.plain import Reader, plain_inline
from bot.ports import Fetched, FetchLater, FetchRefused, Remembered
from bot.rules.limits import Limits
from bot.texts.links import page_links
from bot.watching import Watch
from handlers import sources
from storage.tables import Draft, DraftState, Snapshot, Source
from storage.work import Work
from tests.conftest import World, shown
from tests.unit.test_drafts import FIRST, MERGED, SECOND, lay, own, room_told, told, written

TABLE = CommandTable(sources.VERBS)
ADDRESS = "https://docs.example.org/draft.txt"
PAGE = b"""<html><base href="/papers/"><a href="L.2.en.txt">L.2 (English)</a> <a href='L.2.fr.txt'>L.2 (French)</a>
<a href="mailto:x@example.org">write</a><a href="L.2.en.txt#page=2">again</a></html>"""


@dataclass
class Web:
    """What stands where; it answers 304 to who knows its mark."""

    pages: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, allowed: Callable[[str], bool], known: Remembered | None = None) -> Fetched | None:
        if not allowed(url.split("/")[2]):
            raise FetchRefused("leads-elsewhere")
        self.asked.append(url)
        found = self.pages.get(url, FetchRefused("http-404"))
        if isinstance(found, Exception):
            raise found
        mark = str(hash(found))
        if known and known.etag == mark:
            return None
        return Fetched(url, found, "text/plain", Remembered(mark))


@pytest.fixture
def web() -> Web:
    """Give an empty web."""
    return Web()


@pytest.fixture
def begun(world: World) -> World:
    """Give a world whose first draft is in force, with article 2 in Luis's hands, and a source that is watched."""
    lay(world, "L.1", FIRST)
    own(world, "2", "Luis")
    world.do(TABLE, "Ana", f"watch {ADDRESS} every 15m", confirmed=True)
    return world


def look(world: World, web: Web) -> None:
    """Look at what is due, and read what was found."""
    world.run(Watch(world.store, world.clock, web, world.store.write).drain())
    world.run(Ingest(world.store, world.clock, world.store.write).drain())


def states(world: World) -> list[tuple[str, DraftState]]:
    """Give the drafts with their states."""
    return world.read(lambda work: [(row.symbol, row.state) for row in work.rows(Draft)])


def source(world: World) -> Source:
    """Give the one source."""
    return world.read(lambda work: work.rows(Source)[0])


def test_new_text_is_published_and_its_owners_hear(begun: World, web: Web) -> None:
    """What is new and looks right is in force at once: owners, room and coordinators hear, and the bytes are kept."""
    web.pages[ADDRESS] = written(SECOND)
    look(begun, web)
    assert states(begun)[1][1] is DraftState.PUBLISHED
    assert any("New text: your article 2 is now 3" in text for text in told(begun, "Luis"))
    assert any("appeared at source 1 and is the current draft" in text for text in told(begun, "Ana"))
    assert room_told(begun, "team")
    snapshot = begun.read(lambda work: work.rows(Snapshot)[0])
    assert (snapshot.address, snapshot.taken_at) == (ADDRESS, begun.now)


def test_the_same_text_is_no_news(begun: World, web: Web) -> None:
    """Other bytes with the same text, and the same bytes again, make no draft and tell nobody."""
    web.pages[ADDRESS] = written(FIRST)
    look(begun, web)
    web.pages[ADDRESS] = written(FIRST).replace(b"\n", b"\r\n")
    begun.pass_time(minutes=20)
    look(begun, web)
    begun.pass_time(minutes=20)
    look(begun, web)
    assert len(web.asked) == 3
    assert states(begun) == [("L.1", DraftState.PUBLISHED)]
    assert told(begun, "Ana") == []


def test_what_looks_wrong_waits_for_a_coordinator(begun: World, web: Web) -> None:
    """A draft that is mostly another text is previewed to the coordinators and to nobody else."""
    web.pages[ADDRESS] = written([(f"Other {n}", f"Wholly different words stand in number {n}.") for n in range(12)])
    look(begun, web)
    assert states(begun)[1][1] is DraftState.PREVIEWED
    assert "This looks wrong:" in told(begun, "Ana")[-1]
    assert told(begun, "Luis") == []


def test_a_first_draft_waits(world: World, web: Web) -> None:
    """Where there is no draft yet, the first one is not put in force by itself."""
    world.do(TABLE, "Ana", f"watch {ADDRESS}", confirmed=True)
    web.pages[ADDRESS] = written(FIRST)
    look(world, web)
    assert [state for _, state in states(world)] == [DraftState.PREVIEWED]


def test_a_listing_page(begun: World, web: Web) -> None:
    """Of a page's links those that fit the pattern are followed, each once."""
    page = "https://docs.example.org/papers/"
    begun.do(TABLE, "Ana", f"watch {page} every 1h for *en.txt")
    web.pages |= {ADDRESS: written(FIRST), page: PAGE, f"{page}L.2.en.txt": written(SECOND)}
    look(begun, web)
    web.pages[page] = PAGE + b"<p>changed</p>"
    begun.pass_time(hours=2)
    look(begun, web)
    assert web.asked.count(f"{page}L.2.en.txt") == 1
    assert not [url for url in web.asked if "fr.txt" in url]
    assert states(begun)[-1][1] is DraftState.PUBLISHED


def test_links_of_a_page() -> None:
    """Addresses are whole, each once, and lead to the web only."""
    found = page_links(PAGE, "https://docs.example.org/list")
    assert [(link.address, link.words) for link in found] == [
        ("https://docs.example.org/papers/L.2.en.txt", "L.2 (English)"),
        ("https://docs.example.org/papers/L.2.fr.txt", "L.2 (French)"),
    ]


def test_a_source_that_does_not_answer(begun: World, web: Web) -> None:
    """It is looked at again later, as the server says; the third time in a row the coordinators hear, once."""
    web.pages[ADDRESS] = FetchLater("http-503", 7200.0)
    look(begun, web)
    assert source(begun).next_at == begun.now + dt.timedelta(hours=2)
    for _ in range(4):
        begun.pass_time(hours=3)
        look(begun, web)
    assert [text for text in told(begun, "Ana") if "gives me nothing: it answers with an error (503)" in text]
    assert len(told(begun, "Ana")) == 1
    assert "it answers with an error (503)" in shown(begun.do(TABLE, "Ana", "sources"))
    web.pages[ADDRESS] = written(SECOND)
    begun.pass_time(hours=3)
    look(begun, web)
    assert source(begun).failures == 0
    assert states(begun)[-1][1] is DraftState.PUBLISHED


def test_what_cannot_be_read_is_told_once(begun: World, web: Web) -> None:
    """A scan or a locked file in the draft's place changes nothing; the coordinators hear of it."""
    web.pages[ADDRESS] = b"Nothing that looks like a draft."
    look(begun, web)
    begun.pass_time(minutes=20)
    look(begun, web)
    assert [text for text in told(begun, "Ana") if "cannot read it" in text] == told(begun, "Ana")
    assert len(told(begun, "Ana")) == 1
    assert len(states(begun)) == 1


def test_looks_are_spread(begun: World, web: Web) -> None:
    """A look comes at the interval, a tenth earlier or later."""
    web.pages[ADDRESS] = written(FIRST)
    look(begun, web)
    pause = source(begun).next_at - begun.now
    assert dt.timedelta(minutes=13, seconds=30) <= pause <= dt.timedelta(minutes=16, seconds=30)


def test_unwatch(begun: World, web: Web) -> None:
    """What is unwatched is not looked at any more, and may be watched again."""
    assert "no longer look at source 1" in shown(begun.do(TABLE, "Ana", "unwatch 1"))
    look(begun, web)
    assert web.asked == []
    begun.do(TABLE, "Ana", f"watch {ADDRESS}")
    assert "docs.example.org/draft.txt" in shown(begun.do(TABLE, "Ana", "sources"))


def test_a_host_is_allowed_once_by_a_coordinator(world: World, web: Web) -> None:
    """The first address of a host asks; a second one does not; another host asks again."""
    with pytest.raises(NeedsYes, match="I would fetch from"):
        world.do(TABLE, "Ana", f"watch {ADDRESS}")
    assert world.read(lambda work: work.rows(Source)) == []
    world.do(TABLE, "Ana", f"watch {ADDRESS}", confirmed=True)
    world.do(TABLE, "Ana", "watch https://docs.example.org/other.txt")
    with pytest.raises(NeedsYes):
        world.do(TABLE, "Ana", "watch https://other.example.org/")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("watch", "Say it as"),
        ("watch draft.pdf", "Give a whole address"),
        ("watch ftp://example.org/x", "Give a whole address"),
        ("watch https://u:p@example.org/x", "Give a whole address"),
        ("watch https://example.org/x every 1m", "Every 5m to every 24h"),
        ("watch https://example.org/x every now", "as a length of time"),
        ("watch https://example.org/x https://example.org/y", "Say it as"),
        (f"watch {ADDRESS}", "is watched already"),
        ("unwatch", "Which one?"),
        ("unwatch 7", "Which one?"),
    ],
)
def test_slips(begun: World, words: str, answer: str) -> None:
    """Each slip is told in a sentence, and nothing is changed."""
    with pytest.raises(Refusal) as refused:
        begun.do(TABLE, "Ana", words)
    assert answer in shown_refusal(refused.value)
    assert len(begun.read(lambda work: work.rows(Source))) == 1


def shown_refusal(refusal: Refusal) -> str:
    """Give a refusal's sentence."""
    return plain_inline(refusal.phrase, Reader(ZoneInfo("UTC"), personal=True))


def test_two_coalitions_watch_apart(begun: World, web: Web) -> None:
    """What one coalition allowed and watches is nothing of the other's."""
    other = begun.found("Other", rooms={})

    def ask(work: Work) -> int:
        return len(work.rows(Source))

    assert (begun.read(ask), begun.read(ask, other)) == (1, 0)
    web.pages[ADDRESS] = written(MERGED)
    look(begun, web)
    assert begun.read(lambda work: len(work.rows(Draft)), other) == 0


def test_more_drafts_than_may_come_in_a_day_wait(begun: World, web: Web) -> None:
    """Nothing is lost: coordinators hear of it once, and a later look finds the draft when there is room again."""
    web.pages[ADDRESS] = written(SECOND)
    watch = Watch(begun.store, begun.clock, web, begun.store.write, Limits(drafts=1))
    for _ in range(2):
        begun.run(watch.drain())
        begun.pass_time(minutes=20)
    assert states(begun) == [("L.1", DraftState.PUBLISHED)]
    assert source(begun).trouble == "too-many-drafts"
    words = [words for words in told(begun, "Ana") if "within a day" in words]
    assert words == ["I took in 1 drafts within a day. What comes beside them waits until tomorrow, unless whoever "
                     "hosts me raises `most_drafts_a_day`."]  # fmt: skip
    begun.pass_time(days=1)
    begun.run(watch.drain())
    assert len(states(begun)) == 2
    assert source(begun).trouble == ""
