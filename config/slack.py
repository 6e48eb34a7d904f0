"""What the settings for Slack can and cannot be, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

_BOT = "the bot token of your app's page OAuth & Permissions, which begins with xoxb-"
_APP = "an app-level token of your app's page Basic Information, which begins with xapp-"
_SIGNING = "the signing secret of your app's page Basic Information"
_KINDS = ("xoxb-", "xoxp-", "xapp-", "xoxe", "xoxa-", "xoxs-", "xoxc-", "xoxd-")


def api_url(given: str) -> str:
    """Give the base URL of the Web API with the slash at its end."""
    return given.strip().rstrip("/") + "/"


def slip(name: str, value: str) -> str | None:
    """Tell what a setting must be when it cannot be what it is; None when it can."""
    check = _CHECKS.get(name)
    return check(value) if check is not None else None


def lacking(given: Mapping[str, object], transport: str) -> str | None:
    """Give one sentence about the setting for Slack that is missing; None when all are there, or none is."""
    if not any(given.values()):
        return None
    needed = {
        "slack_bot_token": (True, _BOT),
        "slack_app_token": (transport == "socket", f"{_APP} (or choose DRAGOMAN_SLACK_TRANSPORT=http)"),
        "slack_signing_secret": (transport == "http", _SIGNING),
    }
    for name, (is_needed, what) in needed.items():
        if is_needed and not given[name]:
            return f"DRAGOMAN_{name.upper()} is missing: set it to {what}."
    return None


def address(listen: str) -> tuple[str, int] | None:
    """Read HOST:PORT; None when it is none."""
    host, _, port = listen.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host) or not port.isascii() or not port.isdigit():
        return None
    return (bare, int(port)) if 0 < int(port[:6]) < 2**16 else None


def _is_url(value: str) -> str | None:
    try:
        url = urlsplit(api_url(value))
        fits = url.scheme in ("http", "https") and bool(url.hostname) and url.path.endswith("/api/") and not url.query
        fits = fits and (url.port is None or url.port > 0)
    except ValueError:
        fits = False
    return None if fits else "an address that ends in /api/, like https://slack.com/api/"


def _is_listen(value: str) -> str | None:
    return None if address(value) else "HOST:PORT, like 127.0.0.1:3000"


def _token(prefix: str, what: str) -> Callable[[str], str | None]:
    others = tuple(kind for kind in _KINDS if kind != prefix)

    def check(value: str) -> str | None:
        return what if value.startswith(others) or not _is_word(value) else None

    return check


def _is_word(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "slack_api_url": _is_url,
    "slack_listen": _is_listen,
    "slack_bot_token": _token("xoxb-", _BOT),
    "slack_app_token": _token("xapp-", _APP),
    "slack_signing_secret": _token("", _SIGNING),
}
