"""Dragoman as a process of its own: `dragoman run` on a folder that is set up, to be killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0
"""A start takes about 2 s, nearly all of it imports; a busy machine may need many times that."""
STOP_SECONDS = 15.0
UP = "dragoman: running since"

# `python -m bot`, but it ends when its standard input does: it cannot outlive the test process, however that one ends.
LAUNCHER = """
import os, runpy, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(70)), daemon=True).start()
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


class NotRunningError(RuntimeError):
    """Dragoman ended by itself, or did not come up in time; the text ends with what it wrote to standard error."""


class Process:
    """`dragoman run` on one folder (key file, database, Matrix store); one process at a time."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.starts = 0
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "dragoman.toml"
        self._config.touch()

    def another(self) -> Process:
        """Give a second one on the same folder, with a log of its own."""
        other = Process(self.folder, **self._environment)
        other.starts = 1000
        return other

    @property
    def running(self) -> bool:
        """Say whether it lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def errors(self) -> str:
        """Give all that this run wrote to standard error so far."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """Give the id of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        assert not self.running
        self.starts += 1
        command = [sys.executable, "-c", LAUNCHER, "run", "--config", str(self._config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment, stdin=subprocess.PIPE, stdout=log, stderr=log
            )

    async def start(self) -> None:
        """Start it and wait until it says that it runs. Raises NotRunningError."""
        self.spawn()
        end = time.monotonic() + START_SECONDS
        while UP not in self.errors:
            if not self.running or time.monotonic() > end:
                code = self._process.poll() if self._process else None
                self.kill()
                raise NotRunningError(f"exit {code}:\n{self.errors[-4000:]}")
            await asyncio.sleep(0.01)

    def kill(self) -> None:
        """End it at once (SIGKILL), wherever it is; nothing happens if none runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            if self._process.stdin is not None:
                self._process.stdin.close()

    async def stop(self) -> int:
        """Ask it to end (SIGTERM) and give its exit code; one that does not end in time is killed, and counts as -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return await self.ended(STOP_SECONDS)
        except NotRunningError:
            return -signal.SIGKILL

    async def ended(self, seconds: float) -> int:
        """Wait until it ends by itself and give its exit code. Raises NotRunningError if it goes on; then it is killed.

        The name of the error is meant for both: it did not do what was waited for.
        """
        assert self._process is not None
        end = time.monotonic() + seconds
        while self.running and time.monotonic() < end:
            await asyncio.sleep(0.01)
        code = self._process.poll()
        self.kill()
        if code is None:
            raise NotRunningError(f"it did not end within {seconds:.0f} s:\n{self.errors[-4000:]}")
        return code

    @property
    def _log(self) -> Path:
        return self.folder / f"stderr-{self.starts}.txt"
