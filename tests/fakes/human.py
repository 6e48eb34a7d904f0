"""A person with a Matrix client of their own: what tests talk to Dragoman with, through a real homeserver.

There is no task in the background: the client syncs while somebody waits in `hear`, `until`, `join_invited` or `sync`.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.fakes.ear import Ear
from tests.fakes.heard import Message, Reaction
from tests.fakes.line import API, Line, Refused, room_path
from tests.fakes.megolm import Vault, decrypt_file, encrypt_file
from tests.fakes.signing import SigningIdentity, device_is_cross_signed
from tests.fakes.synapse import Synapse

__all__ = ["Human", "Message", "Reaction", "Refused", "device_is_cross_signed"]

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


@dataclass
class Account:
    """What the sessions of one person have in common."""

    name: str
    password: str
    user_id: str
    folder: Path
    identity: SigningIdentity | None = None


@dataclass(eq=False)
class Human:
    """One session of a person. Made by `arrive` or `add_device`; to be closed."""

    account: Account
    line: Line
    vault: Vault
    device_id: str
    ear: Ear
    _encrypted: set[str] = field(default_factory=set)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def user_id(self) -> str:
        """Give the person's user id."""
        return self.account.user_id

    @property
    def strict(self) -> bool:
        """Give room keys to, and read from, cross-signed devices only (Matrix 1.18, MSC4153)."""
        return self.vault.strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self.vault.strict = strict

    @property
    def hold_keys(self) -> bool:
        """Send without giving anybody the key; `hand_over_keys` does it later."""
        return self.vault.hold_keys

    @hold_keys.setter
    def hold_keys(self, hold_keys: bool) -> None:
        self.vault.hold_keys = hold_keys

    @property
    def invitations(self) -> dict[str, list[dict[str, Any]]]:
        """Give the rooms this person is invited to, each with the stripped state the invitation shows."""
        return self.ear.invitations

    @classmethod
    async def arrive(cls, synapse: Synapse, name: str, folder: Path) -> Human:
        """Make an account and log in: its display name is `name`, its user id begins with it (ana, ana2, ...)."""
        password = secrets.token_urlsafe(12)
        localpart = synapse.unused(name.casefold())
        user_id = await asyncio.to_thread(synapse.register, localpart, password, display_name=name)
        return await cls._log_in(synapse.url, Account(name, password, user_id, folder))

    @classmethod
    async def intrude(cls, synapse: Synapse, user_id: str, password: str, folder: Path) -> Human:
        """Log in to somebody's account with a client of one's own."""
        return await cls._log_in(synapse.url, Account("Intruder", password, user_id, folder / "intruder"))

    async def add_device(self, *, signed: bool) -> Human:
        """Log in once more; `signed` has the person's self-signing key sign the new device (after `cross_sign`)."""
        other = await self._log_in(self.line.url, self.account)
        if signed:
            await other.sign_device()
        return other

    async def close(self) -> None:
        """Close connections and store; the account stays logged in."""
        await self.line.close()
        await self.vault.close()

    # Signing

    async def cross_sign(self) -> None:
        """Make the person's signing keys, if there are none, and sign this device."""
        if self.account.identity is None:
            await self.reset_identity()
        else:
            await self.sign_device()

    async def reset_identity(self) -> None:
        """Replace the person's signing keys and sign this device; other devices are unsigned then."""
        identity = SigningIdentity(self.user_id)
        await self._upload_with_password(f"{API}/keys/device_signing/upload", identity.upload())
        self.account.identity = identity
        await self.sign_device()

    async def sign_device(self, device_id: str | None = None) -> None:
        """Sign a device of this person, or else the one of this session, with the self-signing key."""
        if self.account.identity is None:
            raise LookupError("There is no identity yet: cross_sign() makes one.")
        device = (await self.keys_of(self.user_id))["device_keys"][self.user_id][device_id or self.device_id]
        body = self.account.identity.sign_device(device)
        failures = (await self.ask("POST", f"{API}/keys/signatures/upload", body)).get("failures")
        if failures:
            raise RuntimeError(f"The server did not take the signature: {failures}")

    async def keys_of(self, *user_ids: str) -> dict[str, Any]:
        """Give the answer of `/keys/query` for these people, which `device_is_cross_signed` takes."""
        return await self.vault.look_up(user_ids)

    # Rooms

    async def make_room(
        self, name: str, encrypted: bool = True, invite: Sequence[str] = (), public: bool = False
    ) -> str:
        """Make a room and give its id; anybody may join a public one."""
        preset = "public_chat" if public else "private_chat"
        return await self._create({"name": name, "preset": preset, "invite": list(invite)}, encrypted=encrypted)

    async def direct_chat(self, user_id: str) -> str:
        """Open an encrypted direct chat and give its id."""
        body = {"preset": "trusted_private_chat", "is_direct": True, "invite": [user_id]}
        room_id = await self._create(body, encrypted=True)
        path = f"{API}/user/{quote(self.user_id)}/account_data/m.direct"
        try:
            direct = await self.ask("GET", path)
        except Refused:
            direct = {}
        await self.ask("PUT", path, {**direct, user_id: [*direct.get(user_id, []), room_id]})
        return room_id

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite somebody."""
        await self.ask("POST", f"{room_path(room_id)}/invite", {"user_id": user_id})

    async def join(self, room_id: str) -> None:
        """Join a room; a refusal is tried again for two seconds, as an invitation may be on its way."""
        for _ in range(10):
            try:
                await self.ask("POST", f"{API}/join/{quote(room_id)}", {})
            except Refused as refused:
                if refused.status not in (403, 404):
                    raise
                await asyncio.sleep(0.2)
            else:
                break
        else:
            await self.ask("POST", f"{API}/join/{quote(room_id)}", {})
        self.invitations.pop(room_id, None)

    async def join_invited(self, timeout: float = 10) -> list[str]:
        """Wait for an invitation, accept all there are and give the ids of the rooms; none came if it is empty."""
        await self.until(lambda: bool(self.invitations), timeout)
        rooms = list(self.invitations)
        for room_id in rooms:
            await self.join(room_id)
        return rooms

    async def leave(self, room_id: str) -> None:
        """Leave a room or decline an invitation."""
        await self.ask("POST", f"{room_path(room_id)}/leave", {})

    async def members(self, room_id: str, *memberships: str) -> list[str]:
        """Give the user ids of those in these states, or else of those who joined or are invited."""
        events = (await self.ask("GET", f"{room_path(room_id)}/members"))["chunk"]
        wanted = memberships or ("join", "invite")
        return [event["state_key"] for event in events if event["content"].get("membership") in wanted]

    # Talking

    async def say(
        self,
        room_id: str,
        text: str,
        html: str | None = None,
        thread: str | None = None,
        reply_to: str | None = None,
        mentions: Sequence[str] = (),
    ) -> str:
        """Say something, encrypted where the room is, and give the event id."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text, "m.mentions": _mentions(mentions)}
        if html is not None:
            content |= {"format": "org.matrix.custom.html", "formatted_body": html}
        relation: dict[str, Any] = {}
        if thread is not None:
            relation = {"rel_type": "m.thread", "event_id": thread, "is_falling_back": reply_to is None}
        if reply_to is not None or thread is not None:
            relation["m.in_reply_to"] = {"event_id": reply_to or thread}
        return await self.send(room_id, "m.room.message", content | ({"m.relates_to": relation} if relation else {}))

    async def edit(self, room_id: str, event_id: str, text: str) -> str:
        """Replace the text of a message."""
        new = {"msgtype": "m.text", "body": text, "m.mentions": {}}
        relation = {"rel_type": "m.replace", "event_id": event_id}
        content = {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        return await self.send(room_id, "m.room.message", content)

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """React to a message, in clear as all clients do."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation}, clear=True)

    async def redact(self, room_id: str, event_id: str) -> str:
        """Take an event back."""
        path = f"{room_path(room_id)}/redact/{quote(event_id)}/{uuid4()}"
        return str((await self.ask("PUT", path, {}))["event_id"])

    async def send_file(self, room_id: str, name: str, content: bytes) -> str:
        """Send a file, encrypted where the room is."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        event = {"msgtype": "m.file", "body": name, "filename": name, "info": {"mimetype": kind, "size": len(content)}}
        if await self._is_encrypted(room_id):
            ciphertext, keys = encrypt_file(content)
            event["file"] = {**keys, "url": await self._upload(ciphertext, "application/octet-stream")}
        else:
            event["url"] = await self._upload(content, kind)
        return await self.send(room_id, "m.room.message", event)

    async def send(self, room_id: str, kind: str, content: dict[str, Any], *, clear: bool = False) -> str:
        """Send an event of any kind, encrypted where the room is unless `clear`, and give its id."""
        async with self._sending:
            if not clear and await self._is_encrypted(room_id):
                members = await self.members(room_id)
                inside = {"type": kind, "content": content}
                kind = "m.room.encrypted"
                content = await self.vault.encrypt(room_id, members, inside)
            path = f"{room_path(room_id)}/send/{kind}/{uuid4()}"
            return str((await self.ask("PUT", path, content))["event_id"])

    async def hand_over_keys(self, room_id: str) -> None:
        """Give the members the key of what was said while `hold_keys` was on."""
        await self.vault.hand_over(room_id, await self.members(room_id))

    # Hearing

    async def hear(self, room_id: str, count: int = 1, timeout: float = 10) -> list[Message]:
        """Give the next `count` messages of other people in a room, in timeline order; fewer if they do not come.

        A message that cannot be read holds back those after it for a moment; if its key comes later, it is heard then.
        """
        return await self.ear.hear(room_id, count, timeout)

    async def fetch_file(self, message: Message) -> bytes:
        """Download the file of a message, and decrypt it if it is encrypted."""
        keys = message.content.get("file")
        url = str(keys["url"] if keys else message.content["url"])
        path = f"/_matrix/client/v1/media/download/{url.removeprefix('mxc://')}"
        content = await self.line.carry("GET", path)
        return decrypt_file(content, keys) if keys else content

    async def until(self, happened: Callable[[], bool], timeout: float = 10) -> bool:
        """Sync until something holds, and say whether it does."""
        return await self.ear.until(happened, timeout)

    async def sync(self) -> None:
        """Take in what the server has now."""
        await self.ear.sync()

    def unreadable(self, room_id: str) -> list[str]:
        """Give the ids of the messages seen so far that could not be read."""
        return [entry.event_id for entry in self.ear.room(room_id).unread()]

    def reactions(self, room_id: str) -> list[Reaction]:
        """Give the reactions seen so far that stand, of everybody, in timeline order."""
        room = self.ear.room(room_id)
        return [reaction for reaction in room.reactions if reaction.event_id not in room.redacted]

    def redacted(self, room_id: str) -> set[str]:
        """Give the ids of the events seen to be taken back."""
        return self.ear.room(room_id).redacted

    def typing(self, room_id: str) -> set[str]:
        """Give who was typing at the last sync."""
        return self.ear.room(room_id).typing

    def typed(self, room_id: str) -> set[str]:
        """Give who was seen typing at any sync so far."""
        return self.ear.room(room_id).typed

    async def raw_timeline(self, room_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """Give the last `limit` events of a room as the server has them, oldest first."""
        query = {"dir": "b", "limit": str(limit)}
        page = await self.line.ask("GET", f"{room_path(room_id)}/messages", query=query)
        return list(reversed(page["chunk"]))

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a request in this person's name (path from "/_matrix" on). Raises Refused."""
        return await self.line.ask(method, path, body)

    # Inside

    @classmethod
    async def _log_in(cls, url: str, account: Account) -> Human:
        line = Line(url)
        try:
            answer = await line.ask("POST", f"{API}/login", _password(account))
            line.token, device_id = answer["access_token"], answer["device_id"]
            folder = account.folder / device_id
            folder.mkdir(parents=True)
            vault = Vault(line, folder)
            vault.open(account.user_id, device_id, answer["access_token"])
            human = cls(account, line, vault, device_id, Ear(line, vault, account.user_id))
            await vault.stock(0)
            await human.sync()
        except BaseException:
            await line.close()
            raise
        return human

    async def _upload_with_password(self, path: str, body: Mapping[str, Any]) -> None:
        """Post what may need the password a second time."""
        try:
            await self.ask("POST", path, body)
        except Refused as refused:
            if refused.status != 401 or "session" not in refused.body:
                raise
            proof = {**_password(self.account), "session": refused.body["session"]}
            await self.ask("POST", path, {**body, "auth": proof})

    async def _create(self, body: Mapping[str, Any], *, encrypted: bool) -> str:
        state = {"initial_state": [ENCRYPTION]} if encrypted else {}
        return str((await self.ask("POST", f"{API}/createRoom", {**body, **state}))["room_id"])

    async def _is_encrypted(self, room_id: str) -> bool:
        if room_id not in self._encrypted:
            try:
                await self.ask("GET", f"{room_path(room_id)}/state/m.room.encryption")
            except Refused as refused:
                if refused.status != 404:
                    raise
                return False
            self._encrypted.add(room_id)
        return True

    async def _upload(self, content: bytes, kind: str) -> str:
        answer = json.loads(await self.line.carry("POST", "/_matrix/media/v3/upload", content, kind))
        return str(answer["content_uri"])


def _mentions(user_ids: Sequence[str]) -> dict[str, Any]:
    return {"user_ids": list(user_ids)} if user_ids else {}


def _password(account: Account) -> dict[str, Any]:
    user = {"type": "m.id.user", "user": account.user_id}
    return {"type": "m.login.password", "identifier": user, "password": account.password}
