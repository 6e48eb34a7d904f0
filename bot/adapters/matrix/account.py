"""The bot's account on its homeserver, kept encrypted beside the store: who it is, and its token."""

from __future__ import annotations

import json
import os
import secrets
import string
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from storage.cipher import DEPLOYMENT, KeyProblem, Keyring

_CONTEXT, _COMING = "matrix.account", "matrix.coming"


class AccountProblem(Exception):
    """The account file is missing or cannot be used; str() is one sentence that says what to do."""


@dataclass(frozen=True)
class Account:
    """One login: the device keeps its id and token for as long as the bot lives."""

    homeserver: str
    user_id: str
    device_id: str
    token: str
    since: int
    """When it logged in, in milliseconds since 1970: what was said before is not for it."""


def account_file(store: Path) -> Path:
    """Give the place of the account file for a store's folder: beside it, so that it outlives a lost store."""
    return store.with_name(f"{store.name}.account")


def read_account(path: Path, keyring: Keyring) -> Account:
    """Read the account; raises AccountProblem when there is none, or when the key file does not fit."""
    try:
        return Account(**json.loads(keyring.open(path.read_bytes(), _CONTEXT)))
    except FileNotFoundError:
        raise AccountProblem("Matrix is not set up: run `dragoman matrix login`.") from None
    except OSError as problem:
        raise AccountProblem(f"{path} cannot be read: {problem.strerror}.") from None
    except (KeyProblem, ValueError, TypeError):
        raise AccountProblem(f"{path} is damaged, or was made with another key file than this one.") from None


def write_account(path: Path, account: Account, keyring: Keyring) -> None:
    """Keep the account, for its owner only, whole or not at all; its device is no coming one any more."""
    _write(path, keyring.seal(DEPLOYMENT, json.dumps(asdict(account)).encode(), _CONTEXT))
    _coming_file(path).unlink(missing_ok=True)


def coming_device(path: Path, keyring: Keyring) -> str:
    """Give the id that the next device gets, the same until its account is written.

    A login whose answer was lost, or after which the process died, so leaves no device behind that nobody knows of.
    """
    coming, name = _coming_file(path), ""
    with suppress(OSError, KeyProblem, ValueError):
        name = keyring.open(coming.read_bytes(), _COMING).decode()
    if not name or name == _present(path, keyring):  # it has come: its keys are known, and are not to be made anew
        name = "".join(secrets.choice(string.ascii_uppercase) for _ in range(10))
        _write(coming, keyring.seal(DEPLOYMENT, name.encode(), _COMING))
    return name


def _present(path: Path, keyring: Keyring) -> str:
    with suppress(AccountProblem):
        return read_account(path, keyring).device_id
    return ""


def _coming_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.coming")


def _write(path: Path, sealed: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
