"""What the bot makes of events."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col

from bot.accounts import open_account
from bot.invocation import Enclosed
from bot.people import find_member
from storage.cipher import active
from storage.tables import Label, Notice, Room
from storage.work import Work
from tests.fakes.workspace import ANA, CHANNEL, DIRECT, GUESTS, LUIS, ME, STAMP, event, message
from tests.unit.slack.conftest import Ears

LATER = "1706533230.000200"


def mention(text: str, **fields: Any) -> dict[str, Any]:
    """Make a mention of the bot in #team."""
    given = {"user": ANA, "channel": CHANNEL, "ts": STAMP, **fields}
    shared = given.pop("shared", False)
    return event("app_mention", shared=shared, text=f"<@{ME}> {text}", **given)


def test_a_direct_message_is_for_the_bot(ears: Ears) -> None:
    """With who said it, when, and where the answer belongs."""
    (said,) = ears.hear(message("tasks &amp; more"))
    assert (said.platform, said.sender, said.words, said.place) == ("slack", ANA, "tasks & more", None)
    assert said.said_at == dt.datetime(2024, 1, 29, 13, 0, 0, 100, dt.UTC)
    assert said.origin == {"channel": DIRECT, "user": ANA, "message": STAMP}
    assert said.addressed
    assert said.servable


@pytest.mark.parametrize("stamp", ["1600000000.000001", "1900000000.000001", "12.000001"])
def test_a_time_stamp_that_cannot_be_is_no_delay(ears: Ears, stamp: str) -> None:
    """Slack delivers nothing that old: it was said now, and is not refused as late."""
    (said,) = ears.hear(message("tasks", ts=stamp))
    assert said.said_at == ears.world.now
    (late,) = ears.hear(message("tasks", ts=str(float(STAMP) - 7200)))
    assert late.said_at == ears.world.now - dt.timedelta(hours=2) + dt.timedelta(microseconds=100)


def test_a_mention_in_a_channel_is_for_the_bot(ears: Ears) -> None:
    """The answer belongs to the channel, and to the thread where it was said in one."""
    (said,) = ears.hear(mention(f"assign 24 <@{LUIS}>", thread_ts="1706533100.000001"))
    assert (said.words, said.place, said.mentions) == (f"assign 24 @{LUIS}", CHANNEL, {f"@{LUIS}": (LUIS,)})
    assert said.origin == {
        "channel": CHANNEL, "user": ANA, "message": STAMP, "thread": "1706533100.000001", "ephemeral": True,
        "room_name": "team",
    }  # fmt: skip


def test_whether_a_channel_is_shared_is_believed_when_told(ears: Ears) -> None:
    """One that nobody knows counts as shared where neither the event nor the list of channels says."""
    channels = ears.intake.channels
    channels.listed = False
    channels.forget(CHANNEL)
    untold = mention("tasks")
    del untold["is_ext_shared_channel"]
    ears.web.answers["conversations.info"] = {"channel": {"id": CHANNEL, "name": "team"}}
    assert [ears.hear(body)[0].shared for body in (untold, untold)] == [True, False]  # looked up in between
    channels.forget(CHANNEL)
    assert not ears.hear(mention("tasks"))[0].shared


def test_who_opens_the_messages_is_looked_up(ears: Ears) -> None:
    """So that they are known by name and zone when they say their first words."""
    assert ears.hear(event("app_home_opened", user=ANA, tab="messages")) == []
    assert ears.opened == []
    (said,) = ears.hear(message("hello"))
    assert (said.sender_name, said.sender_zone) == ("Somebody", "America/Bogota")


def test_a_mention_without_words_is_answered(ears: Ears) -> None:
    """It goes to the core, which says what it is here for."""
    (said,) = ears.hear(event("app_mention", text=f"<@{ME}>", user=ANA, channel=CHANNEL, ts=STAMP))
    assert said.words == ""


def test_one_message_told_of_twice_has_one_id(ears: Ears) -> None:
    """Delivered again, or as a mention and as a message of the channel, the inbox keeps it once; ids tell nothing."""
    (first,) = ears.hear(mention("tasks"))
    (again,) = ears.hear(message(f"<@{ME}> tasks", channel=CHANNEL))
    (other,) = ears.hear(message(f"<@{ME}> tasks", channel=CHANNEL, ts=LATER))
    assert first.event_id == again.event_id != other.event_id
    assert CHANNEL not in first.event_id


def test_talk_among_people_is_not_heard(ears: Ears) -> None:
    """In a channel only what bears the bot's mark, a yes or a no is for it."""
    assert ears.hear(message("assign 24 to me", channel=CHANNEL)) == []
    assert [said.words for said in ears.hear(message("!tasks", channel=CHANNEL))] == ["!tasks"]
    assert [said.words for said in ears.hear(message("Yes.", channel=CHANNEL))] == ["Yes."]


