"""Commands on the database: upgrade, backup, restore."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from bot.app import open_store
from bot.clock import SystemClock
from bot.pulse import backed_up
from bot.terminal.opening import note_in_audits, write
from config.settings import Settings
from storage import migrate
from storage.backup import backup, restore
from storage.cipher import read_key_file
from storage.trouble import DatabaseProblem


async def upgrade_database(settings: Settings) -> int:
    """Bring the database up to date and say what was done."""
    applied = await migrate.upgrade(settings.database_url.get_secret_value())
    write(f"applied: {', '.join(applied)}" if applied else "the database is up to date")
    return 0


async def backup_database(settings: Settings, file: Path) -> int:
    """Write an encrypted copy."""
    await backup(settings.database_url.get_secret_value(), file, read_key_file(settings.key_file))
    await _note_backup(settings)
    await note_in_audits(settings, "db backup")
    write(f"written to {file}; it opens only with {settings.key_file.name}, which is not in it: keep both apart")
    return 0


async def restore_database(settings: Settings, file: Path, *, force: bool) -> int:
    """Put a copy back."""
    keyring = read_key_file(settings.key_file)
    left_out = await restore(file, settings.database_url.get_secret_value(), keyring, force=force)
    for coalition_id in left_out:
        write(
            f"coalition {coalition_id} was left out, the key file has no line for it: it was purged since; if it was "
            "not, put the newest key file there and restore once more"
        )
    await note_in_audits(settings, "db restore")
    write("restored")
    return 0


async def _note_backup(settings: Settings) -> None:
    """Let `status` know of it; a database of an older version, or one that cannot be written, has no place for it."""
    store = open_store(settings)
    with suppress(DatabaseProblem):
        await store.write(None, lambda work: backed_up(work, SystemClock().now()))
    await store.close()
