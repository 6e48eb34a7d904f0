"""The crypto store under two real Olm machines: what survives a restart, who is given keys, and what a thief reads."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from nio.crypto import InboundGroupSession, Olm, OlmDevice, OutboundGroupSession, OutgoingKeyRequest
from nio.events import MegolmEvent, OlmEvent, RoomMessageText
from nio.responses import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse
from nio.store import MatrixStore

from bot.adapters.matrix.cryptostore import CryptoStore
from bot.adapters.matrix.groupsessions import GroupSessions
from bot.adapters.matrix.sealed import SealedStore, StoreProblem
from storage.cipher import Keyring

ROOM = "!quetzalcoatlus:treaty.example"
BOT, ANA = "@dragoman.of.the.coast:treaty.example", "@ana.of.the.coast:treaty.example"
BOT_DEVICE, ANA_DEVICE = "DRAGOMANBOX", "ANASPHONE"
PICKLE_KEY = "pickled-in-brine"
ONE = dt.datetime.fromisoformat("2024-01-29T13:00:00")
"""A moment without a zone, as nio keeps them."""


def anybody(device: OlmDevice) -> bool:
    """Trust every device."""
    return True


def nobody(device: OlmDevice) -> bool:
    """Trust no device."""
    return False


class Machine:
    """One device: an Olm machine on a store of its own that can be closed and opened again."""

    def __init__(self, folder: Path, user_id: str, device_id: str) -> None:
        self.path, self.user_id, self.device_id = folder / user_id[1:4] / "store.db", user_id, device_id
        self.trusted: Callable[[OlmDevice], bool] = anybody
        self.sent = 0
        self.open()

    def open(self) -> None:
        self.sealed = SealedStore(self.path, Keyring([bytes(32)]))
        self.store = CryptoStore(self.sealed, self.user_id, self.device_id, PICKLE_KEY, self.trusts)
        self.olm = Olm(self.user_id, self.device_id, self.store)

    def trusts(self, device: OlmDevice) -> bool:
        return self.trusted(device)

    def restart(self) -> None:
        """Drop everything in memory."""
        self.sealed.close()
        self.open()

    def publish(self) -> tuple[dict[str, Any], list[Any]]:
        """Upload keys: the device's, and one-time keys."""
        keys = self.olm.share_keys()
        self.olm.handle_response(KeysUploadResponse(0, len(keys["one_time_keys"])))
        return keys["device_keys"], list(keys["one_time_keys"].items())

    def meet(self, other: Machine, device_keys: dict[str, Any]) -> None:
        """Learn another device from the server."""
        told = json.loads(json.dumps({other.user_id: {other.device_id: device_keys}}))
        self.olm.handle_response(KeysQueryResponse(told, {}))

    def claim(self, other: Machine, one_time_key: tuple[str, Any]) -> None:
        """Open an Olm session to another device with one of its one-time keys."""
        told = json.loads(json.dumps({other.user_id: {other.device_id: dict([one_time_key])}}))
        self.olm.handle_response(KeysClaimResponse(told, {}))

    def room_key(self, other: Machine) -> dict[str, Any] | None:
        """Make a room key and encrypt it for another device, if that is to have it."""
        _, messages = self.olm.share_group_session(ROOM, [other.user_id])
        self.olm.outbound_group_sessions[ROOM].mark_as_shared()
        content: dict[str, Any] | None = messages["messages"].get(other.user_id, {}).get(other.device_id)
        return content

    def say(self, words: str) -> MegolmEvent:
        """Encrypt a message for the room."""
        self.sent += 1
        content = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": words}}
        return MegolmEvent.from_dict(
            {
                "type": "m.room.encrypted",
                "event_id": f"${self.user_id}{self.sent}",
                "sender": self.user_id,
                "origin_server_ts": 1706529600000 + self.sent,
                "room_id": ROOM,
                "content": self.olm.group_encrypt(ROOM, content),
            }
        )

    def take(self, sender: Machine, content: dict[str, Any]) -> Any:
        """Receive a to-device message."""
        return self.olm.decrypt_event(
            OlmEvent.from_dict({"type": "m.room.encrypted", "sender": sender.user_id, "content": content})
        )

    def read(self, event: MegolmEvent) -> str:
        """Decrypt a message of the room."""
        message = self.olm.decrypt_megolm_event(event, ROOM)
        assert isinstance(message, RoomMessageText)
        body: str = message.body
        return body


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Machine]:
    """Give the bot's device."""
    machine = Machine(tmp_path, BOT, BOT_DEVICE)
    yield machine
    machine.sealed.close()


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Machine]:
    """Give Ana's device."""
    machine = Machine(tmp_path, ANA, ANA_DEVICE)
    yield machine
    machine.sealed.close()


