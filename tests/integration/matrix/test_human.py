"""The test bed itself: people with clients of their own, on a real homeserver."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.human import Human, Refused, device_is_cross_signed
from tests.fakes.synapse import NoServerError, Synapse
from tests.integration.matrix.conftest import People

PLENARY = "Plenary at 15:00"


async def meet(people: People, *names: str) -> tuple[list[Human], str]:
    """Let people arrive and join the encrypted room that the first of them makes."""
    humans = [await people.arrive(name) for name in names]
    room_id = await humans[0].make_room("Delegates", invite=[human.user_id for human in humans[1:]])
    for human in humans[1:]:
        assert await human.join_invited() == [room_id]
    return humans, room_id


async def bodies(human: Human, room_id: str, count: int = 1, timeout: float = 10) -> list[str]:
    """Hear messages and give what they say."""
    return [message.body for message in await human.hear(room_id, count, timeout)]


def test_two_people_talk_both_ways(runner: asyncio.Runner, people: People) -> None:
    """What one says the other reads, encrypted on its way, in order and once."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        said = [await ana.say(room_id, f"point {number}") for number in range(3)]
        heard = await luis.hear(room_id, 3)
        assert [(m.event_id, m.sender, m.body, m.encrypted) for m in heard] == [
            (event_id, ana.user_id, f"point {number}", True) for number, event_id in enumerate(said)
        ]
        await luis.say(room_id, "agreed")
        assert await bodies(ana, room_id) == ["agreed"]
        assert await luis.hear(room_id, timeout=0) == await ana.hear(room_id, timeout=0) == []
        assert luis.unreadable(room_id) == ana.unreadable(room_id) == []

    runner.run(play())


def test_a_message_shows_what_it_relates_to(runner: asyncio.Runner, people: People) -> None:
    """Threads, replies, edits, mentions, HTML, reactions and redactions arrive as what they are."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        root = await ana.say(room_id, "who takes 27?", "who takes <b>27</b>?", mentions=[luis.user_id])
        await ana.say(room_id, "in the thread", thread=root)
        await ana.say(room_id, "an answer in it", thread=root, reply_to=root)
        await ana.say(room_id, "an answer", reply_to=root)
        await ana.edit(room_id, root, "who takes 28?")
        first, threaded, both, answer, edit = await luis.hear(room_id, 5)
        assert (first.html, first.mentions, first.room_mention) == ("who takes <b>27</b>?", (luis.user_id,), False)
        assert (first.thread, first.reply_to, first.edit_of) == (None, None, None)
        assert (threaded.thread, threaded.reply_to) == (root, None)
        assert (both.thread, both.reply_to) == (root, root)
        assert (answer.thread, answer.reply_to) == (None, root)
        assert (edit.edit_of, edit.body, edit.content["body"]) == (root, "who takes 28?", "* who takes 28?")

        taken, done = await luis.react(room_id, root, "🙋"), await luis.react(room_id, root, "✅")
        await luis.redact(room_id, taken)
        assert await ana.until(lambda: taken in ana.redacted(room_id))
        (reaction,) = ana.reactions(room_id)
        assert (reaction.event_id, reaction.sender, reaction.about, reaction.key) == (done, luis.user_id, root, "✅")

    runner.run(play())


def test_nothing_is_in_clear_on_the_server(runner: asyncio.Runner, people: People) -> None:
    """The server has every message, edit and file as m.room.encrypted, and no word of them."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        said = await ana.say(room_id, PLENARY)
        sent = {said, await ana.edit(room_id, said, "Plenary, moved"), await luis.send_file(room_id, "L.4", b"Plenary")}
        events = await ana.raw_timeline(room_id)
        assert {event["type"] for event in events if event["event_id"] in sent} == {"m.room.encrypted"}
        assert "Plenary" not in str(events)
        assert next(event["event_id"] for event in events if event["type"] == "m.room.encrypted") == said

    runner.run(play())


