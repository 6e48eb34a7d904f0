"""`dragoman suspend` and `unsuspend` as processes of their own, beside a `dragoman run` on the same database file."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlmodel import col

from bot.audit import broken, latest
from bot.clock import SystemClock
from bot.message import message, say
from bot.notices import member_lane, tell
from bot.people import find_member
from bot.suspension import suspended
from storage.tables import Identity, Label, Member, Notice, NoticeKind, NoticeState
from storage.work import Work
from tests.integration.crashes import ROOT, Kills, until

WITHIN = 60.0
"""Seconds that anything may take on a machine that is busy."""


def host(kills: Kills, *words: str) -> subprocess.Popen[str]:
    """Begin a command on the host."""
    command = [sys.executable, "-m", "bot", *words, "--config", str(kills.config)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=kills.folder
    )  # fmt: skip


async def done(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for its end: exit code, standard output, standard error."""
    out, err = await asyncio.to_thread(process.communicate, timeout=WITHIN)
    return process.returncode, out, err


def running(folder: Path, act: Callable[[Kills], Awaitable[None]]) -> None:
    """Let something happen while `dragoman run` serves a database file."""

    async def run() -> None:
        kills = Kills(folder, f"sqlite+aiosqlite:///{folder / 'dragoman.db'}", 1)
        folder.chmod(0o700)
        await kills.prepare()
        try:
            kills.start()
            await act(kills)
            for pid in kills.pids:
                kills.kill(pid)
        finally:
            await kills.close()

    asyncio.run(run())


async def owe_luis(kills: Kills, words: str, later: float = 0.0) -> None:
    """Owe Luis an alert, from so many seconds from now on."""
    now = SystemClock().now() + dt.timedelta(seconds=later)

    def act(work: Work) -> None:
        lane = member_lane(work, find_member(work, "Luis").id)
        tell(work, lane, NoticeKind.ALERT, message(say("{words}", words=words)), key=words, now=now, label=Label.PUBLIC)

    await kills.store.write(kills.coalition, act)


def seen(kills: Kills, words: str) -> bool:
    """Tell whether Luis can see a message now."""
    return any(words in shown["text"] for shown in kills.platform.shown if shown["to"] == "luis")


def test_suspended_while_the_bot_runs(tmp_path: Path) -> None:
    """What is on its way and what is to come never stays with them, what came is deleted, and they are a stranger."""

    async def happens(kills: Kills) -> None:
        await owe_luis(kills, "came")
        assert await until(lambda: seen(kills, "came"), WITHIN)
        kills.platform.hangs = True
        await owe_luis(kills, "on its way")
        assert await until(lambda: kills.platform.hanging > 0, WITHIN)
        await owe_luis(kills, "to come", later=20)
        code, out, err = await done(host(kills, "suspend", "@luis"))
        assert (code, out, err) == (0, "suspended Luis; `dragoman unsuspend Luis` takes it back\n", "")
        kills.platform.hangs = False
        for pid in list(kills.pids):  # the send that hangs would be waited for, for a minute
            kills.kill(pid)
        kills.start()
        assert await until(lambda: "luis" in kills.platform.erased, WITHIN)
        kills.platform.said.append({"event": "after", "who": "Luis", "words": "note I am here"})
        assert await until(lambda: any(shown["asked"] == "after" for shown in kills.platform.shown), WITHIN)
        answer = next(shown["text"] for shown in kills.platform.shown if shown["asked"] == "after")
        assert answer == "I work for a coalition and answer its members. To ask to join, say `hello`."
        assert not any(seen(kills, words) for words in ("came", "on its way", "to come"))
        assert any("Suspended: @Luis" in shown["text"] for shown in kills.platform.shown if shown["to"] == "ana")

        def left(work: Work) -> tuple[int, bool]:
            open_ = work.rows(Notice, col(Notice.key).in_(("on its way", "to come")),
                              col(Notice.state) != NoticeState.CANCELLED)  # fmt: skip
            return len(open_), bool(work.rows(Identity, Identity.member_id == work.rows(Member)[1].id))

        assert await kills.store.read(kills.coalition, left) == (0, False)

    running(tmp_path, happens)


def test_two_hosts_at_once(tmp_path: Path) -> None:
    """Of two who suspend the same person one does it, and the other is told; the audit has one line and holds."""

    async def happens(kills: Kills) -> None:
        both = [host(kills, "suspend", "Luis"), host(kills, "suspend", "Luis")]
        ended = sorted([await done(process) for process in both])
        assert ended == [
            (0, "suspended Luis; `dragoman unsuspend Luis` takes it back\n", ""),
            (1, "", "dragoman: Luis is suspended already; `dragoman unsuspend Luis` takes it back\n"),
        ]

        def audit(work: Work) -> tuple[list[str], str | None, int]:
            return [line.verb for line in latest(work, 9)], broken(work), len(suspended(work))

        assert await kills.store.read(kills.coalition, audit) == (["suspend"], None, 1)
        assert await done(host(kills, "unsuspend", "luis")) == (0, "Luis is in again as before\n", "")
        kills.platform.said.append({"event": "again", "who": "Luis", "words": "note I am back"})
        assert await until(lambda: any(shown["asked"] == "again" for shown in kills.platform.shown), WITHIN)
        answer = next(shown["text"] for shown in kills.platform.shown if shown["asked"] == "again")
        assert "I work for a coalition" not in answer
        assert await kills.store.read(kills.coalition, audit) == (["unsuspend", "suspend"], None, 0)

    running(tmp_path, happens)
