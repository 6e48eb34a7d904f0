"""What goes wrong: poisoned, unreadable and malformed events, lost keys, gaps, long absences, revoked tokens."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlmodel import select

from bot.adapters.matrix import gap
from bot.clock import SystemClock
from bot.message import message, say
from bot.notices import room_lane, tell
from storage.tables import Coalition, Note, NoticeKind, Room
from storage.work import Work
from tests.fakes.censor import Censor
from tests.fakes.human import Human, Message, Refused
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.process import NotRunningError, Process
from tests.integration.matrix.test_talking import served

API = "/_matrix/client/v3"
AWAY = "I was away; say it again if it still holds."
NOTED = "Noted for the next digest"
OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"


@dataclass
class Ahead:
    """A clock that goes ahead of this machine's."""

    by: dt.timedelta

    def now(self) -> dt.datetime:
        return SystemClock().now() + self.by


async def owe(bot: Deployment, words: str, seconds: float = 0.0) -> None:
    """Owe an alert to the one room that is served, due in so many seconds."""

    def act(work: Work) -> None:
        [room] = work.rows(Room)
        now = SystemClock().now() + dt.timedelta(seconds=seconds)
        tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("{w}", w=words)), key=words, now=now)

    await bot.store.write(await coalition(bot), act)


async def coalition(bot: Deployment) -> int:
    """Give the id of the one coalition."""
    return await bot.store.read(None, lambda work: work.exec(select(Coalition.id)).one())


async def noted(bot: Deployment) -> list[str]:
    """Give what was noted, in order: what commands were executed."""
    return await bot.store.read(await coalition(bot), lambda work: [row.words for row in work.rows(Note)])


async def ask(human: Human, place: str, words: str) -> list[Message]:
    """Say something and give what is answered within a while."""
    asked = await human.say(place, words)
    heard: list[Message] = []
    while not any(said.reply_to == asked for said in heard):
        more = await human.hear(place)
        if not more:
            break
        heard += more
    return heard


async def send_to_device(human: Human, bot: Deployment, kind: str, content: Any) -> None:
    """Send something to the bot's device, as it is."""
    body = {"messages": {bot.user_id: {bot.account.device_id: content}}}
    await human.ask("PUT", f"{API}/sendToDevice/{kind}/{uuid4()}", body)


@asynccontextmanager
async def process(bot: Deployment) -> AsyncIterator[Process]:
    """Run Dragoman as a process."""
    running = Process(bot.folder)
    try:
        yield running
    finally:
        running.kill()


def nested(depth: int) -> Any:
    """Give a list in a list in a list."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def to_device_poison(key: str) -> list[tuple[str, Any]]:
    """Give malformed to-device events; `key` is the identity key of the bot's device."""
    bodies: list[Any] = [
        {},
        {"type": 0},
        {"type": 0, "body": ""},
        {"type": 0, "body": "not base64!"},
        {"type": 0, "body": "AwogAAAA"},
        {"type": 1, "body": "AwogAAAA"},
        {"type": 2, "body": "AwogAAAA"},
        {"type": "0", "body": "AwogAAAA"},
        {"type": 0, "body": 5},
        {"type": 0, "body": None},
        {"type": 10**15, "body": "AwogAAAA"},
        [],
        "text",
        None,
        nested(200),
    ]
    events: list[tuple[str, Any]] = [
        ("m.room.encrypted", {"algorithm": OLM, "sender_key": sender, "ciphertext": {key: body}})
        for body in bodies
        for sender in ("A" * 43, "nonsense")
    ]
    events += [
        ("m.room.encrypted", content)
        for content in (
            {},
            {"algorithm": OLM},
            {"algorithm": 5, "sender_key": 5, "ciphertext": 5},
            {"algorithm": OLM, "sender_key": "A" * 43, "ciphertext": []},
            {"algorithm": OLM, "sender_key": "A" * 43, "ciphertext": "text"},
            {"algorithm": OLM, "sender_key": None, "ciphertext": {key: {"type": 0, "body": "AwogAAAA"}}},
            {"algorithm": MEGOLM, "sender_key": "A" * 43, "session_id": 1, "device_id": [], "ciphertext": {}},
            {"algorithm": OLM, "sender_key": "A" * 43, "ciphertext": {}, "deep": nested(500)},
        )
    ]
    kinds = ["m.room_key", "m.forwarded_room_key", "m.room_key_request", "m.dummy", "m.key.verification.start", "odd"]
    kinds += ["m.secret.request", "m.key.verification.request", "m.room_key.withheld"]
    contents: tuple[Any, ...] = (
        {},
        {"action": "request", "body": 5, "request_id": {}, "requesting_device_id": []},
        {"algorithm": MEGOLM, "room_id": 5, "session_id": None, "session_key": "x"},
        {"from_device": 1, "transaction_id": [], "method": {}, "hashes": 5},
    )
    return events + [(kind, content) for kind in kinds for content in contents]