def test_a_room_that_is_not_encrypted(runner: asyncio.Runner, people: People) -> None:
    """In a public room messages and files go in clear, and say so."""

    async def play() -> None:
        ana, mei = await people.arrive("Ana"), await people.arrive("Mei")
        hall = await ana.make_room("Hall", encrypted=False, public=True)
        await ana.say(hall, "before Mei came")
        await mei.join(hall)
        await ana.say(hall, PLENARY)
        await ana.send_file(hall, "list.txt", b"speakers")
        message, listed = await mei.hear(hall, 2)
        assert (message.body, message.encrypted) == (PLENARY, False)
        assert await mei.fetch_file(listed) == b"speakers"

    runner.run(play())


def test_a_file_comes_back_as_it_was(runner: asyncio.Runner, people: People) -> None:
    """An encrypted attachment opens to the same bytes, and the server's copy is not they."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        content = bytes(range(256)) * 300
        await ana.send_file(room_id, "L.4.pdf", content)
        (message,) = await luis.hear(room_id)
        assert (message.msgtype, message.body, message.content["info"]["mimetype"]) == (
            "m.file",
            "L.4.pdf",
            "application/pdf",
        )
        assert await luis.fetch_file(message) == content
        path = message.content["file"]["url"].removeprefix("mxc://")
        assert await luis.line.carry("GET", f"/_matrix/client/v1/media/download/{path}") != content

    runner.run(play())


def test_a_direct_chat_read_from_before_joining(runner: asyncio.Runner, people: People) -> None:
    """Whoever is invited gets the keys at once, and hears what was said between invitation and joining."""

    async def play() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        room_id = await ana.direct_chat(luis.user_id)
        await ana.say(room_id, "are you there?")
        assert await luis.join_invited() == [room_id]
        assert await bodies(luis, room_id) == ["are you there?"]
        assert await luis.join_invited(timeout=0) == []
        await luis.leave(room_id)
        assert await ana.members(room_id) == [ana.user_id]

    runner.run(play())


@pytest.mark.parametrize("signed", [True, False])
def test_a_strict_person_trusts_signed_devices_only(runner: asyncio.Runner, people: People, signed: bool) -> None:
    """Room keys go to, and messages are read from, devices that their owner signed, and no others."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        await ana.cross_sign()
        ana.strict = True
        if signed:
            await luis.cross_sign()
        asked, answered = await ana.say(room_id, "for your eyes"), await luis.say(room_id, "from my hands")
        heard, read = await bodies(luis, room_id, timeout=0), await bodies(ana, room_id, timeout=0)
        assert (heard, read) == ((["for your eyes"], ["from my hands"]) if signed else ([], []))
        assert (luis.unreadable(room_id), ana.unreadable(room_id)) == ([], []) if signed else ([asked], [answered])

    runner.run(play())


