"""A few days of a few coalitions, ended and cut off at random moments, are what they are without."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from tests.integration.fortnight import Seen, Size, found, played

SMALL = Size(coalitions=3, members=6, days=3, articles=5, said=3)
SEED = 20240128


def differences(plain: Seen, cut: Seen) -> list[str]:
    """Name what differs, the first of each lane."""
    found = []
    for lane in sorted({*plain.shown, *cut.shown}):
        one, two = plain.shown.get(lane, []), cut.shown.get(lane, [])
        for number, (left, right) in enumerate(zip(one, two, strict=False)):
            if left != right:
                found.append(f"{lane}, message {number}:\n  {left}\n  {right}")
                break
        else:
            if len(one) != len(two):
                found.append(f"{lane}: {len(one)} and {len(two)} messages; {(one + two)[min(len(one), len(two))]}")
    return found


def compared(folder: Path, size: Size, seed: int, *, every: int, restarts: int) -> tuple[Seen, Seen]:
    """Play it twice from the same beginning: undisturbed, and with power cuts and restarts."""
    path = asyncio.run(found(folder, size))
    copy = folder / "cut.db"
    shutil.copy(path, copy)
    return played(path, size, seed, 0, 0), played(copy, size, seed, every, restarts)


def test_a_few_days_with_power_cuts_are_the_same(tmp_path: Path) -> None:
    """Every message of every room and person, its moment, its parcel and each notice's state."""
    plain, cut = compared(tmp_path, SMALL, SEED, every=40, restarts=3)
    assert plain.messages > 120
    assert cut.cuts > 12
    assert differences(plain, cut) == []
    assert cut.parcels == plain.parcels
    assert cut.notices == plain.notices
