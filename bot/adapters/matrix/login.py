"""Logging in once, and again with the recovery key when the store is lost: an account, a device, an identity."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.matrix import secretstorage
from bot.adapters.matrix.account import Account, AccountProblem, account_file, read_account, write_account
from bot.adapters.matrix.crosssigning import (
    BrokenIdentity,
    Identity,
    PublicIdentity,
    device_signing_upload,
    read_identity,
    sign_device,
)
from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Encryption
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, part
from bot.adapters.matrix.sealed import SealedStore
from storage.cipher import Keyring

NAME = "Dragoman"
SECRETS = ("master", "self_signing", "user_signing")
_PASSWORD = "m.login.password"
_UNAUTHORISED = 401


class LoginProblem(Exception):
    """Logging in, or recovering, cannot go on; str() is one sentence that says what to do."""


@dataclass(frozen=True)
class Credentials:
    """What a person gives once; the password is not kept."""

    homeserver: str
    user: str
    password: str


@dataclass(frozen=True)
class House:
    """Where the account is kept, and under which keys."""

    store: Path
    keyring: Keyring
    now: int
    """The present moment, in milliseconds since 1970."""

    def open(self) -> SealedStore:
        """Open the store, made where there is none."""
        return SealedStore(self.store / "matrix.db", self.keyring)

    def account(self) -> Account:
        """Read the account; raises AccountProblem."""
        return read_account(account_file(self.store), self.keyring)


async def log_in(house: House, given: Credentials, tell: Callable[[str], None]) -> None:
    """Log in, make the device's keys and the cross-signing identity, and tell the recovery key, once.

    Goes on where an earlier attempt was cut off. Raises LoginProblem.
    """
    account = house.account() if account_file(house.store).exists() else await _new_device(house, given)
    server = Homeserver(account.homeserver, account.token)
    sealed = house.open()
    try:
        encryption = device_of(account, sealed, house.keyring)
        await encryption.publish(server)
        await _give_identity(server, sealed, encryption, given, tell)
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(_what(problem)) from None
    finally:
        sealed.close()
        await server.close()


async def recover(house: House, given: Credentials, recovery_key: str, tell: Callable[[str], None]) -> None:
    """Rebuild a lost store: a new device, vouched for by the identity that the recovery key opens.

    The old device is logged out. Raises LoginProblem: while the key has not opened the identity, nothing has changed;
    later the same command goes on.
    """
    try:
        key = secretstorage.decode_key(recovery_key)
    except secretstorage.SecretProblem as problem:
        raise LoginProblem(f"{problem}.") from None
    before = _account_before(house)
    account = await _log_in_once(house, given)
    server = Homeserver(account.homeserver, account.token)
    try:
        identity = await _opened_identity(server, account.user_id, key)
        _put_aside(house.store)
        sealed = house.open()
        try:
            sealed.put("identity", "seeds", identity.to_data())
            sealed.put("identity", "told", True)
            write_account(account_file(house.store), account, house.keyring)
            encryption = device_of(account, sealed, house.keyring)
            await encryption.publish(server)
            await _sign_own_device(server, identity, encryption)
        finally:
            sealed.close()
        await _log_out_others(server, account, given, before)
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(_what(problem)) from None
    finally:
        await server.close()
    tell(f"Recovered: {account.user_id} has the new device {account.device_id}, under the same identity as before.")


def _account_before(house: House) -> Account | None:
    """Give the account as it was, where its file can still be read."""
    try:
        return house.account()
    except AccountProblem:
        return None


async def _opened_identity(server: Homeserver, me: str, key: bytes) -> Identity:
    """Open the identity, or leave no device behind."""
    try:
        return await _stored_identity(server, me, key)
    except BaseException:
        with suppress(Away, Limited, Denied):
            await server.ask("POST", "/logout", {})
        raise


def device_of(account: Account, sealed: SealedStore, keyring: Keyring) -> Encryption:
    """Give the encryption of an account's own device."""
    pickle_key = keyring.fingerprint("matrix.pickle")
    return Encryption(account.user_id, account.device_id, Devices(account.user_id, sealed), sealed, pickle_key)


async def own_keys(server: Homeserver, user_id: str) -> dict[str, Any]:
    """Ask the server what it tells others of the account's own keys."""
    return await server.ask("POST", "/keys/query", {"device_keys": {user_id: []}, "timeout": 10_000})


def own_identity(answer: Mapping[str, Any], user_id: str) -> PublicIdentity | None:
    """Read the account's identity as others see it; None where there is none or it does not hold."""
    try:
        return read_identity(answer, user_id)
    except BrokenIdentity:
        return None