def test_signing_a_device_later_opens_what_it_wrote(runner: asyncio.Runner, people: People) -> None:
    """Once its owner signs a device, a strict person reads it, shares keys with it, and not with one beside it."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        ana.strict = True
        await luis.say(room_id, "unsigned")
        assert await bodies(ana, room_id, timeout=0) == []
        await luis.cross_sign()
        assert await bodies(ana, room_id) == ["unsigned"]
        phone = await people.add_device(luis, signed=True)
        stranger = await people.add_device(luis, signed=False)
        await ana.say(room_id, PLENARY)
        assert await bodies(luis, room_id) == await bodies(phone, room_id) == [PLENARY]
        assert await bodies(stranger, room_id, timeout=0) == []
        assert len(stranger.unreadable(room_id)) == 1
        await stranger.say(room_id, "it is me, Luis")
        await phone.say(room_id, "it is not")
        assert await bodies(ana, room_id) == ["it is not"]
        assert await bodies(ana, room_id, timeout=0) == []

    runner.run(play())


def test_a_new_identity_leaves_other_devices_unsigned(runner: asyncio.Runner, people: People) -> None:
    """After a reset the device that made it is signed by the new keys; the others must be signed again."""

    async def play() -> None:
        ana = await people.arrive("Ana")
        await ana.cross_sign()
        phone = await people.add_device(ana, signed=True)

        async def trusted() -> list[bool]:
            keys = await ana.keys_of(ana.user_id)
            return [device_is_cross_signed(keys, ana.user_id, each.device_id) for each in (ana, phone)]

        assert await trusted() == [True, True]
        await ana.reset_identity()
        assert await trusted() == [True, False]
        await phone.sign_device()
        assert await trusted() == [True, True]

    runner.run(play())


def test_every_link_of_a_signature_is_checked(runner: asyncio.Runner, people: People) -> None:
    """A device counts as cross-signed only with all three signatures and the right owner on each key."""

    async def play() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await ana.cross_sign()
        await luis.cross_sign()
        keys = await ana.keys_of(ana.user_id, luis.user_id)
        assert device_is_cross_signed(keys, ana.user_id, ana.device_id)
        assert not device_is_cross_signed(keys, ana.user_id, luis.device_id)
        assert not device_is_cross_signed({}, ana.user_id, ana.device_id)
        cuts: list[Sequence[str]] = [
            ("master_keys", ana.user_id),
            ("self_signing_keys", ana.user_id),
            ("self_signing_keys", ana.user_id, "signatures"),
            ("device_keys", ana.user_id, ana.device_id, "signatures"),
            ("device_keys", ana.user_id, ana.device_id, "keys", f"curve25519:{ana.device_id}"),
        ]
        own = f"ed25519:{ana.device_id}"
        signatures = ("device_keys", ana.user_id, ana.device_id, "signatures", ana.user_id)
        signers = keys["device_keys"][ana.user_id][ana.device_id]["signatures"][ana.user_id]
        assert own in signers
        assert len(signers) == 2
        for *where, last in cuts + [(*signatures, signer) for signer in signers]:
            broken = copy.deepcopy(keys)
            part = broken
            for step in where:
                part = part[step]
            del part[last]
            assert not device_is_cross_signed(broken, ana.user_id, ana.device_id), last
        for kind in ("master_keys", "self_signing_keys"):
            swapped = copy.deepcopy(keys)
            swapped[kind][ana.user_id] = swapped[kind][luis.user_id]
            assert not device_is_cross_signed(swapped, ana.user_id, ana.device_id), kind

    runner.run(play())


def test_a_restart_of_the_server_in_the_middle(runner: asyncio.Runner, people: People, synapse: Synapse) -> None:
    """Whoever waits or speaks while the server is away is served when it is back, killed or stopped."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        await ana.say(room_id, "before")
        assert await bodies(luis, room_id) == ["before"]
        waiting = asyncio.create_task(bodies(luis, room_id, 2, timeout=60))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(synapse.kill)
        speaking = asyncio.create_task(ana.say(room_id, "meanwhile"))
        await asyncio.to_thread(synapse.start)
        await speaking
        await ana.say(room_id, "after")
        assert await waiting == ["meanwhile", "after"]

    runner.run(play())


