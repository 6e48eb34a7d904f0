"""Commands on the Slack app: its manifest, and what doctor says of how it stands."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, select

from bot.adapters.slack.connection import Access
from bot.adapters.slack.manifest import as_yaml, manifest
from bot.adapters.slack.status import Served, standing
from bot.adapters.slack.web import Web
from bot.app import command_table, open_store
from bot.terminal.opening import start_logs, write
from config.settings import Settings
from storage import migrate
from storage.cipher import KeyProblem
from storage.tables import Coalition, Label, Room
from storage.trouble import DatabaseProblem
from storage.work import Store, Work


async def slack_manifest(url: str | None, file: Path | None) -> int:
    """Print the app's manifest, or write it to a file; with `url`, the bot's public address, for HTTP."""
    made = as_yaml(manifest(command_table(), url))
    if file is not None:
        file.write_text(made, "utf-8")
        return 0
    for line in made.splitlines():
        write(line)
    return 0


def slack_access(settings: Settings) -> Access:
    """Give what lets the bot into its workspace; nothing may be lacking."""
    token, app_token, secret = settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret
    assert token is not None, "the caller has looked"
    return Access(
        token.get_secret_value(),
        app_token.get_secret_value() if app_token else "",
        secret.get_secret_value() if secret else "",
        settings.slack_transport,
        settings.slack_listen,
        settings.slack_api_url,
    )


async def check_slack(settings: Settings) -> tuple[bool, str]:
    """Say in one line for `doctor` whether Slack works; not set up is not wrong."""
    if (lacks := settings.slack_lacks) is not None:
        return True, lacks
    if settings.slack_bot_token is None:
        return False, "not set up (docs/slack.md)"
    start_logs(settings.log_level)
    access = slack_access(settings)
    web = Web(access.bot_token, access.url)
    try:
        found = await standing(web, access.app_token if access.transport == "socket" else None, await _served(settings))
    finally:
        await web.close()
    return bool(found.alarms), found.line()


async def _served(settings: Settings) -> list[Served]:
    """Give the served channels; none while the database cannot be read, which has a line of its own."""
    try:
        if await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.CURRENT:
            return []
        store = open_store(settings)
    except (DatabaseProblem, KeyProblem):
        return []
    try:
        return await _rooms(store)
    except (DatabaseProblem, KeyProblem):
        return []
    finally:
        await store.close()


async def _rooms(store: Store) -> list[Served]:
    rooms: list[Served] = []
    for coalition in await store.read(None, lambda work: list(work.exec(select(Coalition.id)))):
        rooms += await store.read(coalition, _of_coalition)
    return rooms


def _of_coalition(work: Work) -> list[Served]:
    return [
        Served(room.name, room.address, room.label is Label.PUBLIC, room.shared)
        for room in work.rows(Room, col(Room.platform) == "slack")
    ]
