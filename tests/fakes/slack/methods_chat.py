"""chat.* and reactions.add."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack import messages, shapes
from tests.fakes.slack.records import Channel, Json, Person, Posted
from tests.fakes.slack.web_api import RefusedCall, WebApi, decoded, flag


def post(api: WebApi, arguments: Json) -> Json:
    """chat.postMessage: also to a person's id, which means the direct chat."""
    place = _place(api, str(arguments["channel"]))
    text, parts, attachments = messages.content(api, "chat.postMessage", arguments)
    metadata = messages.metadata(api, "chat.postMessage", arguments)
    thread = _thread(place, arguments)
    posted = Posted(
        place, api.space.new_ts(), api.space.bot.id, text, parts, attachments, thread,
        flag(arguments, "reply_broadcast"), metadata, bot_id=api.space.bot_id,
    )  # fmt: skip
    api.space.post(posted)
    announce_message(api, posted)
    shape = shapes.message(api.space, posted, metadata=True)
    return {"channel": place.id, "ts": posted.ts, "message": shape}


def _place(api: WebApi, name: str) -> Channel:
    if name in api.space.people:
        return _direct(api, api.space.people[name])
    place = api.channel({"channel": name})
    if place.archived:
        raise RefusedCall("is_archived")
    return place


def _direct(api: WebApi, person: Person) -> Channel:
    if person.bot:
        raise RefusedCall("cannot_dm_bot")
    if person.deleted or not api.space.sees(person):
        raise RefusedCall("channel_not_found")
    return api.space.direct(person)


def _thread(place: Channel, arguments: Json) -> str | None:
    thread = arguments.get("thread_ts")
    if not thread:
        return None
    parent = place.find(str(thread))
    if parent is None:
        raise RefusedCall("cannot_reply_to_message")
    return parent.root


def announce_message(api: WebApi, posted: Posted, **more: Any) -> None:
    """Tell the app of a message of its own, as Slack does."""
    event = shapes.message(api.space, posted) | {"event_ts": posted.ts, **more}
    api.announce(event, posted.channel)


def post_ephemeral(api: WebApi, arguments: Json) -> Json:
    """chat.postEphemeral: to one person in a channel they are in."""
    place = _place(api, str(arguments["channel"]))
    person = api.person(arguments["user"])
    if person.id not in place.members:
        raise RefusedCall("user_not_in_channel")
    text, parts, attachments = messages.content(api, "chat.postEphemeral", arguments)
    thread = _thread(place, arguments)
    posted = Posted(
        place, api.space.new_ts(), api.space.bot.id, text, parts, attachments, thread,
        bot_id=api.space.bot_id, only_for=person,
    )  # fmt: skip
    api.space.post(posted, "ephemeral")
    return {"message_ts": posted.ts}


def _own(api: WebApi, arguments: Json, code: str) -> Posted:
    place = api.channel(arguments)
    posted = place.find(str(arguments["ts"]))
    if posted is None:
        raise RefusedCall("message_not_found")
    if posted.bot_id != api.space.bot_id:
        raise RefusedCall(code)
    return posted


def update(api: WebApi, arguments: Json) -> Json:
    """chat.update: of the bot's own messages.

    Attachments and metadata that are not given stay, empty ones go. Blocks that are not given stay only without a text.
    """
    posted = _own(api, arguments, "cant_update_message")
    text, parts, attachments = messages.content(api, "chat.update", arguments)
    before = shapes.message(api.space, posted)
    removed = decoded(arguments, "metadata") == {}
    metadata = None if removed else messages.metadata(api, "chat.update", arguments)
    posted.text = text or posted.text
    posted.blocks = api.space.with_ids(parts) if text or "blocks" in arguments else posted.blocks
    posted.attachments = attachments if "attachments" in arguments else posted.attachments
    posted.metadata = posted.metadata if metadata is None and not removed else metadata
    ts = api.space.new_ts()
    # Slack shows no such mark where the new content is blocks.
    posted.edited = None if posted.blocks else {"user": api.space.bot.id, "ts": ts}
    api.space.show("update", posted)
    shape = shapes.message(api.space, posted)
    event = {
        "type": "message", "subtype": "message_changed", "channel": posted.channel.id, "hidden": True, "ts": ts,
        "event_ts": ts, "message": shape, "previous_message": before,
    }  # fmt: skip
    api.announce(event, posted.channel)
    return {"channel": posted.channel.id, "ts": posted.ts, "text": text, "message": shape}


def delete(api: WebApi, arguments: Json) -> Json:
    """chat.delete: of the bot's own messages."""
    posted = _own(api, arguments, "cant_delete_message")
    remove(api, posted)
    return {"channel": posted.channel.id, "ts": posted.ts}


def remove(api: WebApi, posted: Posted) -> None:
    """Take a message off every screen and tell the app."""
    before = shapes.message(api.space, posted)
    posted.deleted = True
    api.space.show("delete", posted)
    ts = api.space.new_ts()
    event = {
        "type": "message", "subtype": "message_deleted", "channel": posted.channel.id, "hidden": True, "ts": ts,
        "event_ts": ts, "deleted_ts": posted.ts, "previous_message": before,
    }  # fmt: skip
    api.announce(event, posted.channel)


def permalink(api: WebApi, arguments: Json) -> Json:
    """chat.getPermalink."""
    place = api.channel(arguments, inside=False)
    posted = place.find(str(arguments["message_ts"]))
    if posted is None:
        raise RefusedCall("message_not_found")
    link = f"https://{api.space.team.domain}.slack.com/archives/{place.id}/p{posted.ts.replace('.', '')}"
    return {"channel": place.id, "permalink": link}


def react(api: WebApi, arguments: Json) -> Json:
    """reactions.add."""
    posted = api.channel(arguments).find(str(arguments["timestamp"]))
    if posted is None:
        raise RefusedCall("message_not_found")
    if arguments["name"] in posted.reactions:
        raise RefusedCall("already_reacted")
    posted.reactions.append(str(arguments["name"]))
    api.space.show("reaction", posted)
    return {}


METHODS = {
    "chat.postMessage": post,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
    "reactions.add": react,
}