def introduce(one: Machine, other: Machine) -> list[Any]:
    """Let two devices know each other and the first open a session; give the one-time keys left of the other."""
    ours, _ = one.publish()
    theirs, one_time_keys = other.publish()
    one.meet(other, theirs)
    other.meet(one, ours)
    one.claim(other, one_time_keys[0])
    return one_time_keys[1:]


def share(one: Machine, other: Machine) -> dict[str, Any]:
    """Give another device the room key, and give the message that carried it."""
    content = one.room_key(other)
    assert content is not None
    assert other.take(one, content) is not None
    return content


def test_messages_are_read_before_and_after_a_restart_of_both(bot: Machine, ana: Machine) -> None:
    """Room keys that were received open old and new messages; Olm sessions carry new room keys, both ways."""
    introduce(ana, bot)
    share(ana, bot)
    first, second = ana.say("take 27"), ana.say("release 27")
    assert bot.read(first) == "take 27"

    bot.restart()
    assert bot.read(second) == "release 27"
    assert bot.read(first) == "take 27"

    ana.restart()
    share(ana, bot)
    third = ana.say("done 27")
    share(bot, ana)
    answer = bot.say("27 is done")
    assert bot.read(third) == "done 27"
    assert ana.read(answer) == "27 is done"

    bot.restart()
    ana.restart()
    assert [bot.read(event) for event in (first, second, third)] == ["take 27", "release 27", "done 27"]
    assert bot.read(answer) == ana.read(answer) == "27 is done"
    assert {device.user_id for device in bot.olm.device_store} == {ANA}


def test_the_account_stays_and_so_does_what_it_published(bot: Machine) -> None:
    """Keys are those of before, and the flag that they were uploaded is kept: they are not uploaded again."""
    keys = bot.olm.account.identity_keys
    assert not bot.olm.account.shared
    bot.restart()
    assert not bot.olm.account.shared
    bot.publish()
    bot.restart()
    assert bot.olm.account.shared
    assert bot.olm.account.identity_keys == keys
    assert not bot.olm.account.one_time_keys["curve25519"]


def test_a_one_time_key_does_not_come_back(bot: Machine, ana: Machine) -> None:
    """After a restart the key that opened a session is gone: its first message opens no second one."""
    introduce(ana, bot)
    content = share(ana, bot)
    bot.restart()
    own_key = bot.olm.account.identity_keys["curve25519"]
    message = vodozemac.PreKeyMessage.from_base64(content["ciphertext"][own_key]["body"])
    with pytest.raises(vodozemac.SessionCreationException):
        bot.olm.account.create_inbound_session(content["sender_key"], message)


def test_sessions_keep_their_times_and_order(bot: Machine, ana: Machine) -> None:
    """The session used last comes first after a restart, with the times it had."""
    left = introduce(ana, bot)
    ana.claim(bot, left[0])
    curve = bot.olm.account.identity_keys["curve25519"]
    older, newer = ana.olm.session_store[curve]
    older.creation_time = older.use_time = ONE
    newer.creation_time, newer.use_time = ONE - dt.timedelta(days=2), ONE + dt.timedelta(hours=7, microseconds=5)
    expected = [(one.id, one.creation_time, one.use_time) for one in (newer, older)]
    for session in (older, newer):
        ana.store.save_session(curve, session)
    ana.restart()
    assert [(one.id, one.creation_time, one.use_time) for one in ana.olm.session_store[curve]] == expected


def test_a_room_key_is_found_by_room_and_session(bot: Machine, ana: Machine) -> None:
    """With and without the sender's key, after a restart; not under another room, session or sender."""
    introduce(ana, bot)
    share(ana, bot)
    session_id = ana.olm.outbound_group_sessions[ROOM].id
    sender_key = ana.olm.account.identity_keys["curve25519"]
    bot.restart()
    for found in (
        bot.store.inbound_session(ROOM, session_id),
        bot.store.inbound_session(ROOM, session_id, sender_key),
        bot.olm.inbound_group_store.get(ROOM, sender_key, session_id),
    ):
        assert found is not None
        assert (found.id, found.room_id, found.sender_key) == (session_id, ROOM, sender_key)
        assert found.ed25519 == ana.olm.account.identity_keys["ed25519"]
    assert bot.store.inbound_session("!other:treaty.example", session_id) is None
    assert bot.store.inbound_session(ROOM, "other") is None
    assert bot.store.inbound_session(ROOM, session_id, "other") is None


def made(sender: str, outbound: OutboundGroupSession, chain: list[str] | None = None) -> InboundGroupSession:
    """Make the inbound end of a session as one sender hands it over, from where it stands now."""
    return InboundGroupSession(outbound.session_key, f"{sender} signs", f"{sender} key", ROOM, chain)


