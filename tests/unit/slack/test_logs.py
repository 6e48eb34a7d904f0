"""What the log tells of what Slack delivers: codes, and nothing that was said, no account, no token, no address."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog

from bot.adapters.slack.web import Away, Refused
from bot.terminal.opening import start_logs
from storage.trouble import DatabaseTrouble
from tests.fakes.workspace import command, event, message, press
from tests.unit.slack.conftest import Ears
from tests.unit.slack.test_opening import form, sent, shortcut
from tests.unit.slack.test_transports import FORM, Socket, Taker, over_http, over_socket, post, soon

SECRETS = ("zumbralete", "U0QZ7XKWVJH", "C0WXJ4QPZRT", "kyzzurba", "xoxb-none", "xapp", "hooks.example", "127.0.0.1")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Log as `dragoman` does at its most talkative, into memory; afterwards as before."""
    log, root, stderr = io.StringIO(), logging.getLogger(), sys.stderr
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    sys.stderr = log
    try:
        start_logs("debug")
        yield log
    finally:
        sys.stderr, root.handlers[:] = stderr, handlers
        root.setLevel(level)
        structlog.reset_defaults()


def told(log: io.StringIO) -> set[str]:
    """Give the secrets that stand in the log."""
    return {secret for secret in SECRETS if secret.casefold() in log.getvalue().casefold()}


def said(**fields: Any) -> dict[str, Any]:
    """Make a message full of secrets."""
    return message("zumbralete <@U0QZ7XKWVJH>", user="U0QZ7XKWVJH", **fields)


def test_what_comes_over_http_is_not_logged() -> None:
    """Neither what is taken, nor what is not signed, malformed, or cannot be kept."""

    async def scene() -> None:
        taker = Taker()
        async with over_http(taker) as url:
            for body in (said(), command("/note", "zumbralete"), press("take 24", user="U0QZ7XKWVJH")):
                await post(url, json.dumps(body))
                await post(url, json.dumps(body), secret="kyzzurba")
            await post(url, urlencode({"payload": json.dumps({"type": "zumbralete"})}), kind=FORM)
            await post(url, '{"zumbralete', secret="kyzzurba")
            taker.trouble = ValueError("zumbralete U0QZ7XKWVJH")
            assert (await post(url, json.dumps(said())))[0] == 503

    with logged() as log:
        asyncio.run(scene())
    assert "delivery not taken" in log.getvalue()
    assert told(log) == set()


def test_what_comes_over_a_socket_is_not_logged() -> None:
    """Nor the address of the connection, which is a secret too."""

    async def scene() -> None:
        taker, far = Taker(), Socket()
        async with over_socket(taker, far):
            link = await soon(far.linked)
            await link.send_json({"type": "events_api", "envelope_id": "kyzzurba", "payload": said()})
            await soon(far.back)
            taker.trouble = ValueError("zumbralete")
            await link.send_json({"type": "events_api", "envelope_id": "kyzzurba", "payload": said()})
            await link.send_str("zumbralete")
            await link.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await soon(far.linked)

    with logged() as log:
        asyncio.run(scene())
    assert "delivery not taken" in log.getvalue()
    assert told(log) == set()


def test_what_goes_wrong_with_it_is_not_logged(ears: Ears) -> None:
    """Malformed events, a database that fails, people and channels that cannot be looked up, forms that stay shut."""
    ears.web.answers = {
        "users.info": Refused("user_not_found"),
        "conversations.info": Away("http-500"),
        "views.open": Refused("expired_trigger_id"),
    }
    with logged() as log:
        for body in (said(ts="zumbralete"), said(), event("channel_rename", channel={"id": "C0WXJ4QPZRT"})):
            ears.hear(body)
        ears.press(form("review 24", user="U0QZ7XKWVJH", channel="C0WXJ4QPZRT"))
        ears.take(shortcut("remind", "zumbralete"))
        ears.send(sent({"callback_id": "zumbralete"}, user="U0QZ7XKWVJH"))
        ears.core.trouble = DatabaseTrouble("zumbralete", "SQLITE_FULL")
        with pytest.raises(DatabaseTrouble):
            ears.hear(said())
        ears.slash(command("/note", "zumbralete", user="U0QZ7XKWVJH"))
    lines = log.getvalue()
    assert [line for line in ("event skipped", "person not looked up", "command not kept") if line not in lines] == []
    assert told(log) == set()