def test_a_gap_in_the_timeline_is_filled(runner: asyncio.Runner, people: People) -> None:
    """More messages than one sync brings are all heard, in order, and each once."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        await luis.sync()
        said = [await ana.say(room_id, str(number)) for number in range(30)]
        first = await luis.hear(room_id, 10)
        rest = await luis.hear(room_id, 20)
        assert [message.event_id for message in (*first, *rest)] == said
        assert await luis.hear(room_id, timeout=0) == []

    runner.run(play())


def test_two_rooms_are_heard_at_once(runner: asyncio.Runner, people: People) -> None:
    """Waiting in two rooms at the same time loses nothing in either."""

    async def play() -> None:
        (ana, luis), one = await meet(people, "Ana", "Luis")
        two = await ana.direct_chat(luis.user_id)
        await luis.join_invited()

        async def speak() -> None:
            for number, room_id in itertools.product(range(3), (one, two)):
                await ana.say(room_id, str(number))

        heard = tuple(await asyncio.gather(bodies(luis, one, 3), bodies(luis, two, 3), speak()))
        assert heard == (["0", "1", "2"], ["0", "1", "2"], None)

    runner.run(play())


def test_a_key_that_comes_late(runner: asyncio.Runner, people: People) -> None:
    """A message whose key is held back is unreadable until the key comes, and then heard once."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        ana.hold_keys = True
        held = await ana.say(room_id, "held back")
        ana.hold_keys = False
        await ana.say(room_id, "with a key")
        assert await bodies(luis, room_id) == ["with a key"]
        assert luis.unreadable(room_id) == [held]
        await ana.hand_over_keys(room_id)
        assert await bodies(luis, room_id) == ["held back"]
        assert luis.unreadable(room_id) == []
        await ana.say(room_id, "still with that key")
        assert await bodies(luis, room_id) == ["still with that key"]

    runner.run(play())


def test_whoever_left_gets_no_more_keys(runner: asyncio.Runner, people: People) -> None:
    """A member who leaves cannot read what is said afterwards, even if they come back."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        await ana.say(room_id, "to Luis")
        assert await bodies(luis, room_id) == ["to Luis"]
        await luis.leave(room_id)
        await ana.say(room_id, "about Luis")
        await ana.invite(room_id, luis.user_id)
        assert await luis.join_invited() == [room_id]
        await ana.say(room_id, "to Luis again")
        assert await bodies(luis, room_id) == ["to Luis again"]

    runner.run(play())


def test_poison_and_typing(runner: asyncio.Runner, people: People) -> None:
    """A malformed to-device event stops nobody, raw requests reach the server, and typing shows."""

    async def play() -> None:
        (ana, luis), room_id = await meet(people, "Ana", "Luis")
        poison = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "ciphertext": 7, "sender_key": []}
        body = {"messages": {luis.user_id: {"*": poison}}}
        await ana.ask("PUT", "/_matrix/client/v3/sendToDevice/m.room.encrypted/1", body)
        path = f"/_matrix/client/v3/rooms/{room_id}/typing/{ana.user_id}"
        await ana.ask("PUT", path, {"typing": True, "timeout": 20000})
        assert await luis.until(lambda: luis.typing(room_id) == {ana.user_id})
        await ana.ask("PUT", path, {"typing": False})
        assert await luis.until(lambda: not luis.typing(room_id))
        assert luis.typed(room_id) == {ana.user_id}
        await ana.say(room_id, "still here")
        assert await bodies(luis, room_id) == ["still here"]
        with pytest.raises(Refused) as refusal:
            await luis.ask("GET", "/_matrix/client/v3/rooms/!nowhere:coalition.test/state")
        assert refusal.value.code == "M_FORBIDDEN"

    runner.run(play())


def test_one_time_keys_are_kept_stocked(runner: asyncio.Runner, people: People) -> None:
    """A client whose last one-time key was claimed uploads new ones with its next sync."""

    async def play() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        claim = {"one_time_keys": {luis.user_id: {luis.device_id: "signed_curve25519"}}}
        claimed = 0
        while (await ana.ask("POST", "/_matrix/client/v3/keys/claim", claim))["one_time_keys"]:
            claimed += 1
        assert claimed == 50
        await luis.sync()
        room_id = await ana.direct_chat(luis.user_id)
        await luis.join_invited()
        await ana.say(room_id, "with a new key")
        assert await bodies(luis, room_id) == ["with a new key"]

    runner.run(play())


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The error ends with the server's own words, and no process is left."""
    server = Synapse(tmp_path / "synapse")
    server.folder.mkdir()
    (server.folder / "signing.key").write_text("not a key\n")
    with pytest.raises(NoServerError, match="signing_key"):
        server.start()
    assert not server.running
