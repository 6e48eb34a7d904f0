"""What somebody typed, out of an event's content."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.matrix.wording import Said, read

ME, ANA, LUIS = "@dragoman:example.org", "@ana:example.org", "@luis:example.org"
NAMES = {ME: "Dragoman", ANA: "Ana", LUIS: "Luis Vega"}
PILL = '<a href="https://matrix.to/#/@luis:example.org">Luis Vega</a>'


def said(body: str, **others: Any) -> Said:
    """Read a text message; fails when it is none."""
    found = read({"msgtype": "m.text", "body": body, **others}, NAMES, ME)
    assert found is not None
    return found


def test_plain_words() -> None:
    """Words are words."""
    assert said("!take 27") == Said("!take 27")


def test_a_pill_is_an_account() -> None:
    """The display name in a pill is replaced by the account that it links to: names are not unique."""
    found = said("assign 3 Luis Vega by fri", formatted_body=f"assign <b>3</b> {PILL} by fri")
    assert found.words == f"assign 3 {LUIS} by fri"
    assert found.mentions == {LUIS: (LUIS,)}


def test_a_display_name_may_mean_several() -> None:
    """What is typed behind @ is looked up among those in the room, longest name first."""
    names = NAMES | {"@other:example.org": "luis vega"}
    found = read({"msgtype": "m.text", "body": "assign 3 @Luis Vega"}, names, ME)
    assert found is not None
    assert found.mentions == {"@Luis Vega": (LUIS, "@other:example.org")}


@pytest.mark.parametrize("front", ["Dragoman: ", "dragoman, ", "@Dragoman ", f"{ME} "])
def test_the_bots_name_at_the_front(front: str) -> None:
    """It is taken off, and means that the bot is meant."""
    found = said(f"{front}take 3")
    assert (found.words, found.names_bot) == ("take 3", True)


def test_a_name_that_merely_begins_like_the_bots() -> None:
    """Dragomans are people, too."""
    assert said("Dragomans are people") == Said("Dragomans are people")


def test_mentioned_in_the_event() -> None:
    """m.mentions means the bot wherever its name stands."""
    assert said("tell me, Dragoman", **{"m.mentions": {"user_ids": [ME]}}).names_bot


def test_a_reply_without_its_quotation() -> None:
    """The fallback of a reply is taken off, in plain words and in markup."""
    relation = {"m.in_reply_to": {"event_id": "$asked"}}
    body = "> <@luis:example.org> task 7\n> and 8\n\ndone"
    markup = f"<mx-reply><blockquote>{PILL} task 7</blockquote></mx-reply>done {PILL}"
    assert said(body, **{"m.relates_to": relation}) == Said("done", answers="$asked")
    assert said(body, formatted_body=markup, **{"m.relates_to": relation}).words == f"done {LUIS}"


def test_threads() -> None:
    """In a thread, the answer that clients without threads are shown is none."""
    relation = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    assert said("take 3", **{"m.relates_to": relation}) == Said("take 3", thread="$root")
    answer = relation | {"is_falling_back": False}
    assert said("take 3", **{"m.relates_to": answer}) == Said("take 3", answers="$last", thread="$root")


def test_an_edit() -> None:
    """The new content counts, and says what it takes the place of."""
    new = {"msgtype": "m.text", "body": "take 4"}
    relation = {"rel_type": "m.replace", "event_id": "$first"}
    assert said("* take 4", **{"m.new_content": new, "m.relates_to": relation}) == Said("take 4", corrects="$first")


FILE = {"url": "mxc://e/1", "key": {"k": "k"}, "hashes": {"sha256": "h"}, "iv": "i"}


def test_files() -> None:
    """A file alone has no words; with a caption it has; without encryption it is none."""
    alone = read({"msgtype": "m.file", "body": "rev2.pdf", "file": FILE}, NAMES, ME)
    kept = {"name": "rev2.pdf", "url": "mxc://e/1", "key": "k", "hash": "h", "iv": "i"}
    assert alone == Said("", file=kept)
    content = {"msgtype": "m.file", "body": "!draft add L.2", "filename": "rev2.pdf", "file": FILE}
    assert read(content, NAMES, ME) == Said("!draft add L.2", file=kept)
    assert read({"msgtype": "m.file", "body": "rev2.pdf", "url": "mxc://e/1"}, NAMES, ME) == Said("")


@pytest.mark.parametrize("kind", ["m.notice", "m.emote", "m.sticker", None, 3])
def test_what_is_nobodys_word(kind: object) -> None:
    """Notices are other bots'; what is malformed is nothing."""
    assert read({"msgtype": kind, "body": "take 3"}, NAMES, ME) is None


def test_deep_markup() -> None:
    """However deep the sender nests, the words are there or the plain body is."""
    deep = "<b>" * 5000 + PILL + "</b>" * 5000
    assert said("take 3", formatted_body=deep).words


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("msgtype", "body", "formatted_body", "m.relates_to", "m.new_content", "m.mentions", "file", "filename")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))
def test_no_content_raises(content: dict[str, Any]) -> None:
    """Whatever JSON somebody sends is read or is nothing."""
    for kind in ("m.text", "m.file"):
        found = read({"body": "x", **content, "msgtype": kind}, NAMES, ME)
        assert found is None or isinstance(found.words, str)


@given(st.text(), st.text())
def test_no_words_raise(body: str, markup: str) -> None:
    """Any text is read, with any markup that names somebody."""
    assert isinstance(said(body, formatted_body=f"{markup}{PILL}").words, str)
