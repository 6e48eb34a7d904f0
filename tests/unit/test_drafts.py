"""Drafts through their verbs: read, previewed, published, withdrawn; who hears of what, and what is shown of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from bot.commands import CommandTable, NeedsYes, Refusal
from bot.drafts import text_of
from bot.finding import find_words, folded
from bot.grammar import Target
from bot.ingest import Ingest
from bot.invocation import Attachment
from bot.message import Message
from bot.ownalerts import fitting
from bot.plain import Reader, plain_inline
from bot.provisions import by_lineage, current_draft, current_provisions, resolve, title
from bot.publishing import record
from bot.texts.compare import compare
from bot.texts.document import Document
from bot.texts.read import read
from handlers import drafts, texts
from storage.tables import (
    Draft,
    DraftState,
    Label,
    Lane,
    Meeting,
    Member,
    Notice,
    NoticeKind,
    NoticeState,
    OnTable,
    Provision,
    Review,
    Role,
    Session,
    Task,
    TaskState,
    Verdict,
)  # fmt: skip
from storage.work import Work
from tests.conftest import NOW, PEOPLE, World, shown

TABLE = CommandTable((*drafts.VERBS, *texts.VERBS))

PURPOSE = "1. This Convention protects persons whose data are asked for across a border by another State."
COURT = "1. Each State Party {shall} require prior judicial authorization before any content of messages is handed on."
COSTS = "1. The ordinary costs of a request are borne by the requested State unless both agree otherwise in writing."
PRESS = "1. Journalists keep the confidence of their sources, and no request may be made in order to identify one."
RIGHTS = "4. Persons concerned are told of the request in a language that they understand, without undue delay."
DATA = "1. Personal data are kept no longer than the purpose of the request needs, and are then erased for good."
ENTRY = "1. This Convention enters into force on the first day of the month after the twentieth ratification of it."
HUMAN = "1. Nothing here lets a State set aside a human right that binds it under any other treaty or custom."

FIRST = (
    ("Purpose", PURPOSE),
    ("Court", COURT.format(shall="shall")),
    ("Costs", COSTS),
    ("Press", PRESS),
    ("Data", f"{DATA}\n\n{RIGHTS}"),
    ("Entry into force", ENTRY),
)
SECOND = (
    ("Purpose", PURPOSE),
    ("Human rights", HUMAN),
    ("Court", COURT.format(shall="may")),
    ("Costs", COSTS),
    ("Data", DATA),
    ("Rights of persons", RIGHTS.replace("4.", "1.")),
    ("Entry into force", f"[{ENTRY}]"),
)
"""Human rights are new, Court changed, Costs have another number, Press is gone, Data were split; 6 has a bracket."""
MERGED = (*FIRST[:2], ("Costs", f"{COSTS}\n\n{PRESS.replace('1.', '2.')}"), *FIRST[4:])
PLENARY = dt.datetime(2024, 1, 30, 15, tzinfo=dt.UTC)
"""Tuesday 10:00 in New York."""


def written(articles: Sequence[tuple[str, str]]) -> bytes:
    """Write articles as the text of a draft."""
    lines = [f"Article {number}\n{heading}\n\n{body}\n" for number, (heading, body) in enumerate(articles, 1)]
    return "\n".join(lines).encode()


def add(world: World, symbol: str, content: bytes, dated: str = "20 Jan 2024") -> str:
    """Add a draft as Ana, have it read, and give what she is then told."""
    before = len(told(world, "Ana"))
    file = Attachment("draft.txt", content)
    assert world.do(TABLE, "Ana", f"draft add {symbol} dated {dated}", attachments=(file,)) is None
    assert world.run(Ingest(world.store, world.clock, world.store.write).drain())
    (answer,) = told(world, "Ana")[before:]
    return answer


def publish(world: World, symbol: str, articles: Sequence[tuple[str, str]], dated: str = "20 Jan 2024") -> None:
    """Add and publish a draft."""
    add(world, symbol, written(articles), dated)
    world.do(TABLE, "Ana", "draft publish", confirmed=True)


def lay(world: World, symbol: str, articles: Sequence[tuple[str, str]]) -> None:
    """Put a first draft in force, as a loaded one is."""
    document = read(written(articles), symbol)

    def act(work: Work) -> None:
        record(work, text_of(work, "Convention"), symbol, dt.date(2024, 1, 20), "en", document, None, world.now)

    world.write(act)


def own(world: World, label: str, lead: str, backup: str | None = None, **fields: object) -> None:
    """Give an article to a lead, who accepted it."""
    lead_id, backup_id = world.member_id(lead), world.member_id(backup) if backup else None

    def act(work: Work) -> None:
        row = next(row for row in current_provisions(work) if row.label == label)
        task = Task(
            coalition_id=work.tenant, number=len(work.rows(Task)) + 1, lineage_id=row.lineage_id, lead_id=lead_id,
            backup_id=backup_id, accepted_at=world.now,
        )  # fmt: skip
        for name, value in fields.items():
            setattr(task, name, value)
        work.put(task)

    world.write(act)


def notices(world: World, alias: str) -> list[Notice]:
    """Give what is owed to a member, in order."""
    member_id = world.member_id(alias)

    def ask(work: Work) -> list[Notice]:
        lane = work.first(Lane, col(Lane.member_id) == member_id)
        return work.rows(Notice, Notice.lane_id == lane.id) if lane else []

    return world.read(ask)


def told(world: World, alias: str) -> list[str]:
    """Give what a member is told, as they see it."""
    return [shown(Message.from_data(row.content or {}), PEOPLE[alias][1]) for row in notices(world, alias)]


def room_told(world: World, name: str) -> list[str]:
    """Give what a room is told, as one reader in UTC sees it."""
    room_id = world.room_id(name)

    def ask(work: Work) -> list[Notice]:
        lane = work.first(Lane, col(Lane.room_id) == room_id)
        return work.rows(Notice, Notice.lane_id == lane.id) if lane else []

    return [shown(Message.from_data(row.content or {})) for row in world.read(ask)]


def tasks(world: World) -> dict[str, tuple[TaskState, dt.datetime | None]]:
    """Give state and due time of each task by what its provision is called now, or by its number."""

    def ask(work: Work) -> dict[str, tuple[TaskState, dt.datetime | None]]:
        names = by_lineage(current_provisions(work))
        return {
            title(names[row.lineage_id]) if row.lineage_id in names else f"task {row.number}": (row.state, row.due)
            for row in work.rows(Task)
        }

    return world.read(ask)


def asked(world: World, words: str, problem: type[NeedsYes | Refusal] = Refusal) -> str:
    """Give the sentence with which a command of Ana's is refused or held."""
    with pytest.raises(problem) as held:
        world.do(TABLE, "Ana", words)
    assert isinstance(held.value, NeedsYes | Refusal)
    return plain_inline(held.value.phrase, Reader(ZoneInfo("UTC"), personal=True))