def test_nobody_puts_a_session_of_theirs_in_the_place_of_anothers(bot: Machine) -> None:
    """Two senders of one session id are kept apart, and the first stays the first."""
    outbound = OutboundGroupSession()
    for sender in ("ana", "ben"):
        bot.store.save_inbound_group_session(made(sender, outbound))
    bot.restart()
    first = bot.store.inbound_session(ROOM, outbound.id)
    second = bot.store.inbound_session(ROOM, outbound.id, "ben key")
    assert first is not None
    assert second is not None
    assert (first.sender_key, first.ed25519) == ("ana key", "ana signs")
    assert (second.sender_key, second.ed25519) == ("ben key", "ben signs")
    assert {key: list(found) for key, found in bot.olm.inbound_group_store[ROOM].items()} == {
        "ana key": [outbound.id],
        "ben key": [outbound.id],
    }


def test_a_worse_copy_of_a_session_changes_nothing(bot: Machine) -> None:
    """The copy that reads from the first message stays, whatever comes later; one from its sender beats a forwarded."""
    outbound = OutboundGroupSession()
    outbound.mark_as_shared()
    early = made("ana", outbound)
    outbound.encrypt("one")
    late, forwarded = made("ana", outbound), made("ben", outbound, ["someone"])
    sessions = bot.olm.inbound_group_store
    assert sessions.add(late)
    assert sessions.add(early)
    assert not sessions.add(late)
    assert sessions.add(forwarded)
    assert sessions.add(made("ben", outbound))
    assert not sessions.add(forwarded)
    bot.restart()
    kept = {one.sender_key: (one.first_known_index, one.forwarding_chain) for one in bot.olm.inbound_group_store}
    assert kept == {"ana key": (0, []), "ben key": (1, [])}


def test_room_keys_are_read_from_disk_beyond_those_at_hand(bot: Machine) -> None:
    """More sessions than are held in memory are all found again, and memory stays small."""
    outbound = [OutboundGroupSession() for _ in range(510)]
    with bot.sealed.transaction():
        for session in outbound:
            bot.store.save_inbound_group_session(made("ana", session))
    sessions = bot.store.load_inbound_group_sessions()
    assert isinstance(sessions, GroupSessions)
    assert all(sessions.get(ROOM, "ana key", session.id) is not None for session in outbound)
    assert len(sessions._at_hand) == 500
    assert len(list(sessions)) == 510


def test_a_device_without_trust_is_given_no_room_key(bot: Machine, ana: Machine) -> None:
    """The rule is asked each time: no key while it says no, and one when it says yes."""
    introduce(bot, ana)
    bot.trusted = nobody
    assert bot.room_key(ana) is None
    device = bot.olm.device_store[ANA][ANA_DEVICE]
    assert not bot.olm.is_device_verified(device)
    assert bot.olm.is_device_blacklisted(device)
    assert not bot.olm.is_device_ignored(device)
    bot.trusted = anybody
    bot.olm.create_outbound_group_session(ROOM)
    assert bot.room_key(ana) is not None


def test_nio_cannot_set_trust(bot: Machine, ana: Machine) -> None:
    """Verifying, blacklisting and ignoring change nothing, and say so."""
    introduce(bot, ana)
    bot.trusted = nobody
    device = bot.olm.device_store[ANA][ANA_DEVICE]
    olm = bot.olm
    changes = (olm.verify_device, olm.unverify_device, olm.blacklist_device, olm.unblacklist_device)
    assert [change(device) for change in (*changes, olm.ignore_device, olm.unignore_device)] == [False] * 6
    bot.store.ignore_devices([device])
    assert not olm.is_device_verified(device)
    assert not device.verified


def test_a_message_of_an_untrusted_device_is_read_but_not_verified(bot: Machine, ana: Machine) -> None:
    """`verified` follows the rule of trust at the moment of reading."""
    introduce(ana, bot)
    share(ana, bot)
    event = ana.say("take 27")
    assert bot.olm.decrypt_megolm_event(event, ROOM).verified
    bot.trusted = nobody
    assert not bot.olm.decrypt_megolm_event(event, ROOM).verified


def test_devices_are_kept_as_they_were_last_seen(bot: Machine) -> None:
    """Names, keys and deletions come back."""
    phone = OlmDevice(ANA, ANA_DEVICE, {"ed25519": "a", "curve25519": "b"}, display_name="phone")
    bot.store.save_device_keys({ANA: {ANA_DEVICE: phone}})
    phone.deleted, phone.display_name = True, "old phone"
    bot.store.save_device_keys({ANA: {ANA_DEVICE: phone}})
    bot.restart()
    assert list(bot.olm.device_store) == [phone]
    assert list(bot.olm.device_store.active_user_devices(ANA)) == []