@pytest.mark.parametrize(
    "body",
    [
        message("tasks", subtype="bot_message", bot_id="B1"),
        message("tasks", user=ME),
        message("tasks", bot_id="B0OTHER"),
        message("tasks", user="USLACKBOT"),
        message("has joined", subtype="channel_join"),
        message(""),
        message("", subtype="message_changed", message={"user": ANA, "text": "x", "ts": STAMP}),
        message("", subtype="message_changed", message={"user": ANA, "text": "x", "ts": STAMP, "edited": {"ts": LATER}},
                previous_message={"text": "x"}),
        event("reaction_added", user=ANA, item={}),
        event("app_home_opened", user=ANA, tab="messages"),
    ],
)  # fmt: skip
def test_what_no_person_said_is_let_be(ears: Ears, body: dict[str, Any]) -> None:
    """Other bots, the bot itself, notes of Slack's own, links that unfurl."""
    assert ears.hear(body) == []
    assert ears.opened == []


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_words_with_a_file_or_out_of_a_thread_are_words(ears: Ears, subtype: str) -> None:
    """Both are things that somebody typed."""
    assert [said.words for said in ears.hear(message("tasks", subtype=subtype))] == ["tasks"]


def test_an_edit_corrects_what_was_said(ears: Ears) -> None:
    """It is another event, about the first one, said when it was edited."""
    (first,) = ears.hear(message("assign 24"))
    inner = {"user": ANA, "text": "assign 25", "ts": STAMP, "edited": {"user": ANA, "ts": LATER}}
    changed = message(
        "", subtype="message_changed", message=inner, previous_message={"text": "assign 24"}, ts=LATER, user=None
    )
    (edit,) = ears.hear(changed)
    assert (edit.words, edit.corrects, edit.sender) == ("assign 25", first.event_id, ANA)
    assert edit.event_id != first.event_id
    assert edit.said_at - first.said_at == dt.timedelta(seconds=30, microseconds=100)


def test_an_edit_that_is_told_of_twice_has_one_id(ears: Ears) -> None:
    """A mention that is edited comes as a mention, too."""
    inner = {"user": ANA, "text": f"<@{ME}> next", "ts": STAMP, "edited": {"user": ANA, "ts": LATER}}
    (edit,) = ears.hear(
        message("", channel=CHANNEL, subtype="message_changed", message=inner, previous_message={"text": "next"})
    )
    (again,) = ears.hear(mention("next", edited={"user": ANA, "ts": LATER}))
    assert (again.event_id, again.corrects) == (edit.event_id, edit.corrects)


@pytest.mark.parametrize(
    "fields",
    [
        {"subtype": "message_deleted", "deleted_ts": STAMP},
        {"subtype": "message_changed", "message": {"subtype": "tombstone", "ts": STAMP, "user": "USLACKBOT"}},
    ],
)
def test_what_is_taken_back_corrects_without_words(ears: Ears, fields: dict[str, Any]) -> None:
    """Also where a thread hangs on it, which leaves a mark in its place."""
    (first,) = ears.hear(message("remind me to rest in 2h"))
    before = {"user": ANA, "text": "remind me to rest in 2h", "ts": STAMP}
    (gone,) = ears.hear(message("", ts=LATER, user=None, previous_message=before, **fields))
    assert (gone.words, gone.corrects, gone.sender, gone.addressed) == ("", first.event_id, ANA, False)


def test_a_draft_is_enclosed_and_other_files_are_not(ears: Ears) -> None:
    """With the words, or dropped just before them by the same person in the same place."""
    files = [{"id": "F1", "name": "rev2.pdf"}, {"id": "F2", "name": "x", "mode": "tombstone"}]
    draft = Enclosed("rev2.pdf", "F1")
    (own,) = ears.hear(message("draft add REV.2 dated 6 Feb", subtype="file_share", files=files))
    assert own.enclosed == (draft,)
    assert ears.hear(message("see this", subtype="file_share", files=files, ts=LATER))[0].enclosed == ()
    (after,) = ears.hear(message("draft add REV.2", ts="1706533260.000100"))
    assert after.enclosed == (draft,)
    assert ears.hear(message("draft add REV.2", user=LUIS, ts=LATER))[0].enclosed == ()
    assert ears.hear(message("draft add REV.2", ts="1706534260.000100"))[0].enclosed == ()