def leave(world: World, alias: str) -> None:
    """Let all that is owed to a member leave."""
    ids = [row.id for row in notices(world, alias)]

    def act(work: Work) -> None:
        for row in work.rows(Notice, col(Notice.id).in_(ids)):
            row.state = NoticeState.SENT

    world.write(act)


@pytest.fixture
def begun(world: World) -> World:
    """Give a world whose first draft is in force: Luis has 2 and 3, Mei 4 and 5, nobody 6; 2 and 5 meet tomorrow."""
    lay(world, "L.1", FIRST)
    for label, lead in (("2", "Luis"), ("3", "Luis"), ("4", "Mei"), ("5", "Mei")):
        own(world, label, lead)

    def act(work: Work) -> None:
        session = work.put(Session(coalition_id=work.tenant, name="Session", timezone="America/New_York"))
        rows = {row.label: row.lineage_id for row in current_provisions(work)}
        for key, start, labels in (("past", NOW, ()), ("plenary", PLENARY, ("2", "5"))):
            meeting = work.put(
                Meeting(
                    coalition_id=work.tenant, session_id=session.id, key=key, title="Plenary", starts_at=start,
                    ends_at=start + dt.timedelta(hours=3),
                )
            )  # fmt: skip
            for label in labels:
                target = f"article {label}"
                work.put(
                    OnTable(coalition_id=work.tenant, meeting_id=meeting.id, target=target, lineage_id=rows[label])
                )

    world.write(act)
    return world


def test_a_draft_comes_with_its_file(world: World) -> None:
    """Without a file, or with several, or a date nobody can read, the answer says what to do."""
    assert asked(world, "draft add L.1") == (
        "Attach the draft to the same message, as PDF or text. In the terminal: `:attach FILE` first."
    )
    assert asked(world, "draft add").startswith("Give the symbol that is printed on the draft")
    assert asked(world, "draft publish").startswith("No draft waits to be published.")
    file = Attachment("draft.txt", written(FIRST))
    with pytest.raises(Refusal, match="one file"):
        world.do(TABLE, "Ana", "draft add L.1", attachments=(file, file))
    with pytest.raises(Refusal, match="as a day"):
        world.do(TABLE, "Ana", "draft add L.1 dated someday", attachments=(file,))