def test_key_requests_and_encrypted_rooms_are_kept(bot: Machine) -> None:
    """A request until it is answered, an encrypted room for ever."""
    requests = [OutgoingKeyRequest(f"request{n}", "session", ROOM, "m.megolm.v1.aes-sha2") for n in range(2)]
    for request in requests:
        bot.store.add_outgoing_key_request(request)
    bot.store.remove_outgoing_key_request(requests[0])
    bot.store.save_encrypted_rooms({ROOM, "!other:treaty.example"})
    bot.store.delete_encrypted_room(ROOM)
    bot.restart()
    assert bot.olm.outgoing_key_requests == {"request1": requests[1]}
    assert bot.store.load_encrypted_rooms() == {ROOM, "!other:treaty.example"}


def test_a_failed_transaction_leaves_nothing_of_a_message(bot: Machine, ana: Machine) -> None:
    """A to-device message taken in a transaction that fails is taken again after making the machine anew."""
    introduce(ana, bot)
    content = ana.room_key(bot)
    assert content is not None
    with pytest.raises(ZeroDivisionError):
        _take_and_fail(bot, ana, content)
    bot.restart()
    assert bot.store.inbound_session(ROOM, ana.olm.outbound_group_sessions[ROOM].id) is None
    assert bot.take(ana, content) is not None
    assert bot.read(ana.say("take 27")) == "take 27"


def _take_and_fail(machine: Machine, sender: Machine, content: dict[str, Any]) -> None:
    with machine.sealed.transaction():
        assert machine.take(sender, content) is not None
        raise ZeroDivisionError


def test_another_device_on_the_same_store_sees_nothing_of_the_first(bot: Machine, ana: Machine) -> None:
    """Each device has an account, sessions, devices and rooms of its own."""
    introduce(ana, bot)
    share(ana, bot)
    bot.store.save_encrypted_rooms({ROOM})
    other = Olm(BOT, "SECONDBOX", CryptoStore(bot.sealed, BOT, "SECONDBOX", PICKLE_KEY, anybody))
    assert other.account.identity_keys != bot.olm.account.identity_keys
    assert not list(other.session_store)
    assert not list(other.inbound_group_store)
    assert not list(other.device_store)
    assert other.store.load_encrypted_rooms() == set()


def test_another_pickle_key_is_told(bot: Machine, ana: Machine) -> None:
    """Each pickle that does not open raises a StoreProblem."""
    introduce(bot, ana)
    bot.olm.create_outbound_group_session(ROOM)
    wrong = CryptoStore(bot.sealed, BOT, BOT_DEVICE, "another", anybody)
    for load in (wrong.load_account, wrong.load_sessions, lambda: list(wrong.load_inbound_group_sessions())):
        with pytest.raises(StoreProblem, match="another key"):
            load()


def test_it_has_every_method_of_nios_store(bot: Machine) -> None:
    """Whatever nio calls on its store is there."""
    ours = set(dir(CryptoStore))
    theirs = {name for name in vars(MatrixStore) if not name.startswith("_") and callable(getattr(MatrixStore, name))}
    assert theirs - ours == {"upgrade_to_v2"}


def test_no_id_or_key_is_in_the_files(bot: Machine, ana: Machine) -> None:
    """Neither WAL nor database holds a user, device, room or session id, a key or a pickle, before or after a close."""
    introduce(ana, bot)
    share(ana, bot)
    bot.store.save_encrypted_rooms({ROOM})
    session = bot.store.inbound_session(ROOM, ana.olm.outbound_group_sessions[ROOM].id)
    assert session is not None
    keys = [*ana.olm.account.identity_keys.values(), *bot.olm.account.identity_keys.values()]
    secrets = [ROOM, BOT, ANA, BOT_DEVICE, ANA_DEVICE, session.id, session.export_session(0)[:40], *keys]
    secrets += [
        "quetzal",
        "treaty.example",
        "of.the.coast",
        PICKLE_KEY,
        bot.olm.account.pickle(PICKLE_KEY).decode()[:40],
    ]
    held = [file.read_bytes() for file in bot.path.parent.iterdir()]
    assert len(held) == 3
    bot.sealed.close()
    held += [file.read_bytes() for file in bot.path.parent.iterdir()]
    for secret in secrets:
        assert not any(secret.encode() in content for content in held)
    connection = sqlite3.connect(bot.path)
    kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM sealed")}
    connection.close()
    assert kinds == {"store", "account", "olm", "inbound", "device", "encrypted"}
