"""How the account stands: its device, its identity, its rooms and who reads there, and what should alarm somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.adapters.matrix.account import Account
from bot.adapters.matrix.crosssigning import Identity, fingerprint, is_signed
from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited
from bot.adapters.matrix.login import House, device_ids, own_identity, own_keys
from bot.adapters.matrix.person import Person
from bot.adapters.matrix.rooms import Room, Rooms
from bot.adapters.matrix.sealed import SealedStore


@dataclass(frozen=True)
class RoomStanding:
    """One room: who is in it, and what is amiss."""

    name: str
    members: int
    encrypted: bool
    guarded: bool
    changed: tuple[str, ...]
    """Members whose identity is another one now, with its fingerprint, or gone."""
    unsigned: tuple[str, ...]
    """Members with devices that they have not verified."""


@dataclass(frozen=True)
class Standing:
    """What `dragoman matrix status` tells."""

    account: Account
    problem: str = ""
    """Why the server could not be asked; empty where it could."""
    cross_signed: bool = False
    others: tuple[str, ...] = ()
    rooms: tuple[RoomStanding, ...] = ()

    def alarms(self) -> list[str]:
        """Give what somebody should look at now; nothing when all is well."""
        if self.problem:
            return [self.problem]
        found = [] if self.cross_signed else ["the bot's device is not cross-signed: run `dragoman matrix recover`"]
        if self.others:
            devices = ", ".join(self.others)
            found.append(f"the account has other devices ({devices}): log them out, the bot has one device")
        return found

    def lines(self) -> Iterator[str]:
        """Tell everything, a line each."""
        yield f"account        {self.account.user_id} on {self.account.homeserver}"
        yield f"device         {self.account.device_id}"
        if not self.problem:
            yield f"cross-signing  {'ok: this device is' if self.cross_signed else 'WRONG: this device is not'} signed"
            yield f"other devices  {'none' if not self.others else 'ALARM: ' + ', '.join(self.others)}"
        for room in self.rooms:
            yield f"room           {_room_line(room)}"
        for alarm in self.alarms():
            yield f"ALARM          {alarm}"


async def standing(house: House) -> Standing:
    """Look at the account, its store and its server. Raises AccountProblem or StoreProblem."""
    account = house.account()
    server = Homeserver(account.homeserver, account.token)
    if not (house.store / "matrix.db").exists():
        return Standing(account, "the Matrix store is gone: run `dragoman matrix recover`")
    sealed = house.open()
    try:
        answer = await own_keys(server, account.user_id)
        others = tuple(sorted(set(await device_ids(server)) - {account.device_id}))
        return Standing(account, "", _is_cross_signed(account, answer, sealed), others, _rooms(account, sealed))
    except Denied as problem:
        return Standing(account, f"the server refused ({problem.code}): run `dragoman matrix recover`")
    except (Away, Limited):
        return Standing(account, "the homeserver does not answer", rooms=_rooms(account, sealed))
    finally:
        sealed.close()
        await server.close()


def unpinned_identity(account: Account, sealed: SealedStore, user: str) -> str:
    """Give the fingerprint of the identity that was seen of a person and does not hold; empty where there is none."""
    return fingerprint(Devices(account.user_id, sealed).of(user).candidate)


def accept_identity(account: Account, sealed: SealedStore, user: str) -> str:
    """Let that identity hold, and give its fingerprint; empty where there is none."""
    return fingerprint(Devices(account.user_id, sealed).accept(user))


def _is_cross_signed(account: Account, answer: dict[str, object], sealed: SealedStore) -> bool:
    """Tell whether others see this device signed by the very identity that is kept here."""
    seeds, public = sealed.get("identity", "seeds"), own_identity(answer, account.user_id)
    if seeds is None or public is None or public != Identity.from_data(seeds).public(account.user_id):
        return False
    devices = answer.get("device_keys")
    mine = devices.get(account.user_id, {}) if isinstance(devices, dict) else {}
    return is_signed(public, mine.get(account.device_id))


def _rooms(account: Account, sealed: SealedStore) -> tuple[RoomStanding, ...]:
    devices = Devices(account.user_id, sealed)
    return tuple(_room(room, devices) for room in Rooms(account.user_id, sealed))


def _room(room: Room, devices: Devices) -> RoomStanding:
    people = {user: devices.of(user) for user in room.here() if user != devices.me}
    changed = tuple(_changed(user, person) for user, person in people.items() if person.changed)
    unsigned = tuple(
        user for user, person in people.items()
        if not person.master or person.unsigned()
    )  # fmt: skip
    partner = room.partner(devices.me)
    name = room.name or (f"direct chat with {partner}" if partner else room.room_id)
    return RoomStanding(name, len(room.here()), room.encrypted, room.is_guarded(), changed, unsigned)


def _changed(user: str, person: Person) -> str:
    return f"{user} (now {fingerprint(person.candidate)})" if person.candidate else f"{user} (none now)"


def _room_line(room: RoomStanding) -> str:
    parts = [f"{room.name}: {room.members} members", "encrypted" if room.encrypted else "NOT ENCRYPTED"]
    if not room.guarded:
        parts.append("anybody may come in" if room.encrypted else "not served")
    parts += [f"identity changed: {', '.join(room.changed)}"] if room.changed else []
    parts += [f"devices not verified by their owner: {', '.join(room.unsigned)}"] if room.unsigned else []
    return "; ".join(parts)