def test_somebody_from_another_workspace_is_heard_in_a_shared_channel(ears: Ears) -> None:
    """They are their own account, and the core knows that others read along."""
    (said,) = ears.hear(mention("next", user="U0GUEST", user_team=GUESTS, shared=True))
    assert (said.sender, said.shared, said.servable) == ("U0GUEST", True, True)
    (again,) = ears.hear(mention("next", user="U0GUEST", ts=LATER))
    assert (again.sender_name, again.sender_zone) == ("Somebody", "America/Bogota")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback"},
        {"type": "event_callback", "event": None},
        {"type": "event_callback", "event": {"type": "message"}},
        message("tasks", ts="never"),
        message("tasks", ts="1" * 400),
        event("message", channel=DIRECT, user=ANA, ts=STAMP, text={"a": 1}),
        event("message", channel=DIRECT, ts=STAMP, subtype="message_changed"),
        event("message", channel=DIRECT, ts=STAMP, subtype="message_changed", message=3),
        event("channel_archive"),
        event("channel_archive", channel={}),
        event("user_change", user="U1"),
    ],
)
def test_malformed_events_are_skipped(ears: Ears, body: dict[str, Any]) -> None:
    """The next one comes."""
    assert ears.hear(body) == []
    assert len(ears.hear(message("tasks"))) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(
        "message app_mention user_change app_home_opened member_left_channel channel_rename channel_id_changed".split()
    ),
    fields=st.dictionaries(
        st.sampled_from("user channel ts text subtype message previous_message files thread_ts tokens tab".split()),
        JSON,
    ),
)
def test_no_event_is_raised(ears: Ears, kind: str, fields: dict[str, Any]) -> None:
    """Whatever stands in an event, it is taken or skipped."""
    ears.hear(event(kind, **fields))


def test_what_cannot_be_kept_is_not_acknowledged(ears: Ears) -> None:
    """The trouble comes through, so that Slack delivers again."""
    ears.core.trouble = OSError("full")
    with pytest.raises(OSError, match="full"):
        ears.hear(message("tasks"))


def served(work: Work) -> Room:
    """Make #team the channel."""
    room = next(row for row in work.rows(Room) if row.name == "team")
    room.platform, room.address, room.fingerprint = "slack", CHANNEL, active()[0].fingerprint(CHANNEL)
    return room


def told(ears: Ears, key: str) -> int:
    """Count what is owed to people under keys that begin so."""
    return len(ears.world.read(lambda work: work.rows(Notice, col(Notice.key).startswith(key))))


def test_the_bot_put_out_of_a_channel_is_told(ears: Ears) -> None:
    """Once; the channel is not known any more."""
    ears.world.write(served)
    for body in (event("channel_archive", channel=CHANNEL), event("member_left_channel", channel=CHANNEL, user=ME)):
        ears.hear(body)
    assert told(ears, "room-lost/") == 1
    assert ears.intake.channels.get(CHANNEL) is None


def test_people_who_leave_are_reported(ears: Ears) -> None:
    """Out of a served channel, and out of the workspace; only members are."""
    ears.world.write(served)
    account = ears.world.saying("Luis", "", platform="slack", sender=LUIS)
    ears.world.write(lambda work: open_account(work, account, find_member(work, "Luis")))
    ears.hear(event("member_left_channel", channel=CHANNEL, user=LUIS))
    ears.hear(event("member_left_channel", channel=CHANNEL, user="U0NOBODY"))
    assert told(ears, "left/") == 1
    ears.hear(event("user_change", user={"id": LUIS, "deleted": True}))
    ears.hear(event("user_change", user={"id": "U0NOBODY", "deleted": True}))
    assert told(ears, "gone/") == 1


def test_a_channel_that_gets_shared_is_public(ears: Ears) -> None:
    """At once; what is said there is known to be read by others."""
    ears.world.write(served)
    ears.web.answers["conversations.info"] = {"channel": {"id": CHANNEL, "name": "team", "is_ext_shared": True}}
    ears.hear(event("channel_shared", channel=CHANNEL, connected_team_id=GUESTS))
    assert ears.world.read(lambda work: work.rows(Room)[0].label) is Label.PUBLIC
    assert ears.hear(mention("next"))[0].shared


def test_a_channel_that_gets_another_id_is_followed(ears: Ears) -> None:
    """It is served on."""
    ears.world.write(served)
    ears.web.answers["conversations.info"] = {"channel": {"id": "C0NEW", "name": "team"}}
    ears.hear(event("channel_id_changed", old_channel_id=CHANNEL, new_channel_id="C0NEW"))
    assert ears.world.read(lambda work: work.rows(Room)[0].address) == "C0NEW"
    assert ears.intake.channels.get("C0NEW") is not None


def test_the_app_home_is_opened_and_the_app_taken_out(ears: Ears) -> None:
    """Both are handed on."""
    ears.hear(event("app_home_opened", user=ANA, tab="home"))
    ears.hear(event("tokens_revoked", tokens={"bot": ["U0OTHER"]}))
    assert (ears.opened, ears.revoked) == ([ANA], [])
    ears.hear(event("tokens_revoked", tokens={"bot": [ME]}))
    ears.hear(event("app_uninstalled"))
    assert ears.revoked == [True, True]
