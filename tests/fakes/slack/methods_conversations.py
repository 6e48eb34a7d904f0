"""conversations.* and users.conversations."""

from __future__ import annotations

from tests.fakes.slack import shapes
from tests.fakes.slack.records import Channel, Json, Posted
from tests.fakes.slack.web_api import KIND_OF_TYPE, RefusedCall, WebApi, flag, page


def history(api: WebApi, arguments: Json) -> Json:
    """conversations.history: newest first, without what is only in threads."""
    place = api.channel(arguments)
    found = [one for one in place.messages if one.thread is None or one.broadcast]
    return _page(api, arguments, list(reversed(_between(found, arguments))), 100)


def replies(api: WebApi, arguments: Json) -> Json:
    """conversations.replies: the parent first, then the answers, oldest first."""
    place = api.channel(arguments)
    asked = place.find(str(arguments["ts"]))
    if asked is None:
        raise RefusedCall("thread_not_found")
    parent = place.find(asked.root) or asked
    found = _between([one for one in place.messages if one.thread == parent.ts], arguments)
    return _page(api, arguments, [parent, *found], 1000)


def _between(messages: list[Posted], arguments: Json) -> list[Posted]:
    oldest, latest = (_moment(arguments, name) for name in ("oldest", "latest"))
    inclusive = flag(arguments, "inclusive")
    after = float("-inf") if oldest is None else oldest
    before = float("inf") if latest is None else latest

    def inside(posted: Posted) -> bool:
        ts = float(posted.ts)
        return after < ts < before or (inclusive and ts in (after, before))

    return [one for one in messages if not one.deleted and one.only_for is None and inside(one)]


def _moment(arguments: Json, name: str) -> float | None:
    value = arguments.get(name)
    try:
        return None if value in (None, "") else float(value)
    except (TypeError, ValueError):
        raise RefusedCall(f"invalid_ts_{name}") from None


def _page(api: WebApi, arguments: Json, messages: list[Posted], default: int) -> Json:
    some, cursor = page(arguments, messages, min(default, api.limits.most_items), api.limits.most_items)
    metadata = flag(arguments, "include_all_metadata")
    answer: Json = {
        "messages": [shapes.message(api.space, one, metadata) for one in some],
        "has_more": bool(cursor),
        "pin_count": 0,
    }
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def info(api: WebApi, arguments: Json) -> Json:
    """conversations.info."""
    place = api.channel(arguments, inside=False)
    shape = shapes.channel(api.space, place)
    if flag(arguments, "include_num_members"):
        shape["num_members"] = len(place.members)
    return {"channel": shape}


def open_chat(api: WebApi, arguments: Json) -> Json:
    """conversations.open: the direct chat with one person; the same one each time."""
    if channel := arguments.get("channel"):
        return {"channel": {"id": api.channel({"channel": channel}).id}}
    names = [one for one in str(arguments.get("users") or "").split(",") if one]
    if not names:
        raise RefusedCall("users_list_not_supplied")
    if len(names) > 1:
        raise RefusedCall("method_not_supported_for_channel_type")
    person = api.person(names[0])
    if person.bot:
        raise RefusedCall("cannot_dm_bot")
    if person.deleted:
        raise RefusedCall("user_disabled")
    if not api.space.sees(person):
        raise RefusedCall("user_not_visible")
    known = any(place.kind == "im" and person.id in place.members for place in api.space.channels.values())
    place = api.space.direct(person)
    whole = flag(arguments, "return_im")
    more = {"no_op": True, "already_open": True} if known else {}
    return more | {"channel": shapes.channel(api.space, place) if whole else {"id": place.id}}


def members(api: WebApi, arguments: Json) -> Json:
    """conversations.members."""
    place = api.channel(arguments, inside=False)
    some, cursor = page(arguments, place.members, 100, 999)
    return {"members": some, "response_metadata": {"next_cursor": cursor}}


def _listed(api: WebApi, arguments: Json, mine: bool) -> Json:
    types = str(arguments.get("types") or "public_channel").split(",")
    if any(one.strip() not in KIND_OF_TYPE for one in types):
        raise RefusedCall("invalid_types")
    kinds = {KIND_OF_TYPE[one.strip()] for one in types}

    def wanted(place: Channel) -> bool:
        inside = api.space.bot.id in place.members
        hidden = flag(arguments, "exclude_archived") and place.archived
        return place.kind in kinds and not hidden and (inside or not (mine or place.private))

    some, cursor = page(arguments, [one for one in api.space.channels.values() if wanted(one)], 100, 999)
    shape = [shapes.channel(api.space, one) for one in some]
    return {"channels": shape, "response_metadata": {"next_cursor": cursor}}


def list_all(api: WebApi, arguments: Json) -> Json:
    """conversations.list: public channels, and of the others those the bot is in."""
    return _listed(api, arguments, mine=False)


def list_mine(api: WebApi, arguments: Json) -> Json:
    """users.conversations: those the bot is in."""
    if arguments.get("user") not in (None, "", api.space.bot.id):
        raise RefusedCall("method_not_supported_here")
    return _listed(api, arguments, mine=True)


def join(api: WebApi, arguments: Json) -> Json:
    """conversations.join: public channels only."""
    place = api.channel(arguments, inside=False)
    if place.kind != "channel":
        raise RefusedCall("method_not_supported_for_channel_type")
    if place.archived:
        raise RefusedCall("is_archived")
    if api.space.bot.id in place.members:
        return {"channel": shapes.channel(api.space, place), "warning": "already_in_channel"}
    place.members.append(api.space.bot.id)
    event = {
        "type": "member_joined_channel", "user": api.space.bot.id, "channel": place.id, "channel_type": "C",
        "team": api.space.team.id, "event_ts": api.space.new_ts(),
    }  # fmt: skip
    api.announce(event, place)
    return {"channel": shapes.channel(api.space, place)}


METHODS = {
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.info": info,
    "conversations.open": open_chat,
    "conversations.members": members,
    "conversations.list": list_all,
    "conversations.join": join,
    "users.conversations": list_mine,
}
