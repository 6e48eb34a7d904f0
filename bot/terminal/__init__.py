"""What each `dragoman` command does; with app and `__main__`, part of the composition root."""

from bot.terminal.database import backup_database, restore_database, upgrade_database
from bot.terminal.demo import demo
from bot.terminal.drafts import Shown, compare_texts, parse_text
from bot.terminal.house import doctor, init, setup
from bot.terminal.matrix import matrix_login, matrix_recover, matrix_status, matrix_trust
from bot.terminal.opening import CommandProblem
from bot.terminal.people import suspend_member, unsuspend_member
from bot.terminal.purge import purge_coalition, purge_everything
from bot.terminal.requests import confirm_request
from bot.terminal.serving import serve
from bot.terminal.slack import slack_manifest
from bot.terminal.status import status
from bot.terminal.talk import console, load

__all__ = [
    "CommandProblem",
    "Shown",
    "backup_database",
    "compare_texts",
    "confirm_request",
    "console",
    "demo",
    "doctor",
    "init",
    "load",
    "matrix_login",
    "matrix_recover",
    "matrix_status",
    "matrix_trust",
    "parse_text",
    "purge_coalition",
    "purge_everything",
    "restore_database",
    "serve",
    "setup",
    "slack_manifest",
    "status",
    "suspend_member",
    "unsuspend_member",
    "upgrade_database",
]