def test_the_first_draft_has_nothing_to_compare_with(world: World) -> None:
    """It is previewed to the coordinator alone, closed until it is published."""
    assert add(world, "L.1", written(FIRST)) == (
        "Read: L.1, dated 2024-01-20\n"
        "6 provisions, brackets 0. It is the first draft: there is nothing to compare it with.\n"
        "Publishing tells 0 people, 1 room.\n"
        "It is closed until a coordinator says `draft publish`.\n"
        "`draft publish`"
    )
    (preview,) = notices(world, "Ana")
    assert (preview.kind, preview.label) == (NoticeKind.REPLY, Label.CLOSED)
    assert world.read(current_draft) is None
    assert asked(world, "draft publish", NeedsYes) == (
        "Publishing L.1, dated 2024-01-20, tells 0 people, 1 room. Say `yes` to publish it."
    )


def test_a_preview_says_whose_articles_change(begun: World) -> None:
    """Counts, names and numbers as they will be; publishing asks with the same number of people."""
    assert add(begun, "L.2", written(SECOND)) == (
        "Read: L.2, dated 2024-01-20\n"
        "7 provisions, brackets 0 → 1.\n"
        "Against L.1: 2 changed, 1 new, 1 gone, 1 split, 1 with new numbers only, 1 unchanged.\n"
        "- Changed: 3 (was 2), 7 (was 6)\n"
        "- Article 2 is new: Human rights\n"
        "- Article 4 is gone: Press\n"
        "- Article 5 is now 5, 6: Data\n"
        "Whose provisions these are:\n"
        "- @Luis: 3\n"
        "- @Mei: old 4 (gone), 5, 6\n"
        "- Nobody: 2, 7\n"
        "Publishing tells 3 people, 1 room.\n"
        "It is closed until a coordinator says `draft publish`.\n"
        "`draft publish`"
    )


def test_each_owner_learns_of_their_own_only(begun: World) -> None:
    """One message a person, with their redline, what must not be overlooked, and by when to look."""
    begun.pass_time(hours=1)
    publish(begun, "L.2", SECOND)
    (luis,) = told(begun, "Luis")
    lines = luis.split("\n")
    assert "Each State Party ~~shall~~ **may** require prior judicial authorization" in lines.pop(3)
    assert lines == [
        "New text: your article 2 is now 3",
        "L.2, seen Mon 29 Jan 09:00 New York",
        "Court",
        "“shall” became “may”.",
        "On the floor Tue 30 Jan 10:00 New York. Please look by Tue 30 Jan 09:00 New York.",
        "`stands 3` · `review 3` · `release 3` · `diff 3`",
        "Your other one: numbering only (article 3 is now 4).",
    ]
    (mei,) = told(begun, "Mei")
    assert mei.startswith("New text: 2 of your provisions changed\nL.2, seen Mon 29 Jan 22:00 Singapore\n")
    assert "Article 4 is gone: Press. Your task 3 is closed." in mei
    assert "6 is yours too, as task 5; `release 6` gives it back." in mei
    assert "judicial" not in mei


def test_rooms_hear_once_and_coordinators_of_what_nobody_owns(begun: World) -> None:
    """The alerts room gets one public summary, the coordinator the list of what needs an owner."""
    publish(begun, "L.2", SECOND)
    assert room_told(begun, "team") == [
        "New text: L.2\n"
        "2024-01-20, after L.1: 7 provisions, brackets 0 → 1.\n"
        "2 changed, 1 new, 1 gone, 1 split, 1 with new numbers only, 1 unchanged.\n"
        "- Changed: 3 (was 2), 7 (was 6)\n"
        "- Article 2 is new: Human rights\n"
        "- Article 4 is gone: Press\n"
        "- Article 5 is now 5, 6: Data\n"
        "Owners of changed provisions are told in person. `diff` lists the changes, `diff ARTICLE` shows one."
    ]
    assert room_told(begun, "hall") == []
    assert told(begun, "Ana")[-1] == (
        "2 provisions of L.2 changed and have no owner\n"
        "- Article 2 is new: Human rights\n"
        "- Article 6 is now 7: Entry into force\n"
        "Next: `assign 2 @NAME`, or `take 2`."
    )


def test_tasks_follow_the_text(begun: World) -> None:
    """Changed ones go stale, due an hour before the meeting; a part gets a task, what is gone is closed."""
    publish(begun, "L.2", SECOND)
    hour_before = PLENARY - dt.timedelta(hours=1)
    assert tasks(begun) == {
        "article 3": (TaskState.STALE, hour_before),
        "article 4": (TaskState.OPEN, None),
        "task 3": (TaskState.CANCELLED, None),
        "article 5": (TaskState.STALE, hour_before),
        "article 6": (TaskState.OPEN, hour_before),
    }


def test_a_chosen_due_time_that_is_ahead_stays(begun: World) -> None:
    """New text does not overrule the time that a person gave."""
    chosen = PLENARY - dt.timedelta(hours=5)
    own(begun, "6", "Luis", due=chosen, due_chosen=True)
    publish(begun, "L.2", SECOND)
    assert tasks(begun)["article 7"] == (TaskState.STALE, chosen)


