"""Commands on the Matrix account: login, recover, status, trust, and what doctor says of it."""

from __future__ import annotations

import sys

import typer

from bot.adapters.matrix.account import AccountProblem, account_file
from bot.adapters.matrix.lock import hold
from bot.adapters.matrix.login import Credentials, House, log_in
from bot.adapters.matrix.recovery import recover
from bot.adapters.matrix.sealed import StoreProblem
from bot.adapters.matrix.status import Standing, accept_identity, standing, unpinned_identity
from bot.clock import SystemClock
from bot.terminal.opening import CommandProblem, note_in_audits, start_logs, write
from config.settings import Settings
from storage.cipher import read_key_file


async def matrix_login(settings: Settings) -> int:
    """Log in once and make the bot's identity."""
    house = _house(settings)
    with hold(settings.matrix_store, SystemClock().now()):
        await log_in(house, _credentials(settings), write)
    await note_in_audits(settings, "matrix login")
    return 0


async def matrix_recover(settings: Settings, recovery_key: str | None) -> int:
    """Rebuild a lost store from the recovery key."""
    house = _house(settings)
    given = _credentials(settings)
    key = recovery_key or str(typer.prompt("Recovery key", hide_input=True))
    with hold(settings.matrix_store, SystemClock().now()):
        await recover(house, given, key, write)
    await note_in_audits(settings, "matrix recover")
    return 0


async def matrix_status(settings: Settings) -> int:
    """Say how the account stands; 1 when something is wrong."""
    found = await _standing(settings)
    for line in found.lines():
        write(line)
    return 1 if found.alarms() else 0


async def matrix_trust(settings: Settings, user: str) -> int:
    """Show the identity that was seen of a person and does not hold yet, and let it hold. Raises CommandProblem.

    Somebody at a terminal is asked first. `dragoman run` must not hold the store meanwhile.
    """
    house = _house(settings)
    with hold(settings.matrix_store, SystemClock().now()):
        account, sealed = house.account(), house.open()
        try:
            shown = unpinned_identity(account, sealed, user)
            if not shown:
                raise CommandProblem("no other identity of this person was seen: there is nothing to accept")
            write(f"The identity of {user} that was seen last:")
            write(f"    {shown}")
            if sys.stdin.isatty():
                typer.confirm("Do they read you the same letters and digits, by a way other than Matrix?", abort=True)
            accept_identity(account, sealed, user)
        finally:
            sealed.close()
    await note_in_audits(settings, "matrix trust")
    write(f"This identity of {user} holds from now on, and no other.")
    return 0


async def check_matrix(settings: Settings) -> tuple[bool, str]:
    """Say in one line for `doctor` whether Matrix works; not set up is not wrong."""
    if not account_file(settings.matrix_store).exists():
        return False, "not set up (`dragoman matrix login`)"
    try:
        found = await _standing(settings)
    except (AccountProblem, StoreProblem) as problem:
        return True, str(problem)
    alarms = found.alarms()
    return bool(alarms), "; ".join(alarms) or f"{found.account.user_id}, cross-signed, one device"


async def _standing(settings: Settings) -> Standing:
    return await standing(_house(settings))


def _house(settings: Settings) -> House:
    start_logs(settings.log_level)
    now = int(SystemClock().now().timestamp() * 1000)
    return House(settings.matrix_store, read_key_file(settings.key_file), now)


def _credentials(settings: Settings) -> Credentials:
    """Take what the environment gives, and ask for the rest."""
    homeserver = settings.matrix_homeserver or str(typer.prompt("Homeserver (for example https://matrix.example.org)"))
    user = settings.matrix_user or str(typer.prompt("User (for example dragoman)"))
    password = settings.matrix_password
    typed = password.get_secret_value() if password else str(typer.prompt("Password", hide_input=True))
    return Credentials(homeserver.strip(), user.strip(), typed)