async def _new_device(house: House, given: Credentials) -> Account:
    account = await _log_in_once(house, given)
    write_account(account_file(house.store), account, house.keyring)
    return account


async def _log_in_once(house: House, given: Credentials) -> Account:
    url = await find_homeserver(given.homeserver)
    server = Homeserver(url)
    try:
        flows = (await server.ask("GET", "/login")).get("flows", [])
        if not any(flow.get("type") == _PASSWORD for flow in flows if isinstance(flow, dict)):
            raise LoginProblem(
                f"{url} takes no passwords from programs: make an account for the bot that has one, or ask the "
                "server's administrator to allow password login for it"
            )
        answer = await server.ask(
            "POST",
            "/login",
            {
                "type": _PASSWORD,
                "identifier": {"type": "m.id.user", "user": given.user},
                "password": given.password,
                "initial_device_display_name": NAME,
            },
        )
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(_what(problem)) from None
    finally:
        await server.close()
    return Account(url, str(answer["user_id"]), str(answer["device_id"]), str(answer["access_token"]), house.now)


async def find_homeserver(typed: str) -> str:
    """Give the base URL for what a person calls their homeserver: a URL, or a name that says where it is."""
    if "://" in typed:
        parsed = urlsplit(typed)
        if parsed.scheme not in ("http", "https") or not parsed.netloc:
            raise LoginProblem(f"“{typed}” is no address of a homeserver, for example https://matrix.example.org.")
        return typed.rstrip("/")
    server = Homeserver(f"https://{typed.strip('/')}")
    try:
        found = (await server.ask("GET", "/.well-known/matrix/client", base="")).get("m.homeserver")
    except (Away, Limited, Denied):
        found = None
    finally:
        await server.close()
    url = found.get("base_url") if isinstance(found, dict) else None
    return url.rstrip("/") if isinstance(url, str) and url.startswith("https://") else server.url


async def _give_identity(
    server: Homeserver, sealed: SealedStore, encryption: Encryption, given: Credentials, tell: Callable[[str], None]
) -> None:
    me = encryption.user_id
    answer = await own_keys(server, me)
    public, kept = own_identity(answer, me), sealed.get("identity", "seeds")
    if kept is None:
        if public is not None:
            raise LoginProblem(
                "This account has a cross-signing identity already: give its recovery key to `dragoman matrix "
                "recover`, or make an account that only the bot uses."
            )
        kept = Identity.make().to_data()
        sealed.put("identity", "seeds", kept)  # before anybody else learns of it
    identity = Identity.from_data(kept)
    if public is None:
        await _authorised(server, "/keys/device_signing/upload", device_signing_upload(identity, me), given)
    await _sign_own_device(server, identity, encryption)
    if sealed.get("identity", "told") is None:
        key = await _store_secrets(server, me, identity)
        tell("Recovery key, shown this once. Write it down and keep it away from this machine:")
        tell(f"    {secretstorage.encode_key(key)}")
        sealed.put("identity", "told", True)
    tell(f"Logged in as {me}, device {encryption.device_id}, cross-signed. The password was not kept.")
    tell(
        f"Now invite {me} to an encrypted, invite-only room, and say `!room here for tasks, alerts, countdown, digest`"
        " there. Members write to it in a direct chat."
    )


async def _sign_own_device(server: Homeserver, identity: Identity, encryption: Encryption) -> None:
    body = sign_device(identity, encryption.user_id, encryption.device_keys())
    answer = await server.ask("POST", "/keys/signatures/upload", body)
    if answer.get("failures"):
        raise LoginProblem("The server did not take the signature of the bot's device: try again later.")


async def _store_secrets(server: Homeserver, me: str, identity: Identity) -> bytes:
    """Put the identity into secret storage under a new recovery key, and give that."""
    key, key_id, seeds = secretstorage.make_key(), secretstorage.make_key_id(), identity.to_data()
    await _keep(server, me, secretstorage.key_type(key_id), secretstorage.describe(key))
    for name in SECRETS:
        kind = f"m.cross_signing.{name}"
        await _keep(server, me, kind, secretstorage.encrypt(key, key_id, kind, seeds[name]))
    await _keep(server, me, secretstorage.DEFAULT_KEY, {"key": key_id})
    return key