def test_what_takes_another_up_keeps_one_task(world: World) -> None:
    """Of two merged articles the task of the first goes on; the other owner is told who has it."""
    lay(world, "L.1", FIRST)
    own(world, "3", "Luis")
    own(world, "4", "Mei")
    publish(world, "L.2", MERGED)
    assert tasks(world) == {"article 3": (TaskState.STALE, None), "task 2": (TaskState.CANCELLED, None)}
    assert "Your task 2 is closed: @Luis has 3." in told(world, "Mei")[-1]


def test_an_owner_of_both_merged_articles_reads_of_them_once(world: World) -> None:
    """One redline, one line on the task that is closed, and one provision in the headline."""
    lay(world, "L.1", FIRST)
    own(world, "3", "Luis")
    own(world, "4", "Luis")
    publish(world, "L.2", MERGED)
    (luis,) = told(world, "Luis")
    assert luis.startswith("New text: your articles 3, 4 are now one, 3\n")
    assert luis.count("are now one") == 2
    assert luis.count("confidence of") == 1
    assert "\nYour task 2 is closed: article 4 is part of 3 now.\n`stands 3`" in luis


def test_an_owner_of_one_merged_article_reads_of_that(world: World) -> None:
    """The headline does not give them what is somebody else's, or nobody's."""
    lay(world, "L.1", FIRST)
    own(world, "4", "Mei")
    publish(world, "L.2", MERGED)
    assert told(world, "Mei")[-1].startswith("New text: your article 4 was merged with 3\n")


def test_a_merger_counts_once_in_the_headline(world: World) -> None:
    """Two old articles in one new one are one provision that changed."""
    lay(world, "L.1", FIRST)
    for label in ("2", "3", "4"):
        own(world, label, "Luis")
    publish(world, "L.2", (FIRST[0], ("Court", COURT.format(shall="may")), *MERGED[2:]))
    assert told(world, "Luis")[-1].startswith("New text: 2 of your provisions changed\n")


def test_an_article_that_gets_its_first_heading(world: World) -> None:
    """There is no old heading to quote."""
    lay(world, "L.1", (*FIRST[:2], ("", COSTS), *FIRST[3:]))
    own(world, "3", "Luis")
    publish(world, "L.2", (*FIRST[:2], ("Costs", COSTS.replace("ordinary", "usual")), *FIRST[3:]))
    assert "It had no heading before." in told(world, "Luis")[-1]


def test_the_task_of_what_was_taken_up_moves_where_there_is_none(world: World) -> None:
    """With nobody on the first of two merged articles, the other's task points at what there is now."""
    lay(world, "L.1", FIRST)
    own(world, "4", "Mei", state=TaskState.DONE)
    publish(world, "L.2", MERGED)
    assert tasks(world) == {"article 3": (TaskState.STALE, None)}
    assert "`stands 3`" in told(world, "Mei")[-1]


def test_what_comes_back_is_the_same_provision(begun: World) -> None:
    """An article that was deleted and returns word for word has its old identity."""

    def press(work: Work) -> int | None:
        return next(row.lineage_id for row in current_provisions(work) if row.heading == "Press")

    before = begun.read(press)
    publish(begun, "L.2", SECOND)
    publish(begun, "L.3", (*SECOND, ("Press", PRESS)))
    assert begun.read(press) == before


def test_the_backup_hears_when_the_lead_sleeps_and_the_meeting_is_near(begun: World) -> None:
    """Within eight hours of the meeting an alert does not wait for the lead to wake."""
    own(begun, "6", "Luis")

    def act(work: Work) -> None:
        task = work.rows(Task)[0]
        task.backup_id = next(row.id for row in work.rows(Member) if row.alias == "Mei")

    begun.write(act)
    begun.clock.advance_to(PLENARY - dt.timedelta(hours=5))
    publish(begun, "L.2", SECOND)
    assert (
        "You hear this as backup: @Luis is asleep and the meeting is near.\nArticle 2 is now 3: Court"
        in told(begun, "Mei")[-1]
    )
    assert told(begun, "Luis")[-1].startswith("New text: 2 of your provisions changed")


def test_withdrawing_restores_and_corrects_exactly_those_told(begun: World) -> None:
    """Tasks and times are as before; who was told is told once more, who was not never hears of it."""
    before = tasks(begun)
    publish(begun, "L.2", SECOND)
    leave(begun, "Luis")
    assert asked(begun, "draft withdraw", NeedsYes) == (
        "Withdrawing L.2: L.1 is the current draft again, tasks and times as before; 1 person or room is told. "
        "Say `yes` to do it."
    )
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    after = tasks(begun)
    assert after.pop("task 5") == (TaskState.CANCELLED, None)
    assert after == before
    assert told(begun, "Luis")[-1] == (
        "Withdrawn: L.2\n"
        "Please disregard what I said about it. L.1 is the current draft again.\n"
        "Your tasks and their times are as they were: `tasks` shows them."
    )
    assert [row.state for row in notices(begun, "Mei")] == [NoticeState.CANCELLED]
    assert len(notices(begun, "Luis")) == 2


