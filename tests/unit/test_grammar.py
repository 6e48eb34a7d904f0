"""The grammar of arguments: what is written for people reads back the same, and nothing anybody types raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Arguments, Target, format_targets, read_arguments, read_targets


def article(first: str, last: str = "") -> Target:
    """Make a target of the kind that goes without saying."""
    return Target("article", first, last)


PREAMBLE = Target("preamble", "PREAMBLE")

SUFFIXES = ("bis", "ter", "quater", "quinquies", "ante", "alt", "A", "бис", "之二", "مكرر", "مكرر ثانيا", "bis A")

plain_numbers = st.integers(1, 999).map(str)
numbers = plain_numbers | st.builds("{} {}".format, plain_numbers, st.sampled_from(SUFFIXES))
numbers |= plain_numbers.map("ante {}".format)
numbers |= st.builds("{}{}".format, plain_numbers, st.sampled_from(("a", "b", "h", ".1", ".12")))
numbers |= st.sampled_from(["X", "IV", "A", "L.5", "L.5-1", "A1", "OP1", "PP12", "I-1", "X (2)", "53 (OPTION II)"])
romans = st.sampled_from(["I", "IV", "IX", "XII", "XL", "C"])
targets = st.one_of(
    st.just(PREAMBLE),
    st.builds(Target, st.sampled_from(["article", "rule", "regulation", "section"]), numbers, st.just("") | numbers),
    st.builds(Target, st.sampled_from(["chapter", "part", "annex"]), romans | plain_numbers),
    st.builds(Target, st.just("task"), plain_numbers),
)
names = st.from_regex(r"\A@[a-zé]([\w.’-]{0,8}\w)?\Z")
free_words = st.sampled_from(["call the missions", "Geneva, then Vienna", "draft a letter for Monday", "überprüfen"])
times = st.sampled_from(["fri", "tomorrow 18:00", "6 Feb 2024 09:00", "in 2h"])

# Known tokens, so that what is drawn often means something.
tokens = st.sampled_from(
    """article articles 24 5-9 , and preamble chapter IV by fri @Luis @Mei backup backup: to for bis task # 7 第二十四条
    المادة ٢٤ 2.5 12:30 24. - call @ annex & (option A) until
    5a A x X one premier бис 之二 مكرر L. 5-1 to [ ] I""".split()
)


@given(st.lists(targets, min_size=1, max_size=4).map(tuple))
def test_targets_read_back_the_same(given_targets: tuple[Target, ...]) -> None:
    """What is written for people means the same targets."""
    assert read_targets(format_targets(given_targets)) == (given_targets, "")


@given(
    st.one_of(
        st.builds(Arguments, st.lists(targets, min_size=1, max_size=3).map(tuple)),
        st.builds(Arguments, words=free_words),
    ),
    st.lists(names, max_size=2).map(tuple),
    st.none() | names,
    st.none() | times,
)
def test_arguments_read_back_the_same(
    what: Arguments, people: tuple[str, ...], backup: str | None, by: str | None
) -> None:
    """Targets or words, people, a backup and a time are found again."""
    whole = Arguments(what.targets, what.words, people, backup, by)
    assert read_arguments(str(whole)) == whole


@given(st.text(max_size=60) | st.lists(tokens, max_size=8).map(" ".join))
def test_nothing_raises_and_what_was_read_stands(typed: str) -> None:
    """Any text gives arguments; targets in it are real ones, which read back the same."""
    read = read_arguments(typed)
    assert read_targets(format_targets(read.targets)) == (read.targets, "")
    assert read.by != ""
    assert all(name.startswith("@") for name in read.people)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("24", (article("24"),)),
        ("24.", (article("24"),)),
        ("article 24!", (article("24"),)),
        ("articles 5-9, 12", (article("5", "9"), article("12"))),
        ("5 to 7 and the preamble", (article("5", "7"), PREAMBLE)),
        ("9bis", (article("9 bis"),)),
        ("Art. 9 TER", (article("9 ter"),)),
        ("chapter iv; annex II", (Target("chapter", "IV"), Target("annex", "II"))),
        ("rule 53 (option ii)", (Target("rule", "53 (OPTION II)"),)),
        ("rules 3 & 4", (Target("rule", "3"), Target("rule", "4"))),
        ("#7", (Target("task", "7"),)),
        ("artículos 5 y 6", (article("5"), article("6"))),
        ("المادة ٢٤", (article("24"),)),
        ("第二十四条", (article("24"),)),
        ("第一百零三条", (article("103"),)),
        ("статья 12", (article("12"),)),
        ("5a", (article("5a"),)),
        ("article 5 a", (article("5 A"),)),
        ("5-A, 5 B", (article("5 A"), article("5 B"))),
        ("article 24h", (article("24h"),)),
        ("статья 5 бис", (article("5 бис"),)),
        ("статьи 5 И 6", (article("5"), article("6"))),
        ("第五条之二", (article("5 之二"),)),
        ("第五條至第十條", (article("5", "10"),)),
        ("第5至10条", (article("5", "10"),)),
        ("第五条、第六条和第七条", (article("5"), article("6"), article("7"))),
        ("规则5", (Target("rule", "5"),)),
        ("المادّة ٥ مكرر", (article("5 مكرر"),)),
        ("المادة 5 و6", (article("5"), article("6"))),
        ("article x", (article("X"),)),
        ("articles A, B and [X]", (article("A"), article("B"), article("X"))),
        ("rule IV", (Target("rule", "IV"),)),
        ("Article One", (article("1"),)),
        ("article premier", (article("1"),)),
        ("المادة الأولى", (article("1"),)),
        ("[Article 5 bis]", (article("5 bis"),)),
        ("article 5 to article 7", (article("5", "7"),)),
        ("article 5-1", (article("5", "1"),)),
        ("articles 5-1 to 5-3", (article("5-1", "5-3"),)),
        ("article L. 5", (article("L.5"),)),
        ("rule 5.1", (Target("rule", "5.1"),)),
        ("section 5", (Target("section", "5"),)),
        ("annex 附件一", ()),
        ("附件一", (Target("annex", "1"),)),
        ("article X (2)", (article("X (2)"),)),
        ("OP1, pp 2 bis", (article("OP1"), article("PP2 bis"))),
        ("paragraphs 3-5", (Target("paragraph", "3", "5"),)),
        ("article one of us", ()),
        ("article a week", ()),
        ("art of war", ()),
        ("X", ()),
        ("one", ()),
        ("24h", ()),
        ("2.5", ()),
        ("12:30", ()),
        ("civil", ()),
        (f"task {'9' * 5000}", ()),
        (f"第{'9' * 5000}条", ()),
    ],
)
def test_targets_as_people_write_them(typed: str, meant: tuple[Target, ...]) -> None:
    """Several languages, ranges and lists; a duration, a time or a word is no article."""
    assert read_targets(typed) == (meant, "" if meant else typed)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("24 @Luis backup @Mei by fri", Arguments((article("24"),), "", ("@Luis",), "@Mei", "fri")),
        ("by fri @Luis 24", Arguments((article("24"),), "", ("@Luis",), None, "fri")),
        ("24 to @Luis, @Mei and @Ana.", Arguments((article("24"),), "", ("@Luis", "@Mei", "@Ana"))),
        ("24 to @Luis,@Mei, backup: @Ana.", Arguments((article("24"),), "", ("@Luis", "@Mei"), "@Ana")),
        ("24 @by @backup @Mei", Arguments((article("24"),), "", ("@by", "@backup", "@Mei"))),
        ("5-9 to @Luis", Arguments((article("5", "9"),), "", ("@Luis",))),
        ("call the 24 missions @Luis", Arguments((), "call the 24 missions", ("@Luis",))),
        ("answer by the chair by 18:00", Arguments((), "answer by the chair", (), None, "18:00")),
        ("24, 25 and the chair", Arguments((), "24, 25 and the chair")),
        ("article 24 please", Arguments((article("24"),), "please")),
        ("article 9 terms of use", Arguments((article("9"),), "terms of use")),
        ("article 5 бис @Luis", Arguments((article("5 бис"),), "", ("@Luis",))),
        ("5, 6 and I @Luis", Arguments((), "5, 6 and I", ("@Luis",))),
        ("article 3 I am away", Arguments((article("3"),), "I am away")),
        ("article 3 B I am away", Arguments((article("3 B"),), "I am away")),
        ("article 3 A @Luis", Arguments((article("3 A"),), "", ("@Luis",))),
        ("article 5, A hall", Arguments((article("5"),), ", A hall")),
        ("24 by @Luis", Arguments((article("24"),), "", ("@Luis",))),
        ("write to ana@example.org", Arguments((), "write to ana@example.org")),
        ("", Arguments()),
    ],
)
def test_arguments_as_people_write_them(typed: str, read: Arguments) -> None:
    """The order is free, a number in a sentence is no article, and an address is no person."""
    assert read_arguments(typed) == read
    assert read_arguments(str(read)) == read
