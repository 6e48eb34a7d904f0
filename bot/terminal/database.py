"""Commands on the database: upgrade, backup, restore."""

from __future__ import annotations

from pathlib import Path

from bot.terminal.opening import note_in_audits, write
from config.settings import Settings
from storage import migrate
from storage.backup import backup, restore
from storage.cipher import read_key_file


async def upgrade_database(settings: Settings) -> int:
    """Bring the database up to date and say what was done."""
    applied = await migrate.upgrade(settings.database_url.get_secret_value())
    write(f"applied: {', '.join(applied)}" if applied else "the database is up to date")
    return 0


async def backup_database(settings: Settings, file: Path) -> int:
    """Write an encrypted copy."""
    await backup(settings.database_url.get_secret_value(), file, read_key_file(settings.key_file))
    await note_in_audits(settings, "db backup")
    write(f"written to {file}; it opens only with {settings.key_file.name}, which is not in it: keep both apart")
    return 0


async def restore_database(settings: Settings, file: Path, *, force: bool) -> int:
    """Put a copy back."""
    keyring = read_key_file(settings.key_file)
    await restore(file, settings.database_url.get_secret_value(), keyring, force=force)
    await note_in_audits(settings, "db restore")
    write("restored")
    return 0
