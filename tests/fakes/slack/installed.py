"""How the app is installed: scopes, events it asked for, commands, shortcuts; from its manifest if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCOPES = frozenset(
    "app_mentions:read channels:history channels:join channels:read chat:write commands files:read files:write "
    "groups:history groups:read im:history im:read im:write mpim:history mpim:read mpim:write reactions:write "
    "team:read users:read".split()
)
"""What is granted where no manifest is given."""
EVENT_SCOPES: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "file_shared": "files:read",
    "team_join": "users:read",
    "user_change": "users:read",
}
"""What an event needs, beside being asked for. Those about members and channels need the scope of one of the kinds."""


@dataclass
class Installed:
    """What the workspace knows of the app. `None` stands for: whatever there is."""

    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    events: set[str] | None = None
    commands: Mapping[str, bool] | None = None
    """Each with whether names in it arrive escaped."""
    shortcuts: set[str] | None = None

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Installed:
        """Install an app by its manifest."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])
        events = settings.get("event_subscriptions", {}).get("bot_events", [])
        commands = {one["command"]: bool(one.get("should_escape")) for one in features.get("slash_commands", [])}
        shortcuts = {one["callback_id"] for one in features.get("shortcuts", [])}
        return cls(set(scopes), set(events), commands, shortcuts)

    def hears(self, event: str) -> bool:
        """Say whether the app is told of an event."""
        scope = EVENT_SCOPES.get(event)
        return (self.events is None or event in self.events) and (scope is None or scope in self.scopes)

    def escapes(self, command: str) -> bool | None:
        """Say whether names arrive escaped in a command; None where the app has no such command."""
        return True if self.commands is None else self.commands.get(command)
