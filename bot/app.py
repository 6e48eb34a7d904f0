"""The composition root: with `__main__`, all that knows every room."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.adapters.matrix.account import account_file
from bot.clock import Clock
from bot.commands import CommandTable
from bot.dispatch import Dispatch
from bot.engine import Engine
from bot.ingest import Ingest
from bot.occasions import digest as digest_occasions
from bot.occasions import programme as programme_occasions
from bot.occasions import tasks as task_occasions
from bot.occasions import told
from bot.occasions.leaving import Write
from bot.outbox import Outbox
from bot.ports import Chat
from config.settings import Settings
from handlers import (
    accounts,
    broadcast,
    chair,
    drafts,
    own,
    people,
    programme,
    reviews,
    rooms,
    tasks,
    texts,
    undelivered,
)
from storage.cipher import read_key_file
from storage.work import Store

FAMILIES = (tasks, reviews, programme, chair, texts, drafts, broadcast, own, people, accounts, rooms, undelivered)
"""In the order in which help shows them."""

PLATFORMS = ("console", "slack", "matrix")


def command_table() -> CommandTable:
    """Give the table of all verbs."""
    return CommandTable(tuple(verb for family in FAMILIES for verb in family.VERBS))


def writers() -> dict[str, Write]:
    """Give the writers of notices that are written when they leave, by occasion."""
    return {
        **task_occasions.OCCASIONS, **programme_occasions.OCCASIONS, **digest_occasions.OCCASIONS, **told.OCCASIONS
    }  # fmt: skip


def open_store(settings: Settings) -> Store:
    """Open the database; raises KeyProblem when the key file is missing or unfit."""
    return Store(settings.database_url.get_secret_value(), read_key_file(settings.key_file))


def rehearsed(settings: Settings) -> tuple[str, ...]:
    """Give the platforms whose messages the console shows: its own, and those that `run` has no account to serve with.

    What it shows is marked as sent: of a chat that is really served, people would then miss it.
    """
    served = {"matrix"} if account_file(settings.matrix_store).exists() else set()
    return tuple(platform for platform in PLATFORMS if platform not in served)


def build(store: Store, clock: Clock, chats: Mapping[str, Chat], sole: Collection[str] = (), lanes: int = 1) -> Engine:
    """Put the parts together; `sole` names the platforms on which no other process can be sending.

    So many `lanes` are served at once: one, where the order of all messages is to be the same each time.
    """
    dispatch = Dispatch(store, clock, command_table())
    return Engine(store, clock, dispatch, Ingest(store, clock), Outbox(store, clock, chats, writers(), sole, lanes))