async def _stored_identity(server: Homeserver, me: str, key: bytes) -> Identity:
    """Read the identity out of secret storage; raises LoginProblem when the key does not open it."""
    try:
        key_id = str((await _kept(server, me, secretstorage.DEFAULT_KEY)).get("key"))
        if not secretstorage.check(key, await _kept(server, me, secretstorage.key_type(key_id))):
            raise LoginProblem("This is not the recovery key of this account: look for the one that `login` printed.")
        seeds = {}
        for name in SECRETS:
            kind = f"m.cross_signing.{name}"
            seeds[name] = secretstorage.decrypt(key, key_id, kind, await _kept(server, me, kind))
        identity = Identity.from_data(seeds)
    except Denied:
        raise LoginProblem("This account has no secret storage: was it set up by `dragoman matrix login`?") from None
    except (secretstorage.SecretProblem, BrokenIdentity) as problem:
        raise LoginProblem(f"The secret storage of this account cannot be used: {problem}.") from None
    if own_identity(await own_keys(server, me), me) != identity.public(me):
        raise LoginProblem("The account has another identity by now than the one in its secret storage.")
    return identity


async def _keep(server: Homeserver, me: str, kind: str, content: Mapping[str, Any]) -> None:
    await server.ask("PUT", f"/user/{part(me)}/account_data/{part(kind)}", content)


async def _kept(server: Homeserver, me: str, kind: str) -> dict[str, Any]:
    return await server.ask("GET", f"/user/{part(me)}/account_data/{part(kind)}")


async def _log_out_others(server: Homeserver, account: Account, given: Credentials, before: Account | None) -> None:
    """Leave the account with its one device: the lost one can neither read nor speak any more."""
    others = [device for device in await device_ids(server) if device != account.device_id]
    if before is not None and before.user_id == account.user_id and before.device_id in others:
        old = Homeserver(before.homeserver, before.token)
        try:
            await old.ask("POST", "/logout", {})
            others.remove(before.device_id)
        except (Away, Limited, Denied):
            pass  # its token is not good any more: taken out below with the others
        finally:
            await old.close()
    if others:
        await _authorised(server, "/delete_devices", {"devices": others}, given)


async def device_ids(server: Homeserver) -> list[str]:
    """Give the ids of the account's devices."""
    devices = (await server.ask("GET", "/devices")).get("devices", [])
    return [str(device.get("device_id")) for device in devices if isinstance(device, dict)]


async def _authorised(server: Homeserver, path: str, body: Mapping[str, Any], given: Credentials) -> None:
    """Make a request for which the server may want the password, or a person in a browser. Raises LoginProblem."""
    try:
        await server.ask("POST", path, body)
        return
    except Denied as problem:
        if problem.status != _UNAUTHORISED or "flows" not in problem.answer:
            raise
        answer = problem.answer
    if not any(flow.get("stages") == [_PASSWORD] for flow in answer["flows"] if isinstance(flow, dict)):
        raise LoginProblem(_approval(answer))
    user = {"type": "m.id.user", "user": given.user}
    auth = {"type": _PASSWORD, "identifier": user, "password": given.password, "session": answer.get("session")}
    await server.ask("POST", path, {**body, "auth": auth})


def _approval(answer: Mapping[str, Any]) -> str:
    params = answer.get("params")
    for wanted in params.values() if isinstance(params, dict) else ():
        url = wanted.get("url") if isinstance(wanted, dict) else None
        if isinstance(url, str):
            return (
                f"The server wants a person to approve this in a browser: open {url}, log in as the bot, approve, "
                "then run the same command again within ten minutes."
            )
    return (
        "The server wants a person to approve this in a browser: log in to the bot's account page there, allow a "
        "reset of its cross-signing identity, then run the same command again within ten minutes."
    )


def _put_aside(store: Path) -> None:
    """Move what is left of a lost store out of the way; it is not deleted."""
    if store.exists():
        store.rename(store.with_name(f"{store.name}.lost-{secrets.token_hex(3)}"))


def _what(problem: Away | Limited | Denied) -> str:
    if isinstance(problem, Away):
        return "The homeserver does not answer: check its address and the network, then try again."
    if isinstance(problem, Limited):
        return f"The homeserver asks for patience: try again in {problem.seconds:.0f} seconds."
    if problem.code in ("M_FORBIDDEN", "M_INVALID_USERNAME", "M_USER_DEACTIVATED"):
        return "The homeserver does not take this user and password: check both."
    if problem.code == "M_UNKNOWN_TOKEN":
        return "The bot's device was logged out: run `dragoman matrix recover` with its recovery key."
    return f"The homeserver refused ({problem.code}): ask its administrator."
