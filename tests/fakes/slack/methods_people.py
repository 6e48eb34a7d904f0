"""auth.test, apps.connections.open, users.*, team.info, bots.info."""

from __future__ import annotations

from tests.fakes.slack import shapes
from tests.fakes.slack.records import Json
from tests.fakes.slack.web_api import RefusedCall, WebApi, flag, page


def test(api: WebApi, arguments: Json) -> Json:
    """auth.test: who the token belongs to."""
    space = api.space
    return {
        "url": f"https://{space.team.domain}.slack.com/",
        "team": space.team.name,
        "user": space.bot.handle,
        "team_id": space.team.id,
        "user_id": space.bot.id,
        "bot_id": space.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(api: WebApi, arguments: Json) -> Json:
    """apps.connections.open: an address for one WebSocket."""
    url = api.link()
    if not url:
        raise RefusedCall("link_disabled")
    return {"url": url}


def info(api: WebApi, arguments: Json) -> Json:
    """users.info: of our own people, and of those whom the bot shares a channel with."""
    person = api.person(arguments["user"])
    if not api.space.sees(person):
        raise RefusedCall("user_not_visible")
    shape = shapes.user(api.space, person)
    return {"user": shape | ({"locale": person.locale} if flag(arguments, "include_locale") else {})}


def list_all(api: WebApi, arguments: Json) -> Json:
    """users.list: of our own team."""
    everybody = [one for one in api.space.people.values() if one.team is api.space.team]
    some, cursor = page(arguments, everybody, 1000, 1000)
    shape = [shapes.user(api.space, one) for one in some]
    return {"members": shape, "cache_ts": int(api.space.now()), "response_metadata": {"next_cursor": cursor}}


def team(api: WebApi, arguments: Json) -> Json:
    """team.info: of our own team, or of one that shares a channel with the bot."""
    asked = arguments.get("team") or api.space.team.id
    found = next((one for one in (api.space.team, api.space.guests) if one.id == asked), None)
    if found is None:
        raise RefusedCall("team_not_found")
    return {"team": {"id": found.id, "name": found.name, "domain": found.domain, "email_domain": "", "icon": {}}}


def bot(api: WebApi, arguments: Json) -> Json:
    """bots.info: of the app itself."""
    if arguments.get("bot") not in (None, "", api.space.bot_id):
        raise RefusedCall("bot_not_found")
    space = api.space
    return {
        "bot": {
            "id": space.bot_id,
            "deleted": False,
            "name": space.bot.name,
            "updated": 0,
            "app_id": space.app_id,
            "user_id": space.bot.id,
            "icons": {},
        }
    }


METHODS = {
    "auth.test": test,
    "apps.connections.open": open_connection,
    "users.info": info,
    "users.list": list_all,
    "team.info": team,
    "bots.info": bot,
}