def test_tasks_on_what_only_the_withdrawn_draft_has_are_told(begun: World) -> None:
    """They stay open without a text: the one who has one and the coordinators hear so, alerted or not."""
    publish(begun, "L.2", SECOND)
    own(begun, "2", "Mei")
    for alias in ("Luis", "Ana"):
        leave(begun, alias)
    assert asked(begun, "draft withdraw", NeedsYes) == (
        "Withdrawing L.2: L.1 is the current draft again, tasks and times as before; 1 task stays open without a text "
        "(article 2 (Human rights)); 3 people and rooms are told. Say `yes` to do it."
    )
    answer = shown(begun.do(TABLE, "Ana", "draft withdraw", confirmed=True))
    assert answer.endswith("Told: 3 people. `draft publish L.2` brings it back.")
    assert told(begun, "Mei")[-1] == (
        "Withdrawn: L.2\n"
        "L.1 is the current draft again.\n"
        "You still have article 2 (withdrawn), of which there is no text now: `release task 6` ends that."
    )
    assert told(begun, "Luis")[-1].endswith("\nYour tasks and their times are as they were: `tasks` shows them.")
    assert told(begun, "Ana")[-1] == (
        "Withdrawn: L.2\n"
        "Please disregard what I said about it. L.1 is the current draft again.\n"
        "Open tasks of which there is no text now:\n"
        "- @Mei: article 2 (withdrawn)\n"
        "All other tasks and their times are as they were: `tasks` shows yours."
    )


def test_withdrawing_the_only_draft_says_what_becomes_of_its_tasks(begun: World) -> None:
    """None of them has a text then, and the names they had in force last stay whole."""
    publish(begun, "L.2", SECOND)
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    assert asked(begun, "draft withdraw", NeedsYes) == (
        "Withdrawing L.1: there is no draft then; 4 tasks stay open without a text (articles 2-5); "
        "3 people and rooms are told. Say `yes` to do it."
    )
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    assert told(begun, "Luis")[-1] == (
        "Withdrawn: L.1\n"
        "There is no current draft now.\n"
        "You still have article 2 (withdrawn), article 3 (withdrawn), of which there is no text now: "
        "`release task 1, task 2` ends that."
    )


def test_a_withdrawn_draft_is_brought_back_by_its_symbol(begun: World) -> None:
    """With another one waiting, a bare `draft publish` would take that."""
    publish(begun, "L.2", SECOND)
    answer = shown(begun.do(TABLE, "Ana", "draft withdraw", confirmed=True))
    assert "`draft publish L.2` brings it back." in answer
    add(begun, "L.3", written(MERGED))
    begun.do(TABLE, "Ana", "draft publish L.2", confirmed=True)
    current = begun.read(current_draft)
    assert current is not None
    assert current.symbol == "L.2"


def test_options_are_what_a_bare_number_may_mean() -> None:
    """Of an article that is there twice both are named, and a run takes both."""
    labels = ("12", "13", "53 (OPTION I)", "53 (OPTION II)", "54")
    rows = [
        Provision(id=at, coalition_id=1, draft_id=1, ordinal=at, label=label, kind="article")
        for at, label in enumerate(labels)
    ]
    with pytest.raises(Refusal) as refused:
        resolve(rows, [Target("article", "53")])
    assert plain_inline(refused.value.phrase, Reader(ZoneInfo("UTC"))) == (
        "This draft has more than one article 53: 53 (OPTION I), 53 (OPTION II). Name one of them."
    )
    for first, last in (("13", "53"), ("53", "13"), ("13", "53 (OPTION II)")):
        assert [row.label for row in resolve(rows, [Target("article", first, last)])] == list(labels[1:4])
    assert [row.label for row in resolve(rows, [Target("article", "53", "54")])] == list(labels[2:])
    assert [row.label for row in resolve(rows, [Target("article", "53 (OPTION I)")])] == ["53 (OPTION I)"]


def test_a_withdrawn_draft_can_be_published_again(begun: World) -> None:
    """The second time the same people hear, once, and the parts keep who they are."""
    publish(begun, "L.2", SECOND)
    lineages = begun.read(lambda work: [row.lineage_id for row in current_provisions(work)])
    leave(begun, "Luis")
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    begun.do(TABLE, "Ana", "draft publish", confirmed=True)
    assert begun.read(lambda work: [row.lineage_id for row in current_provisions(work)]) == lineages
    assert [row.state for row in notices(begun, "Mei")] == [NoticeState.CANCELLED, NoticeState.PLANNED]
    assert told(begun, "Luis")[2] == told(begun, "Luis")[0]
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    assert [row.state for row in notices(begun, "Mei")] == [NoticeState.CANCELLED] * 2


