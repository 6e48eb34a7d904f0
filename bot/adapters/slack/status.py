"""How the app stands in its workspace: its token and scopes, its way in, and the channels that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.slack.channels import Channels
from bot.adapters.slack.manifest import SCOPES
from bot.adapters.slack.web import Away, Limited, Refused, TokenRevoked, Web

_SCOPES_NEEDED = "give it the manifest of `dragoman slack manifest` anew and install it again"


@dataclass(frozen=True)
class Served:
    """A channel that is served, as the database knows it."""

    name: str
    channel: str
    public: bool
    """Whether it shows public items only."""
    shared: bool
    """Whether it is known that other workspaces are in it."""


@dataclass(frozen=True)
class Standing:
    """What was found out; alarms are whole sentences without a full stop, with what to do."""

    scopes: frozenset[str]
    alarms: tuple[str, ...]
    channels: int = 0

    def line(self) -> str:
        """Say it in one line."""
        scopes = "all scopes are there" if self.scopes else "Slack does not tell its scopes"
        return "; ".join(self.alarms) or f"the token is good, {scopes}, channels: {self.channels}"


async def standing(web: Web, app_token: str | None, rooms: Sequence[Served]) -> Standing:
    """Ask Slack how the app stands; `app_token` is given where Socket Mode is used. Raises nothing that Slack says."""
    try:
        scopes = await web.scopes()
        missing = sorted(SCOPES.keys() - scopes) if scopes else []
        alarms = [f"the app lacks {', '.join(missing)}: {_SCOPES_NEEDED}"] if missing else []
        alarms += await _socket(web, app_token) if app_token is not None else []
        channels = Channels(web)
        if await channels.load():
            alarms += [alarm for room in rooms if (alarm := _room(room, channels)) is not None]
        else:
            alarms.append("the channels cannot be listed: " + _SCOPES_NEEDED)
        return Standing(scopes, tuple(alarms), len(channels.ids))
    except TokenRevoked:
        return Standing(
            frozenset(), ("Slack does not take the bot token: install the app again and copy its new token",)
        )
    except Limited as problem:
        return Standing(frozenset(), (f"Slack asks for a pause of {problem.seconds:.0f} s: try again after it",))
    except (Away, Refused) as problem:
        return Standing(frozenset(), (f"Slack does not answer as it should ({problem.code}): try again later",))


async def _socket(web: Web, app_token: str) -> list[str]:
    try:
        await web.call("apps.connections.open", app_token=app_token)
    except TokenRevoked:
        return ["Slack does not take the app token: make a new one with the scope connections:write"]
    except Refused as problem:
        return [f"Socket Mode does not open ({problem.code}): turn it on in the app's settings"]
    return []


def _room(room: Served, channels: Channels) -> str | None:
    found = channels.get(room.channel)
    if found is None:
        return f"the bot is not in #{room.name}: say `/invite @Dragoman` there"
    if found.shared and not room.shared and not room.public:
        return (
            f"other workspaces are in #{room.name}, which shows more than public items: "
            "say `room here for …` there, with the label that you mean"
        )
    return None
