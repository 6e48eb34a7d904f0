"""Logging in once: an account, a device, an identity, and the recovery key shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.matrix import secretstorage
from bot.adapters.matrix.account import (
    Account,
    AccountProblem,
    account_file,
    coming_device,
    read_account,
    write_account,
)
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
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked, part
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

    Goes on where an earlier attempt, or a `recover`, was cut off. Raises LoginProblem.
    """
    sealed = house.open()
    try:
        account = await _account(house, sealed, given)
        server = Homeserver(account.homeserver, account.token)
        try:
            identity = await _give_identity(server, sealed, account, given)
            encryption = device_of(account, sealed, house.keyring)
            await encryption.publish(server)
            await sign_own_device(server, identity, encryption)
            await _show_recovery_key(server, sealed, account.user_id, identity, tell)
        finally:
            await server.close()
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(what_to_do(problem)) from None
    finally:
        sealed.close()
    me = account.user_id
    tell(f"Logged in as {me}, device {account.device_id}, cross-signed. The password was not kept.")
    tell(
        f"Now invite {me} to an encrypted, invite-only room, and say `!room here for tasks, alerts, countdown, digest`"
        " there. Members write to it in a direct chat."
    )


def check_set_up(account: Account, sealed: SealedStore) -> None:
    """See that the store is the account's, and complete; raises AccountProblem.

    With an empty one the device would get new keys under its old name, which nobody takes from it.
    """
    if sealed.get("identity", "told") is None or not _is_of(account, sealed):
        raise AccountProblem(
            "Matrix is not set up to the end, or its store was lost: run `dragoman matrix login` again, or `dragoman "
            "matrix recover` with the recovery key."
        )


def _is_of(account: Account, sealed: SealedStore) -> bool:
    return sealed.get("identity", "device") in (None, account.device_id)  # an older version kept none


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


async def _account(house: House, sealed: SealedStore, given: Credentials) -> Account:
    """Give the account to go on with: the one there is, or one with a new device.

    A new one, too, where a `recover` was cut off before it wrote its account, and where the device was logged out
    before the recovery key was shown: no other command could go on from there.
    """
    if account_file(house.store).exists():
        account = house.account()
        unfinished = sealed.get("identity", "told") is None
        if _is_of(account, sealed) and not (unfinished and await _is_logged_out(account)):
            return account
    account = await new_device(house, given)
    sealed.put("identity", "device", account.device_id)
    write_account(account_file(house.store), account, house.keyring)
    return account


async def _is_logged_out(account: Account) -> bool:
    server = Homeserver(account.homeserver, account.token)
    try:
        await server.ask("GET", "/account/whoami")
    except TokenRevoked:
        return True
    finally:
        await server.close()
    return False


async def new_device(house: House, given: Credentials) -> Account:
    """Log in as the coming device; the account is not kept yet. Raises LoginProblem."""
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
                "device_id": coming_device(account_file(house.store), house.keyring),
                "initial_device_display_name": NAME,
            },
        )
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(what_to_do(problem)) from None
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


async def _give_identity(server: Homeserver, sealed: SealedStore, account: Account, given: Credentials) -> Identity:
    """Give the account's identity, made where it has none. Raises LoginProblem where it has one that is not ours."""
    me = account.user_id
    public, kept = own_identity(await own_keys(server, me), me), sealed.get("identity", "seeds")
    if kept is None and public is None:
        kept = Identity.make().to_data()
        sealed.put("identity", "seeds", kept)  # before anybody else learns of it
    identity = Identity.from_data(kept) if kept is not None else None
    if identity is None or (public is not None and public != identity.public(me)):
        raise LoginProblem(
            "This account has a cross-signing identity already: give its recovery key to `dragoman matrix "
            "recover`, or make an account that only the bot uses."
        )
    if public is None:
        await authorised(server, "/keys/device_signing/upload", device_signing_upload(identity, me), given)
    return identity


async def _show_recovery_key(
    server: Homeserver, sealed: SealedStore, me: str, identity: Identity, tell: Callable[[str], None]
) -> None:
    """Put the identity into secret storage and show what opens it, unless that was done."""
    if sealed.get("identity", "told") is not None:
        return
    key = await _store_secrets(server, me, identity)
    tell("Recovery key, shown this once. Write it down and keep it away from this machine:")
    tell(f"    {secretstorage.encode_key(key)}")
    sealed.put("identity", "told", True)


async def sign_own_device(server: Homeserver, identity: Identity, encryption: Encryption) -> None:
    """Vouch for the bot's device, so that others give it keys. Raises LoginProblem."""
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


async def _keep(server: Homeserver, me: str, kind: str, content: Mapping[str, Any]) -> None:
    await server.ask("PUT", f"/user/{part(me)}/account_data/{part(kind)}", content)


async def device_ids(server: Homeserver) -> list[str]:
    """Give the ids of the account's devices."""
    devices = (await server.ask("GET", "/devices")).get("devices", [])
    return [str(device.get("device_id")) for device in devices if isinstance(device, dict)]


async def authorised(server: Homeserver, path: str, body: Mapping[str, Any], given: Credentials) -> None:
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


def what_to_do(problem: Away | Limited | Denied) -> str:
    """Say in one sentence what to do about what a homeserver answers."""
    if isinstance(problem, Away) and str(problem).startswith("M_"):
        return f"The homeserver does not serve this account now ({problem}): ask its administrator, then try again."
    if isinstance(problem, Away):
        return "The homeserver does not answer: check its address and the network, then try again."
    if isinstance(problem, Limited):
        return f"The homeserver asks for patience: try again in {problem.seconds:.0f} seconds."
    if problem.code in ("M_FORBIDDEN", "M_INVALID_USERNAME", "M_USER_DEACTIVATED"):
        return "The homeserver does not take this user and password: check both."
    if problem.code == "M_UNKNOWN_TOKEN":
        return "The bot's device was logged out: run `dragoman matrix recover` with its recovery key."
    return f"The homeserver refused ({problem.code}): ask its administrator."