def test_poisoned_to_device_events(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Whatever is sent to the bot's device, running or down, the next command is answered."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        keys = (await luis.keys_of(bot.user_id))["device_keys"][bot.user_id][bot.account.device_id]["keys"]
        poison = to_device_poison(keys[f"curve25519:{bot.account.device_id}"])
        for kind, content in poison:
            await send_to_device(luis, bot, kind, content)
        assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
        await bot.stop()
        for kind, content in poison:
            await send_to_device(luis, bot, kind, content)
        await luis.say(room, "!note two")
        await bot.start()
        # A new person's keys come behind the poison.
        assert (await ask(ana, room, "!note three"))[-1].body.startswith(NOTED)
        assert await noted(bot) == ["one", "two", "three"]

    runner.run(scene())


def test_a_key_that_comes_late(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Who said what cannot be read is told once, in the direct chat; with the key it is done after all, once."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        luis.hold_keys = True
        asked = await luis.say(room, "!note late")
        await luis.say(room, "!note later")
        luis.hold_keys = False
        [chat] = await luis.join_invited(15)
        [told] = await luis.hear(chat)
        assert told.body.startswith("I cannot read what you just wrote: its key has not reached me.")
        assert told.encrypted
        assert await noted(bot) == []
        await luis.hand_over_keys(room)
        answers = await luis.hear(room, 2)
        assert answers[0].reply_to == asked
        assert [said.body.startswith(NOTED) for said in answers] == [True, True]
        assert (await ask(luis, room, "!note after"))[-1].body.startswith(NOTED)
        assert await noted(bot) == ["late", "later", "after"]
        assert await luis.hear(chat, 1, 1.0) == []

    runner.run(scene())


def test_a_revoked_token(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Logged out by somebody, the process ends with one sentence that says what to do, also when started again."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        await bot.stop()
        async with process(bot) as running:
            await running.start()
            assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
            ana.line.token, own = bot.account.token, ana.line.token
            await ana.ask("POST", f"{API}/logout", {})
            ana.line.token = own
            assert await running.ended(10) == 1
            first = running.errors
            running.spawn()
            assert await running.ended(30) == 1
            for errors in (first, running.errors):
                said = [line for line in errors.splitlines() if line.startswith("dragoman: ")]
                assert said[-1].startswith("dragoman: the homeserver has logged the bot's device out: run `dragoman")
                assert (len(said), "Traceback" in errors) == (2, False)
                assert errors.count("\n") < 10

    runner.run(scene())


def test_a_gap_longer_than_a_sync_tells(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Sixty commands said while the bot was down are answered once each, in the order they were said."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        chat = await luis.direct_chat(bot.user_id)
        await ask(luis, chat, "tasks")
        await bot.stop()
        asked = [await luis.say(chat, f"note {number}") for number in range(60)]
        await luis.say(room, "!note in the room")
        await bot.start()
        answers = await luis.hear(chat, 60, 30)
        assert [said.reply_to for said in answers] == asked
        assert await luis.hear(chat, 1, 1.0) == []
        assert [words for words in await noted(bot) if words.isdigit()] == [str(number) for number in range(60)]
        assert "in the room" in await noted(bot)

    runner.run(scene())


def test_a_gap_that_cannot_be_filled(
    bot: Deployment, people: People, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said too long before is missed: the person is told in their chat, and of a room its coordinators."""
    monkeypatch.setattr(gap, "LONGEST", 60)
    monkeypatch.setattr(gap, "PAGE", 20)

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        chat, own = await luis.direct_chat(bot.user_id), await ana.direct_chat(bot.user_id)
        await ask(luis, chat, "tasks")
        await ask(ana, own, "tasks")
        await bot.stop()
        await luis.say(chat, "note out of reach")
        await luis.say(room, "!note out of reach")
        for place, human in ((chat, luis), (room, ana)):
            for _ in range(130):
                await human.send(place, "m.room.message", {"msgtype": "m.text", "body": "x"}, clear=True)
            await human.say(place, "!note in reach")
        await bot.start()
        [told] = [said for said in await luis.hear(chat, 2, 20) if not said.body.startswith(NOTED)]
        assert told.body.startswith("I was away and missed what you wrote here before ")
        [told] = await ana.hear(own, 1, 20)
        assert told.body.startswith("I was away and missed what was said in #general before ")
        assert await noted(bot) == ["in reach", "in reach"]
        assert await ana.hear(own, 1, 1.0) == await luis.hear(chat, 1, 1.0) == []

    runner.run(scene())


def test_no_one_time_keys_left(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """When the server has none left, and its fallback key was used, both are there anew, and a new device is heard."""

    async def claim(human: Human) -> tuple[str, dict[str, Any]]:
        device_id = bot.account.device_id
        body = {"one_time_keys": {bot.user_id: {device_id: "signed_curve25519"}}}
        answer = await human.ask("POST", f"{API}/keys/claim", body)
        [(name, key)] = answer["one_time_keys"][bot.user_id][device_id].items()
        return name, key

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        await bot.stop()
        name, key = await claim(luis)
        for _ in range(200):
            if key.get("fallback"):
                break
            name, key = await claim(luis)
        assert key.get("fallback"), "the server still had one-time keys"
        phone = await people.add_device(ana, signed=True)
        await phone.say(room, "!note from a new phone")
        await bot.start()
        [answer] = await phone.hear(room)
        assert answer.body.startswith(NOTED)
        fresh, key = await claim(luis)
        assert (fresh == name, key.get("fallback", False)) == (False, False)
        await bot.stop()
        while not key.get("fallback"):
            fresh, key = await claim(luis)
        assert fresh != name

    runner.run(scene())


def test_two_processes_on_one_store(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """The second one is refused, and told which process has the store; the first goes on."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        async with process(bot) as first, process(bot) as second:
            await first.start()
            second.starts = 10
            with pytest.raises(NotRunningError) as refused:
                await second.start()
            assert f"dragoman: the Matrix store is in use by process {first.pid} on " in str(refused.value)
            assert str(refused.value).startswith("exit 1:")
            assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
            assert await first.stop() == 0

    runner.run(scene())


STRANGE: list[Any] = [5, None, [], "x" * 1000, nested(50), {"a": {"b": []}}]


def clear_oddities() -> list[tuple[str, dict[str, Any]]]:
    """Give contents that no client sends, for events in clear."""
    kinds = ("m.room.message", "m.reaction", "m.room.encrypted", "m.room.redaction")
    contents: list[dict[str, Any]] = [{}]
    for odd in STRANGE:
        contents += [
            {"msgtype": "m.text", "body": odd},
            {"msgtype": odd, "body": "!note odd"},
            {"msgtype": "m.text", "body": "!note odd", "m.relates_to": odd},
            {"m.relates_to": {"rel_type": odd, "event_id": odd, "key": odd}},
            {"m.relates_to": {"rel_type": "m.annotation", "event_id": odd, "key": odd}},
            {"algorithm": MEGOLM, "session_id": odd, "ciphertext": odd, "sender_key": odd, "device_id": odd},
            {"algorithm": odd, "session_id": "x", "ciphertext": "x"},
            {"redacts": odd},
        ]
    return [(kind, content) for kind in kinds for content in contents]


def hidden_oddities() -> list[Any]:
    """Give what no client puts into an encrypted event."""
    file = {"url": "mxc://nowhere.test/abc", "key": {"k": "A" * 43}, "iv": "A" * 22, "hashes": {"sha256": "A" * 43}}
    said: dict[str, Any] = {"msgtype": "m.text", "body": "!"}
    contents: list[Any] = [*STRANGE, {"msgtype": "m.file", "body": "!draft add", "filename": "a.txt", "file": file}]
    for odd in STRANGE:
        contents += [
            said | {"body": odd},
            said | {"m.relates_to": odd},
            said | {"m.relates_to": {"rel_type": odd, "event_id": odd}},
            said | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}, "m.new_content": odd},
            said | {"m.relates_to": {"m.in_reply_to": odd}},
            said | {"m.relates_to": {"m.in_reply_to": {"event_id": odd}}},
            said | {"m.mentions": odd},
            said | {"m.mentions": {"user_ids": odd}},
            said | {"m.mentions": {"user_ids": [odd]}},
            said | {"formatted_body": odd, "format": "org.matrix.custom.html"},
            {"msgtype": "m.file", "body": "a.txt", "file": odd},
            {"msgtype": "m.file", "body": "a.txt", "filename": odd, "file": file},
            {"msgtype": "m.file", "body": "a.txt", "file": file | {"key": odd}},
            {"msgtype": "m.file", "body": "a.txt", "file": file | {"url": odd}},
        ]
    inside = [{"type": "m.room.message", "content": content} for content in contents]
    inside += [{"type": odd, "content": said} for odd in STRANGE]
    return [*inside, {}, {"type": "m.room.message"}, {"content": said}, {"type": "m.reaction", "content": {}}]


def test_malformed_room_events(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Whatever is said in a room, in clear or encrypted, running or down: the next command is answered."""

    async def strange(human: Human, room: str, oddities: list[tuple[str, dict[str, Any]]]) -> int:
        sent = 0
        sealed = [("m.room.encrypted", await encrypt_raw(human, room, inside)) for inside in hidden_oddities()]
        for kind, content in oddities + sealed:
            try:
                await human.send(room, kind, content, clear=True)
            except Refused:
                continue  # the server did not take it
            sent += 1
        for kind in ("m.room.member", "m.room.name", "m.room.join_rules", "m.room.tombstone", "odd"):
            for odd in STRANGE:
                state = {"membership": odd, "name": odd, "join_rule": odd, "displayname": odd, "body": odd}
                path = f"{API}/rooms/{quote(room)}/state/{kind}/{'@x:y' if kind == 'm.room.member' else ''}"
                try:
                    await human.ask("PUT", path, state)
                except Refused:
                    continue
                sent += 1
        return sent

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        chat = await luis.direct_chat(bot.user_id)
        await ask(luis, chat, "tasks")
        assert await strange(luis, chat, clear_oddities()) > 200
        assert (await ask(luis, chat, "note one"))[-1].body.startswith(NOTED)
        await bot.stop()
        await strange(ana, room, [])
        await ana.ask("PUT", f"{API}/rooms/{quote(room)}/state/m.room.join_rules", {"join_rule": "invite"})
        await bot.start()
        assert (await ask(ana, room, "!note two"))[-1].body.startswith(NOTED)
        assert await noted(bot) == ["one", "two"]

    runner.run(scene())


FORGED: list[Any] = [
    5,
    None,
    [],
    {},
    {"type": "m.room.encrypted"},
    {"type": "m.room.encrypted", "content": None, "sender": "@x:y", "event_id": "$1", "origin_server_ts": 4e12},
    {"type": 5, "content": 5, "sender": 5, "event_id": 5, "origin_server_ts": 5},
    {"type": "m.room.member", "state_key": 5, "content": 5},
    {"type": "m.room.member", "state_key": "no id", "content": {"membership": "join", "displayname": "\ud800"}},
    {"type": "m.room.name", "state_key": "", "content": {"name": [5]}},
    *(
        {"type": kind, "content": content, "sender": "@x:y", "event_id": f"$forged{kind}", "origin_server_ts": at}
        for at in (10**13, 10**30, -1)
        for kind, content in (
            ("m.room.encrypted", {"algorithm": MEGOLM, "session_id": "x", "ciphertext": "x", "deep": nested(900)}),
            ("m.room.encrypted", {"algorithm": MEGOLM, "session_id": "\ud800", "ciphertext": "x"}),
            ("m.room.message", {"msgtype": "m.text", "body": "!note odd", "deep": nested(900)}),
            ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "\ud800", "key": "\ud800"}}),
            ("m.room.redaction", {"redacts": "\ud800"}),
        )
    ),
]


def test_malformed_events_of_a_server(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A server that sends what no server sends, or answers without a mark, keeps no command from being answered."""
    syncs = 0

    def forge(answer: dict[str, Any]) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == 2:
            del answer["next_batch"]
        answer["to_device"] = {"events": [5, None, {}, {"type": 5}, {"type": "m.room.encrypted", "content": 5}]}
        answer["device_lists"] = {"changed": 5} if syncs % 2 else {"changed": [5, None, "no id"]}
        for content in answer.get("rooms", {}).get("join", {}).values():
            timeline = content["timeline"]
            timeline["events"] = FORGED + timeline["events"] + FORGED
            content["state"]["events"] += FORGED

    async def scene() -> None:
        ana, _luis, room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url, forge)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await bot.start()
            for number in range(3):
                assert (await ask(ana, room, f"!note {number}"))[-1].body.startswith(NOTED)
            assert await noted(bot) == ["0", "1", "2"]
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def test_a_server_that_is_away(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """What comes due while the server is down appears soon after it is back, once."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await owe(bot, "while it was away", 2.5)
            await bot.start()
            await ask(luis, room, "!note one")
            await censor.stop()
            await asyncio.sleep(3)
            await censor.start()
            assert [said.body for said in await luis.hear(room, 1, 20)] == ["while it was away"]
            assert await luis.hear(room, 1, 1.0) == []
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def test_answers_that_are_lost(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """When a request had its effect but its answer is lost, what it was for still happens, once."""

    async def scene() -> None:
        ana, luis, _room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url)
        await censor.start()
        bot.go_through(censor.url)
        parts = ["/sync", "/join", "/keys/query", "/keys/claim", "/sendToDevice/", "/createRoom"]
        censor.lose = [*parts, "/send/m.room.encrypted/", "/send/m.room.encrypted/"]
        try:
            await bot.start()
            phone = await people.add_device(luis, signed=True)
            room = await ana.make_room("second", invite=[bot.user_id, luis.user_id])
            await phone.join(room)
            await ana.say(room, "!room here for alerts")
            _, answer = await phone.hear(room, 2, 30)
            assert answer.body.startswith("This room is served now")
            asked = await phone.say(room, "!note one")
            assert [said.reply_to for said in await phone.hear(room, 1, 30)] == [asked]
            await phone.say(room, "!export tasks")
            chats = await phone.join_invited(30)
            assert len(chats) == 1
            [told, _file] = await phone.hear(chats[0], 2, 30)
            assert told.body.startswith("0 tasks")
            assert await phone.join_invited(1.5) == []
            assert await phone.hear(chats[0], 1, 1.0) == []
            assert censor.lose == []
            assert await noted(bot) == ["one"]
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def test_what_was_owed_leaves_right_after_a_start(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """When nothing else has happened, the first sync does not wait for something to happen."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        await owe(bot, "owed")
        await bot.start()
        assert [said.body for said in await luis.hear(room, 1, 5)] == ["owed"]

    runner.run(scene())


async def encrypt_raw(human: Human, room: str, inside: Any) -> dict[str, Any]:
    """Encrypt anything at all for a room."""
    whole = {"content": {}, **inside} if isinstance(inside, dict) else {"content": {}}
    relations = isinstance(whole["content"], dict)
    vault = human.vault
    # The client looks into the content for relations.
    sealed = await vault.encrypt(room, await human.members(room), whole if relations else {**whole, "content": {}})
    if not relations:
        sealed |= vault.machine.group_encrypt(room, whole)
    return sealed


def test_a_day_away(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """What was said a day before the bot came back is not done: each one is asked to say it again."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        asked = [await luis.say(room, f"!note {number}") for number in range(3)]
        bot.clock = Ahead(dt.timedelta(hours=24))
        await bot.start()
        answers = await luis.hear(room, 3)
        assert [(said.reply_to, said.body) for said in answers] == [(event_id, AWAY) for event_id in asked]
        assert await noted(bot) == []
        assert await luis.hear(room, 1, 1.0) == []

    runner.run(scene())


def test_messages_from_the_future(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A server's far-future dates buy nothing: done now like any other, refused once too old, told when unreadable."""

    def postdate(answer: dict[str, Any]) -> None:
        for content in answer.get("rooms", {}).get("join", {}).values():
            for event in content["timeline"]["events"]:
                event["origin_server_ts"] += 10**12

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url, postdate)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await bot.start()
            assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
            luis.hold_keys = True
            asked = await luis.say(room, "!note late")
            luis.hold_keys = False
            [chat] = await luis.join_invited(15)
            assert (await luis.hear(chat))[0].body.startswith("I cannot read what you just wrote")
            await bot.stop()
            bot.clock = Ahead(dt.timedelta(minutes=16))
            await bot.start()
            await luis.hand_over_keys(room)
            [answer] = await luis.hear(room)
            assert (answer.reply_to, answer.body) == (asked, AWAY)
            assert await noted(bot) == ["one"]
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


@pytest.mark.parametrize("count", [-(10**30), "many", 10**30])
def test_a_count_of_keys_that_is_none(bot: Deployment, people: People, runner: asyncio.Runner, count: Any) -> None:
    """Whatever a server says of how many one-time keys it has, the next command is answered."""

    def miscount(answer: dict[str, Any]) -> None:
        answer["device_one_time_keys_count"] = {"signed_curve25519": count}

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url, miscount)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await bot.start()
            assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def test_words_in_clear_in_an_encrypted_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A command that came in clear, which the server could have written, is not executed."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        chat = await luis.direct_chat(bot.user_id)
        await ask(luis, chat, "tasks")
        for place, words in ((room, "!note clear"), (chat, "note clear")):
            await luis.send(place, "m.room.message", {"msgtype": "m.text", "body": words}, clear=True)
        assert (await ask(luis, room, "!note sealed"))[-1].body.startswith(NOTED)
        assert await luis.hear(chat, 1, 1.0) == []
        assert await noted(bot) == ["sealed"]

    runner.run(scene())


@pytest.mark.parametrize("tampering", ["replaced", "emptied", "withheld"])
def test_encryption_that_a_server_takes_back(
    bot: Deployment, people: People, runner: asyncio.Runner, tampering: str
) -> None:
    """A room that was encrypted once gets nothing in clear, whatever the state says after a restart."""

    def without_encryption(answer: dict[str, Any]) -> None:
        for content in answer.get("rooms", {}).get("join", {}).values():
            for section in ("state", "timeline"):
                events = content.get(section, {}).get("events", [])
                events[:] = [event for event in events if event["type"] != "m.room.encryption"]

    async def scene() -> None:
        ana, _luis, room = await served(bot, people)
        await bot.stop()
        censor = Censor(people.synapse.url)
        await censor.start()
        if tampering == "withheld":
            censor.edit = without_encryption
            forget_sync_token(bot)
        else:
            content = {"algorithm": "org.example.none"} if tampering == "replaced" else {}
            await ana.ask("PUT", f"{API}/rooms/{quote(room)}/state/m.room.encryption/", content)
        bot.go_through(censor.url)
        try:
            await owe(bot, "secret")
            await bot.start()
            assert (await ask(ana, room, "!note one"))[-1].body.startswith(NOTED)
            own = [event for event in await ana.raw_timeline(room) if event["sender"] == bot.user_id]
            said = [event["type"] for event in own if "state_key" not in event]
            assert said == ["m.room.encrypted"] * 3
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def forget_sync_token(bot: Deployment) -> None:
    """Let the next sync be a first one, as far as the server knows."""
    sealed = bot.house.open()
    sealed.delete("sync", "token")
    sealed.close()
