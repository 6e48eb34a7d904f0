"""Rebuilding a lost store with the recovery key: a new device under the identity that secret storage keeps."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.adapters.matrix import secretstorage
from bot.adapters.matrix.account import Account, AccountProblem, account_file, write_account
from bot.adapters.matrix.crosssigning import BrokenIdentity, Identity
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, part
from bot.adapters.matrix.lock import LOCK_FILE
from bot.adapters.matrix.login import (
    SECRETS,
    Credentials,
    House,
    LoginProblem,
    authorised,
    device_ids,
    device_of,
    new_device,
    own_identity,
    own_keys,
    sign_own_device,
    what_to_do,
)


async def recover(house: House, given: Credentials, recovery_key: str, tell: Callable[[str], None]) -> None:
    """Rebuild a lost store: a new device, vouched for by the identity that the recovery key opens.

    All other devices are logged out. Raises LoginProblem: while the key has not opened the identity, nothing has
    changed; later the same command goes on. Whoever calls it holds the store's lock.
    """
    try:
        key = secretstorage.decode_key(recovery_key)
    except secretstorage.SecretProblem as problem:
        raise LoginProblem(f"{problem}.") from None
    before = _account_before(house)
    account = await new_device(house, given)
    server = Homeserver(account.homeserver, account.token)
    try:
        identity = await _opened_identity(server, account.user_id, key)
        _put_aside(house.store)
        sealed = house.open()
        try:
            with sealed.transaction():
                sealed.put("identity", "seeds", identity.to_data())
                sealed.put("identity", "device", account.device_id)
                sealed.put("identity", "told", True)
            write_account(account_file(house.store), account, house.keyring)
            encryption = device_of(account, sealed, house.keyring)
            await encryption.publish(server)
            await sign_own_device(server, identity, encryption)
        finally:
            sealed.close()
        await _log_out_others(server, account, given, before)
    except (Away, Limited, Denied) as problem:
        raise LoginProblem(what_to_do(problem)) from None
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
        await authorised(server, "/delete_devices", {"devices": others}, given)


def _put_aside(store: Path) -> None:
    """Move what is left of a lost store out of the way; it is not deleted. The lock stays: it is held."""
    left = [path for path in store.iterdir() if path.name != LOCK_FILE] if store.exists() else []
    if left:
        aside = store.with_name(f"{store.name}.lost-{secrets.token_hex(3)}")
        aside.mkdir(0o700)
        for path in left:
            path.rename(aside / path.name)
