"""What Slack sends: the envelope of events, commands, and the parts that interactions have in common."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.slack import shapes
from tests.fakes.slack.records import Channel, Json, Person, Posted, View
from tests.fakes.slack.workspace import Workspace

VERIFICATION = "verification-token"
TYPES = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}
TOKEN = re.compile(r"<@(?P<user>[UW]\w+)(?:\|[^>]*)?>|<#(?P<channel>C\w+)(?:\|[^>]*)?>|(?P<url>https?://[^\s<>|]+)")


def event(space: Workspace, inner: Json, place: Channel | None) -> Json:
    """Wrap an event as Slack delivers it to the app in our team."""
    authorization = {
        "enterprise_id": None,
        "team_id": space.team.id,
        "user_id": space.bot.id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION,
        "team_id": space.team.id,
        "context_team_id": space.team.id,
        "context_enterprise_id": None,
        "api_app_id": space.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": space.new_id("Ev0"),
        "event_time": int(float(inner.get("event_ts") or space.now())),
        "authorizations": [authorization],
        "is_ext_shared_channel": bool(place and place.shared),
        "event_context": f"4-{space.new_id('ctx')}",
    }


def escaped(words: str) -> str:
    """Give what a person typed as it arrives in `text`: &, < and > escaped but for mentions, links in brackets."""

    def kept(match: re.Match[str]) -> str:
        return f"<{_html(match['url'])}>" if match["url"] else match[0]

    return _between_tokens(words, _html, kept)


def _between_tokens(words: str, plain: Any, kept: Any) -> str:
    parts, at = [], 0
    for match in TOKEN.finditer(words):
        parts += [plain(words[at : match.start()]), kept(match)]
        at = match.end()
    return "".join([*parts, plain(words[at:])])


def _html(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rich_text(space: Workspace, words: str) -> list[Json]:
    """Give the blocks that the client of a person makes of what was typed."""
    elements: list[Json] = []
    at = 0
    for match in TOKEN.finditer(words):
        if match.start() > at:
            elements.append({"type": "text", "text": words[at : match.start()]})
        if match["user"]:
            elements.append({"type": "user", "user_id": match["user"]})
        elif match["channel"]:
            elements.append({"type": "channel", "channel_id": match["channel"]})
        else:
            elements.append({"type": "link", "url": match["url"]})
        at = match.end()
    if at < len(words) or not elements:
        elements.append({"type": "text", "text": words[at:]})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": space.short_id(), "elements": [section]}]


def said(space: Workspace, posted: Posted) -> Json:
    """Give the event of a message that a person wrote."""
    author = space.people[posted.user]
    place = posted.channel
    inner = shapes.message(space, posted) | {
        "channel": place.id,
        "channel_type": TYPES[place.kind],
        "event_ts": posted.ts,
    }
    inner |= strangers(space, author, place)
    if posted.files:
        inner |= {"upload": False, "display_as_bot": False}
    return inner


def strangers(space: Workspace, author: Person, place: Channel) -> Json:
    """Give what an event tells besides in a channel that is shared between teams."""
    if not place.shared:
        return {}
    more: Json = {"user_team": author.team.id, "source_team": author.team.id}
    if author.team is not space.team:
        profile = {"name": author.handle, "real_name": author.name, "display_name": author.name}
        more["user_profile"] = {**profile, "team": author.team.id, "is_restricted": False}
    return more


def mention(inner: Json) -> Json:
    """Give the app_mention that goes with a message; it has neither channel_type nor subtype."""
    left_out = ("channel_type", "subtype")
    return {key: value for key, value in inner.items() if key not in left_out} | {"type": "app_mention"}


def command(space: Workspace, person: Person, verb: str, text: str, place: Channel, trigger: str, url: str) -> Json:
    """Give a slash command."""
    names = {"im": "directmessage", "group": "privategroup", "mpim": "privategroup"}
    return {
        "token": VERIFICATION,
        "team_id": person.team.id,
        "team_domain": person.team.domain,
        "channel_id": place.id,
        "channel_name": names.get(place.kind, place.name),
        "user_id": person.id,
        "user_name": person.handle,
        "command": verb,
        "text": text,
        "api_app_id": space.app_id,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger,
    }


def command_text(space: Workspace, words: str, escape: bool) -> str:
    """Give the words behind a command: people and channels with their ids, or as plain names."""

    def named(match: re.Match[str]) -> str:
        if match["user"]:
            handle = space.people[match["user"]].handle
            return f"<@{match['user']}|{handle}>" if escape else f"@{handle}"
        if match["channel"]:
            name = space.channels[match["channel"]].name
            return f"<#{match['channel']}|{name}>" if escape else f"#{name}"
        return f"<{_html(match['url'])}>" if escape else match[0]

    return _between_tokens(words, _html if escape else str, named)


def interaction(space: Workspace, kind: str, person: Person, trigger: str) -> Json:
    """Give what every interaction has."""
    return {
        "type": kind,
        "team": {"id": person.team.id, "domain": person.team.domain},
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team.id},
        "api_app_id": space.app_id,
        "token": VERIFICATION,
        "trigger_id": trigger,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def on_message(space: Workspace, posted: Posted) -> Json:
    """Give where an interaction with a message happened; an ephemeral message itself is not sent along."""
    place = posted.channel
    names = {"im": "directmessage", "group": "privategroup", "mpim": "privategroup"}
    container: Json = {
        "type": "message",
        "message_ts": posted.ts,
        "channel_id": place.id,
        "is_ephemeral": posted.only_for is not None,
    }
    if posted.thread is not None:
        container["thread_ts"] = posted.thread
    shape: Json = {"container": container, "channel": {"id": place.id, "name": names.get(place.kind, place.name)}}
    return shape if posted.only_for else shape | {"message": shapes.message(space, posted)}


def on_view(space: Workspace, view: View, values: Json) -> Json:
    """Give a view with what was filled in."""
    return shapes.view(space, view) | {"state": {"values": values}}