def test_what_was_settled_on_the_withdrawn_text_is_open_again(begun: World) -> None:
    """Who looked at the wrong draft has not looked; whom the task was given to since keeps it."""
    before = tasks(begun)["article 2"][0]
    publish(begun, "L.2", SECOND)
    mei = begun.member_id("Mei")

    def act(work: Work) -> None:
        task = work.rows(Task)[0]
        task.state, task.backup_id = TaskState.DONE, mei

    begun.write(act)
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    assert tasks(begun)["article 2"][0] is before
    assert begun.read(lambda work: work.rows(Task)[0].backup_id) == mei


def test_the_same_text_twice_changes_nothing(begun: World) -> None:
    """Another file with the same articles is refused in one sentence."""
    content = written(FIRST).replace(b"\n\n", b"\n\n\n")
    assert add(begun, "L.1/Corr.1", content) == ("L.1/Corr.1 is word for word the current draft, L.1: nothing changes.")
    assert begun.read(lambda work: [row.state for row in work.rows(Draft)]) == [
        DraftState.PUBLISHED,
        DraftState.REFUSED,
    ]


@pytest.mark.parametrize("content", [b"", b"Nothing here is an article.\n", b"%PDF-1.7 and then noise"])
def test_what_cannot_be_read_leaves_the_current_draft(begun: World, content: bytes) -> None:
    """An empty, article-less or broken file is refused with its reason."""
    answer = add(begun, "L.2", content)
    assert re.fullmatch(r"I did not take L\.2: .+[.?] The current draft stays L\.1\.", answer)
    current = begun.read(current_draft)
    assert current is not None
    assert current.symbol == "L.1"


