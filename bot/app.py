"""The composition root: with `__main__`, all that knows every room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bot.adapters.matrix.account import account_file
from bot.clock import Clock
from bot.commands import CommandTable
from bot.dispatch import Dispatch
from bot.duty import Duty
from bot.engine import Engine, Works
from bot.erasing import Erasing
from bot.fetching import Fetching
from bot.ingest import Ingest
from bot.leftovers import Leftovers
from bot.occasions import digest as digest_occasions
from bot.occasions import programme as programme_occasions
from bot.occasions import requests as request_occasions
from bot.occasions import tasks as task_occasions
from bot.occasions import told
from bot.occasions.leaving import Write
from bot.outbox import Outbox
from bot.ports import Chat, Fetcher
from bot.rules.limits import USUAL, Limits
from bot.rules.retention import Keeping
from bot.sweeping import Sweep
from bot.watching import Watch
from config.settings import Settings
from handlers import (
    accounts,
    audit,
    broadcast,
    chair,
    drafts,
    leaving,
    own,
    people,
    programme,
    purge,
    requests,
    retention,
    reviews,
    rooms,
    sources,
    status,
    tasks,
    texts,
    undelivered,
)
from storage.cipher import read_key_file
from storage.migrate import sqlite_path
from storage.work import Store

FAMILIES = (
    tasks,
    reviews,
    programme,
    chair,
    texts,
    drafts,
    sources,
    broadcast,
    own,
    people,
    accounts,
    leaving,
    rooms,
    requests,
    audit,
    retention,
    purge,
    undelivered,
    status,
)
"""In the order in which help shows them."""

PLATFORMS = ("console", "slack", "matrix")


def command_table() -> CommandTable:
    """Give the table of all verbs."""
    return CommandTable(tuple(verb for family in FAMILIES for verb in family.VERBS))


def writers() -> dict[str, Write]:
    """Give the writers of notices that are written when they leave, by occasion."""
    return {
        **task_occasions.OCCASIONS, **programme_occasions.OCCASIONS, **digest_occasions.OCCASIONS, **told.OCCASIONS,
        **request_occasions.OCCASIONS,
    }  # fmt: skip


def open_store(settings: Settings) -> Store:
    """Open the database; raises KeyProblem when the key file is missing or unfit."""
    return Store(settings.database_url.get_secret_value(), read_key_file(settings.key_file))


def slack_folder(settings: Settings) -> Path:
    """Give the folder that whoever serves Slack holds, beside the database: the token is in their environment only."""
    path = sqlite_path(settings.database_url.get_secret_value())
    return (path.parent if path is not None else settings.config.parent) / "slack"


def rehearsed(settings: Settings) -> tuple[str, ...]:
    """Give the platforms whose messages the console shows: its own, and those that `run` has no account to serve with.

    What it shows is marked as sent: of a chat that is really served, people would then miss it.
    """
    served = {"matrix"} if account_file(settings.matrix_store).exists() else set()
    if settings.slack_bot_token or slack_folder(settings).exists():
        served.add("slack")
    return tuple(platform for platform in PLATFORMS if platform not in served)


def limits_of(settings: Settings) -> Limits:
    """Give how much one coalition may have, and for how long."""
    keeping = Keeping(
        settings.keep_sent_days, settings.keep_closed_days, settings.keep_suspended_days, settings.keep_inbox_days,
        settings.sweep_hour,
    )  # fmt: skip
    return Limits(
        settings.most_rooms, settings.most_members, settings.most_drafts_a_day, settings.most_notices_a_day, keeping
    )


def build(  # noqa: PLR0913 - the composition root takes what there is to put together
    store: Store,
    clock: Clock,
    chats: Mapping[str, Chat],
    sole: Collection[str] = (),
    fetcher: Fetcher | None = None,
    *,
    files: bool = False,
    lanes: int = 1,
    limits: Limits = USUAL,
) -> Engine:
    """Put the parts together; `sole` names the platforms on which no other process can be sending.

    Without a fetcher nothing is watched; with `files` redlines go with alerts as files. So many `lanes` are served at
    once: one, where the order of all messages is to be the same each time. `limits` hold for each coalition.
    """
    duty = Duty(store, clock, "chores")
    write = duty.write if store.shared else store.write
    dispatch, fetching = Dispatch(store, clock, command_table(), limits), Fetching(store, clock, chats)
    watch, ingest = Watch(store, clock, fetcher, write, limits), Ingest(store, clock, write)
    outbox = Outbox(store, clock, chats, writers(), sole, files=files, lanes=lanes)
    erasing, leftovers = Erasing(store, clock, chats), Leftovers(store, clock, chats)
    sweep = Sweep(store, clock, duty, limits.keeping)
    return Engine(store, clock, Works(dispatch, fetching, watch, ingest, erasing, leftovers, outbox, sweep), duty)
