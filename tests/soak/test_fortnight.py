"""A whole fortnight of fifty coalitions, ended and cut off at random moments, is what it is without."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.integration.fortnight import Size, found, played
from tests.integration.test_fortnight import differences

LARGE = Size(coalitions=50, members=40, days=14, articles=6, said=1)


@pytest.mark.soak
def test_a_fortnight_with_power_cuts_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every message of every room and person, its moment, its parcel and each notice's state; a new seed each time."""
    seed = random.randrange(1_000_000)
    with capsys.disabled():
        print(f"\nseed {seed}")
    path = asyncio.run(found(tmp_path, LARGE))
    copy = tmp_path / "cut.db"
    shutil.copy(path, copy)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        undisturbed = pool.submit(played, path, LARGE, seed, 0, 0)
        disturbed = pool.submit(played, copy, LARGE, seed, 300, 40)
        plain, cut = undisturbed.result(), disturbed.result()
    with capsys.disabled():
        print(f"{plain.messages} messages, {cut.cuts} power cuts and 40 restarts")
    assert cut.cuts > 100
    assert differences(plain, cut) == []
    assert cut.parcels == plain.parcels
    assert cut.notices == plain.notices