def test_a_reader_that_breaks_stops_nothing(begun: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens while a file is read, its coordinator is answered, once, and the next draft is read."""

    async def breaking(data: bytes, name: str) -> Document:
        raise KeyError(name)

    with monkeypatch.context() as patched:
        patched.setattr("bot.ingest.read_file", breaking)
        answer = add(begun, "L.2", written(SECOND))
    assert answer == (
        "I did not take L.2: something went wrong while it was read (code `KeyError-2`). The current draft stays L.1."
    )
    assert "Against L.1" in add(begun, "L.2", written(SECOND))


def test_a_preview_names_what_looks_wrong(begun: World) -> None:
    """An older date, another symbol in the file and mostly new articles are worth a second look."""
    other = [(f"Matter {n}", f"1. {word} " * 12) for n, word in enumerate(("Alpha", "Beta", "Gamma", "Delta", "Eta"))]
    answer = add(begun, "L.2", b"A/CONF.9/L.7\n\n" + written(other), "5 Jan 2024")
    assert (
        "This looks wrong:\n"
        "- The file itself says A/CONF.9/L.7.\n"
        "- It is older than the current draft, of 2024-01-20.\n"
        "- 5 of 5 provisions are new.\n"
        "- 6 of 6 provisions are gone.\n"
    ) in answer


def test_a_preview_is_made_anew_when_another_draft_came_first(begun: World) -> None:
    """A draft that was compared with one no longer in force is not published on that comparison."""
    add(begun, "L.2", written(SECOND))
    add(begun, "L.3", written(MERGED))
    begun.do(TABLE, "Ana", "draft publish L.2", confirmed=True)
    answer = shown(begun.do(TABLE, "Ana", "draft publish", confirmed=True))
    assert answer == "The current draft has changed since. I compare L.3 with it and send the preview."
    assert begun.run(Ingest(begun.store, begun.clock, begun.store.write).drain())
    assert "Against L.2:" in told(begun, "Ana")[-1]


def test_loaded_drafts_are_published_without_alerts(world: World) -> None:
    """What a file brings is in force, with lineages carried on, and nobody hears of it."""
    old, new = (read(written(articles), "x") for articles in (FIRST, SECOND))

    def act(work: Work) -> None:
        text = text_of(work, "Convention")
        record(work, text, "L.1", NOW.date(), "en", old, None, NOW)
        record(work, text, "L.2", NOW.date(), "en", new, compare(old, new), NOW)

    world.write(act)
    assert world.read(lambda work: work.rows(Notice)) == []
    rows = world.read(lambda work: {row.label: row.lineage_id for row in current_provisions(work)})
    first = world.read(lambda work: [row.lineage_id for row in work.rows(Provision)][:6])
    assert [rows["1"], rows["3"], rows["4"], rows["5"], rows["7"]] == [first[at] for at in (0, 1, 2, 4, 5)]
    assert len(set(rows.values())) == 7


def test_an_article_shows_its_owner_reviews_and_history(begun: World) -> None:
    """A closed note is read in a direct chat and only counted in the room; an observer sees the text alone."""
    luis = begun.member_id("Luis")

    def act(work: Work) -> None:
        row = next(row for row in current_provisions(work) if row.label == "2")
        assert row.lineage_id is not None
        work.put(
            Review(
                coalition_id=work.tenant, lineage_id=row.lineage_id, draft_id=row.draft_id, member_id=luis,
                verdict=Verdict.CONCERN, note="Ask the delegates", label=Label.CLOSED, reviewed_at=NOW,
            )
        )  # fmt: skip

    begun.write(act)
    publish(begun, "L.2", SECOND)
    direct = shown(begun.do(TABLE, "Ana", "article 3"))
    assert "@Luis on L.1: concern, “Ask the delegates”" in direct
    assert "Owner @Luis, changed since, to be looked at again, due Tue 30 Jan" in direct
    assert direct.endswith("History: L.1: article 2; L.2: article 3, changed.")
    room = shown(begun.do(TABLE, "Ana", "article 3", "team"))
    assert "@Luis on L.1: concern\n1 note is too sensitive for this place: ask me in a direct chat." in room

    def demote(work: Work) -> None:
        work.row(Member, luis).role = Role.OBSERVER

    begun.write(demote)
    seen = shown(begun.do(TABLE, "Luis", "article 3"))
    assert "may require prior judicial authorization" in seen
    assert "Luis" not in seen


def reviewed_by(world: World, alias: str, label: str, verdict: Verdict) -> None:
    """Put a member's review on a provision of the current draft."""
    member_id = world.member_id(alias)

    def act(work: Work) -> None:
        row = next(row for row in current_provisions(work) if row.label == label)
        work.put(
            Review(
                coalition_id=work.tenant, lineage_id=row.lineage_id or 0, draft_id=row.draft_id, member_id=member_id,
                verdict=verdict, reviewed_at=NOW,
            )
        )  # fmt: skip

    world.write(act)


def history(world: World, words: str) -> str:
    """Give what `article` says of a provision's way through the drafts."""
    return shown(world.do(TABLE, "Ana", words)).rpartition("\n")[2]


def test_the_history_of_an_article_goes_through_splits_and_merges(begun: World) -> None:
    """A part shows what it was split from, a whole what it took up, each with the reviews made on it there."""
    reviewed_by(begun, "Mei", "5", Verdict.SUPPORT)
    publish(begun, "L.2", SECOND)
    assert history(begun, "article 5") == "History: L.1: article 5; L.2: article 5, split into articles 5, 6."
    assert history(begun, "article 6") == "History: L.1: article 5; L.2: article 6, split from article 5."
    assert "@Mei on article 5 of L.1: support" in shown(begun.do(TABLE, "Ana", "article 6"))
    assert "@Mei on L.1: support" in shown(begun.do(TABLE, "Ana", "article 5"))
    reviewed_by(begun, "Luis", "6", Verdict.OPPOSE)
    third = (*SECOND[1:4], ("Data", f"{DATA}\n\n{RIGHTS.replace('4.', '2.')}"), SECOND[6], ("Press", PRESS))
    publish(begun, "L.3", third)
    assert history(begun, "article 4") == (
        "History: L.1: article 5; L.2: article 5, split into articles 5, 6 and article 6, split from article 5; "
        "L.3: article 4, merged from articles 5, 6."
    )
    reviews = [line for line in shown(begun.do(TABLE, "Ana", "article 4")).split("\n") if line.startswith("@")]
    assert reviews == ["@Mei on L.1: support", "@Luis on article 6 of L.2: oppose"]
    assert history(begun, "article 6") == "History: L.1: article 4; L.3: article 6, back again."


def test_drafts_shows_each_reader_what_is_theirs(begun: World) -> None:
    """A draft that was not published is the coordinators'; one that was withdrawn the members'."""
    publish(begun, "L.2", SECOND)
    begun.do(TABLE, "Ana", "draft withdraw", confirmed=True)
    add(begun, "L.3", written(MERGED))
    assert shown(begun.do(TABLE, "Ana", "drafts")) == (
        "Draft: L.1; Date: 2024-01-20; State: current; Provisions: 6; Brackets: 0; Agreed: 0\n"
        "Draft: L.2; Date: 2024-01-20; State: withdrawn; Provisions: 7; Brackets: 1; Agreed: 0\n"
        "Draft: L.3; Date: 2024-01-20; State: waits for `draft publish`; Provisions: 5; Brackets: 0; Agreed: 0\n"
        "`diff`"
    )
    assert "L.3" not in shown(begun.do(TABLE, "Luis", "drafts"))
    assert "L.3" not in shown(begun.do(TABLE, "Ana", "drafts", "team"))
    public = shown(begun.do(TABLE, "Ana", "drafts", "hall"))
    assert "L.1" in public
    assert "L.2" not in public


def test_what_is_agreed_is_kept_and_shown_with_its_trend(begun: World) -> None:
    """Totals of brackets and agreed provisions stand against the draft before; who came and who went is named."""
    note = "[agreed ad referendum]\n"
    before = [(heading, f"{note}{body}" if heading in ("Costs", "Press") else body) for heading, body in FIRST]
    after = [(heading, f"{note}{body}" if heading in ("Purpose", "Costs") else body) for heading, body in FIRST]
    add(begun, "L.2", written(before))
    begun.do(TABLE, "Ana", "draft publish", confirmed=True)
    preview = add(begun, "L.3", written([*after[:4], ("Data", f"[{DATA}]\n\n[agreed] {RIGHTS}"), after[5]])).split("\n")
    assert preview[1:5] == [
        "6 provisions, brackets 0 → 1, agreed 2 → 2.",
        "Against L.2: 1 changed, 5 unchanged.",
        "- Changed: 5",
        "- Noted as agreed now: 1",
    ]
    assert preview[5] == "- No longer noted as agreed: 4"
    begun.do(TABLE, "Ana", "draft publish", confirmed=True)
    assert room_told(begun, "team")[-1].split("\n")[1] == (
        "2024-01-20, after L.2: 6 provisions, brackets 0 → 1, agreed 2 → 2."
    )
    assert "L.3 against L.2: brackets 0 → 1, agreed 2 → 2." in shown(begun.do(TABLE, "Luis", "drafts"))
    assert "\nAs it stands: brackets 1, noted as agreed in part.\n" in shown(begun.do(TABLE, "Luis", "article 5"))
    assert "\nAs it stands: noted as agreed ad referendum.\n" in shown(begun.do(TABLE, "Luis", "article 1"))
    assert shown(begun.do(TABLE, "Luis", "diff 4")).endswith("\nAs it stands: no longer noted as agreed.")
    assert "now noted as agreed in part." in told(begun, "Mei")[-1]


def test_diff_shows_one_article_whole_and_any_two_drafts(begun: World) -> None:
    """Numbers are the new draft's, else the old one's; drafts can be named in either order."""
    publish(begun, "L.2", SECOND)
    assert shown(begun.do(TABLE, "Luis", "diff 3")) == (
        "L.1 → L.2\n"
        "Article 2 is now 3: Court\n"
        "1. Each State Party ~~shall~~ **may** require prior judicial authorization before any content of messages is "
        "handed on."
    )
    back = shown(begun.do(TABLE, "Luis", "diff 2 L.2 L.1"))
    assert back.startswith("L.2 → L.1\nArticle 3 is now 2: Court\n1. Each State Party ~~may~~ **shall** require")
    assert asked(begun, "diff 3 L.1") == (
        "Name two drafts, the older first: `diff 24 A/CONF/1 A/CONF/1/Rev.1`. `drafts` lists them."
    )
    assert asked(begun, "diff 3 L.1 L.9") == "I have no published draft L.9. `drafts` lists them."
    assert asked(begun, "diff 70") == "This draft has no article 70. Did you mean article 6?"


def test_find_shows_the_sentence_around(begun: World) -> None:
    """Case, accents and line breaks do not matter; what is not there is said."""
    assert shown(begun.do(TABLE, "Luis", "find PRIOR judícial")) == (
        "“PRIOR judícial” is in 1 provision of L.1\n"
        "- article 2: Each State Party shall require prior judicial authorization before any content of messages is "
        "handed on."
    )
    assert shown(begun.do(TABLE, "Luis", "find zebra")) == "“zebra” is not in L.1."
    assert shown(begun.do(TABLE, "Luis", "find \u0301")) == "“\u0301” is not in L.1."


@given(st.text(max_size=60), st.text(min_size=1, max_size=8))
def test_whatever_stands_in_a_text_is_found_there(around: str, words: str) -> None:
    """Any words with a letter in them are found in a text that holds them, and the hit gives them back."""
    line = " ".join(f"{around} {words} {around}".split())
    row = Provision(coalition_id=1, draft_id=1, ordinal=0, label="1", kind="article", text=line)
    if folded(words)[0].split():
        (hit,) = find_words([row], words)
        assert folded(hit.found)[0].split() == folded(words)[0].split() or hit.found in line


@given(st.lists(st.tuples(st.sampled_from(["equal", "delete", "insert"]), st.text(max_size=30))), st.integers(0, 80))
def test_a_cut_excerpt_is_a_beginning_of_the_whole(ops: list[tuple[str, str]], budget: int) -> None:
    """What fits is given whole; what does not is cut within the budget and says so."""
    kept, cut = fitting(ops, budget)
    whole = "".join(text for _, text in ops)
    words = "".join(text for op, text in kept if op != "skipped")
    assert whole.startswith(words)
    assert len(words) <= budget
    assert cut == (len(whole) > budget)
