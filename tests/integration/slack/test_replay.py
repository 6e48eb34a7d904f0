"""Every scenario that the console plays, played through Slack over both transports: the same messages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from bot.adapters.slack.manifest import manifest
from bot.app import command_table
from tests.fakes.slack.bed import Bed
from tests.scenarios.play import FOLDER, play_file
from tests.scenarios.slack import OnSlack, access_to
from tests.unit.slack.test_transports import free_port

SHARED = FOLDER.parents[2] / "shared" / "data"
UNLIKE = {
    "two-coalitions": "on the console one says for whom one speaks (`:coalition`); on Slack the account tells",
    "discreet": "its rooms are on two platforms, and what may be named differs between them",
    "export": "the list of members leaves through encrypted chats only, and Slack's are not",
}
"""Scenarios that cannot be the same on Slack, and why."""

PLAYED = [
    pytest.param(path, way, id=f"{path.stem}-{way}", marks=[pytest.mark.soak] if (way == "http") == number % 2 else [])
    for number, path in enumerate(sorted(FOLDER.glob("*.txt")))
    for way in ("socket", "http")
]
"""Each scenario over each transport: one of the two with every run of the tests, the other in a soak."""


@pytest.mark.parametrize(("path", "transport"), PLAYED)
def test_scenario(path: Path, tmp_path: Path, transport: Literal["socket", "http"]) -> None:
    """What is posted, and what people are shown alone, is exactly what the scenario says."""
    if path.stem in UNLIKE:
        pytest.skip(UNLIKE[path.stem])
    if "shared/data" in path.read_text("utf-8") and not SHARED.exists():
        pytest.skip("the real drafts of ../shared/data are not here")
    listen = f"127.0.0.1:{free_port()}"
    bed = Bed(transport, listen=f"http://{listen}/slack/events", manifest=manifest(command_table()))
    with asyncio.Runner() as runner:
        runner.run(bed.start())
        try:
            script, played = play_file(path, tmp_path, OnSlack(bed, access_to(bed, listen)), runner=runner)
        finally:
            runner.run(bed.__aexit__(None, None, None))
    assert played == script
    assert bed.violations == []
