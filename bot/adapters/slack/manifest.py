"""The app's manifest, made from the command table: what somebody pastes to create the app on Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.modals import ASSIGN, DRAFT, REMIND
from bot.commands import CommandTable, Verb

NAME = "Dragoman"
EVERYTHING = "/dragoman"
PATH = "/slack/events"
"""Where events, commands and interactions come to over HTTP."""

RESERVED = frozenset(
    """archive away call collapse dm dnd expand feed invite join kick leave me msg mute open people prefs remind remove
    rename search shortcuts shrug star status topic unarchive who""".split()
)
"""Commands that Slack keeps for itself: such verbs stand behind /dragoman only."""
FREQUENT = tuple(
    """next programme tasks take accept decline done release assign reassign review stands article diff find draft
    drafts coverage digest deadlines meeting my undo""".split()
)
"""First words of the verbs that are commands of their own. Slack has one namespace for all apps: the others are not."""


@dataclass(frozen=True)
class Scope:
    """What a scope is asked for."""

    why: str
    methods: tuple[str, ...] = ()
    """The methods of the Web API that we call and that need it."""


SCOPES: dict[str, Scope] = {
    "app_mentions:read": Scope("hears what is said to @Dragoman in a channel"),
    "channels:history": Scope(
        "finds, after a crash, whether a message is in the channel already; hears `!verb`, yes, and edits there",
        ("conversations.history", "conversations.replies"),
    ),
    "channels:read": Scope(
        "knows the name of a channel, whether other workspaces share it, and who left",
        ("conversations.info", "users.conversations"),
    ),
    "chat:write": Scope(
        "posts and updates its messages, and deletes those to somebody who was put out",
        ("chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete"),
    ),
    "commands": Scope("has slash commands and message shortcuts"),
    "files:read": Scope("reads the draft that somebody adds, and no other file", ("files.info",)),
    "files:write": Scope(
        "sends redlines and lists as files, and deletes those of somebody who was put out",
        ("files.getUploadURLExternal", "files.completeUploadExternal", "files.delete"),
    ),
    "groups:history": Scope(
        "the same as channels:history in private channels that it was invited to",
        ("conversations.history", "conversations.replies"),
    ),
    "groups:read": Scope(
        "the same as channels:read in private channels that it was invited to",
        ("conversations.info", "users.conversations"),
    ),
    "im:history": Scope(
        "hears what is said to it in direct messages; finds, after a crash, what it said there",
        ("conversations.history", "conversations.replies"),
    ),
    "im:write": Scope("opens a direct message with a member", ("conversations.open",)),
    "users:read": Scope("knows a member's name, time zone and workspace, never the e-mail address", ("users.info",)),
}
"""What the bot may do, and why. No call needs more; none of these is without a call, an event or a command."""

UNASKED: dict[str, Scope] = {
    "channels:manage": Scope("leaves a channel by itself when its coalition is purged", ("conversations.leave",)),
    "groups:write": Scope("the same in private channels", ("conversations.leave",)),
}
"""What would help once and is not asked for, since it lets an app archive channels and put people out of them.

A workspace may give it by hand; without it somebody takes the bot out of the channels.
"""

EVENTS: dict[str, str | None] = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "channel_archive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_id_changed": "channels:read",
    "channel_left": "channels:read",
    "channel_rename": "channels:read",
    "channel_shared": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_unshared": "channels:read",
    "group_archive": "groups:read",
    "group_deleted": "groups:read",
    "group_left": "groups:read",
    "group_rename": "groups:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "tokens_revoked": None,
    "user_change": "users:read",
}
"""What the bot is told, and the scope that each needs.

Messages of channels need no scope that looking up our own does not need: what is not for the bot is dropped unread.
"""

_SHORTCUTS = (
    ("Turn into a review task", ASSIGN, "Gives what this message asks for to somebody, by a date."),
    ("Remind me of this", REMIND, "Reminds you of this message, in the direct chat."),
    ("Add as a draft", DRAFT, "Reads the file of this message as a new draft and compares it."),
)


def manifest(table: CommandTable, url: str | None = None) -> dict[str, Any]:
    """Give the manifest of the app, in Socket Mode; with `url`, the public address of the bot, over HTTP."""
    address = f"{url.rstrip('/')}{PATH}" if url else None
    where = {"request_url": address} if address else {}
    return {
        "display_information": {
            "name": NAME,
            "description": "Keeps a coalition in step: who meets next, who has which article, what a draft changed",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": NAME, "always_online": True},
            "shortcuts": [
                {"name": name, "type": "message", "callback_id": callback, "description": description}
                for name, callback, description in _SHORTCUTS
            ],
            "slash_commands": [{**command, **({"url": address} if address else {})} for command in _commands(table)],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**where, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **where},
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(value: Mapping[str, Any]) -> str:
    """Write a manifest as YAML; strings are written as in JSON, which YAML reads, so that none is taken for else."""
    return "\n".join(_yaml(value, "")) + "\n"


def _commands(table: CommandTable) -> Iterator[dict[str, Any]]:
    yield {
        "command": EVERYTHING,
        "description": "Everything that Dragoman does; help lists it.",
        "usage_hint": "help | next | tasks | …",
        "should_escape": True,
    }
    for word in FREQUENT:
        verbs = [verb for verb in table.verbs if verb.name.split()[0] == word]
        hint = _hint(word, verbs)
        yield {
            "command": f"/{word}",
            "description": " ".join(dict.fromkeys(verb.summary for verb in verbs)),
            **({"usage_hint": hint} if hint else {}),
            "should_escape": True,
        }


def _hint(word: str, verbs: Sequence[Verb]) -> str:
    """Say what may stand behind a command; of several verbs that begin with it, what each of them wants."""
    wants = [verb.usage.removeprefix(word).strip() for verb in verbs]
    return " | ".join(want for want in wants if want)


def _yaml(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, Mapping | list):
                yield f"{indent}{name}:"
                yield from _yaml(item, f"{indent}  ")
            else:
                yield f"{indent}{name}: {_scalar(item)}"
    else:
        for item in value:
            first, *rest = _yaml(item, f"{indent}  ") if isinstance(item, Mapping) else [_scalar(item)]
            yield f"{indent}- {first.strip()}"
            yield from rest


def _scalar(value: str | bool) -> str:
    return json.dumps(value, ensure_ascii=False)
