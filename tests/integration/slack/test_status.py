"""What `dragoman doctor` says of Slack, and what `dragoman run` says when it cannot begin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.slack.manifest import manifest
from bot.adapters.slack.status import Served, Standing, standing
from bot.adapters.slack.web import Web
from bot.app import command_table
from bot.terminal.slack import slack_manifest
from tests.fakes.slack import Bed, Channel
from tests.fakes.slack import misbehaviour as bad
from tests.fakes.slack.bed import APP_TOKEN, BOT_TOKEN
from tests.integration.matrix.process import NotRunningError
from tests.integration.slack.deployment import deployed
from tests.reference import ROOT

Change = Callable[[Bed, Channel], object]


def lacking(bed: Bed, scope: str) -> None:
    """Take a scope from the app."""
    bed.api.scopes = bed.api.scopes - {scope}


FINDINGS: dict[str, tuple[Change, str]] = {
    "well": (lambda *_: None, "the token is good, all scopes are there, channels: 2"),
    "scope": (
        lambda bed, _: lacking(bed, "files:write"),
        "the app lacks files:write: give it the manifest of `dragoman slack manifest` anew and install it again",
    ),
    "token": (
        lambda bed, _: bed.misbehave("auth.test", bad.error("token_revoked")),
        "Slack does not take the bot token: install the app again and copy its new token",
    ),
    "away": (
        lambda bed, _: bed.misbehave("auth.test", bad.status(503)),
        "Slack does not answer as it should (http-503): try again later",
    ),
    "limited": (
        lambda bed, _: bed.misbehave("auth.test", bad.limited(7)),
        "Slack asks for a pause of 7 s: try again after it",
    ),
    "app token": (
        lambda bed, _: bed.misbehave("apps.connections.open", bad.error("invalid_auth")),
        "Slack does not take the app token: make a new one with the scope connections:write",
    ),
    "put out": (
        lambda bed, team: team.members.remove(bed.bot.id),
        "the bot is not in #team: say `/invite @Dragoman` there",
    ),
    "shared": (
        lambda _, team: setattr(team, "shared", True),
        "other workspaces are in #team, which shows more than public items: "
        "say `room here for …` there, with the label that you mean",
    ),
}


@pytest.mark.parametrize("what", FINDINGS)
def test_one_line_says_how_it_stands(what: str) -> None:
    """Each thing that can be wrong is said with what to do."""
    change, line = FINDINGS[what]

    async def scene() -> None:
        async with Bed(manifest=manifest(command_table())) as bed:
            ana = bed.person("Ana")
            team, hall = bed.channel("team", [ana]), bed.channel("hall", [ana])
            change(bed, team)
            web = Web(BOT_TOKEN, bed.api_url)
            rooms = [Served("team", team.id, False, False), Served("hall", hall.id, True, False)]
            found = await standing(web, APP_TOKEN, rooms)
            await web.close()
            assert found.line() == line
            assert bool(found.alarms) is (what != "well")

    asyncio.run(scene())


def test_scopes_that_are_not_told_are_not_praised() -> None:
    """Nothing is wrong, and nothing is claimed."""
    assert Standing(frozenset(), (), 2).line() == "the token is good, Slack does not tell its scopes, channels: 2"


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_run_answers_and_doctor_agrees(tmp_path: Path, transport: str) -> None:
    """A process of its own answers within a second, tells nothing of it in its log, and ends in order."""

    async def scene() -> None:
        async with deployed(tmp_path / "bot", transport) as at:
            await at.process.start()
            await at.bed.direct(at.luis, "my quiet off")
            await at.bed.until(lambda: len(at.bed.shown(at.luis)) > 1, 1.0)
            assert at.bed.shown(at.luis)[1].text.startswith("I write to you at any hour now.")
            assert "Slack" in at.process.errors
            assert at.luis.id not in at.process.errors
            assert await at.process.stop() == 0

    asyncio.run(scene())


def test_two_processes_do_not_share_a_workspace(tmp_path: Path) -> None:
    """The second says who has it."""

    async def scene() -> None:
        async with deployed(tmp_path / "bot") as at:
            await at.process.start()
            other = at.process.another()
            with pytest.raises(NotRunningError, match="Slack is in use by process"):
                await other.start()

    asyncio.run(scene())


def test_the_manifest_is_what_is_committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`dragoman slack manifest` prints it, or writes it to a file."""
    committed = (ROOT / "config" / "slack-manifest.yaml").read_text("utf-8")
    assert asyncio.run(slack_manifest(None, None)) == 0
    assert capsys.readouterr().out == committed
    asyncio.run(slack_manifest(None, tmp_path / "a.yaml"))
    assert (tmp_path / "a.yaml").read_text("utf-8") == committed
