"""A real homeserver (Synapse) on a loopback port: SQLite in one folder, no federation, no request to the outside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import IO, Any

SERVER_NAME = "coalition.test"
START_SECONDS = 60.0
"""A start takes about 3 s; a busy machine may need many times that."""
STOP_SECONDS = 10.0

# The server ends when its standard input does, so it cannot outlive the test process, however that one ends.
LAUNCHER = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
from synapse.app.homeserver import main
main()
"""
# Below the ports that systems give to outgoing connections, so that none of these is taken while the server restarts.
PORTS = range(20000, 32000)
GENEROUS = {"per_second": 10_000, "burst_count": 10_000}
LIMITS: dict[str, Any] = {
    "rc_message": GENEROUS,
    "rc_registration": GENEROUS,
    "rc_login": {"address": GENEROUS, "account": GENEROUS, "failed_attempts": GENEROUS},
    "rc_joins": {"local": GENEROUS, "remote": GENEROUS},
    "rc_joins_per_room": GENEROUS,
    "rc_invites": {"per_room": GENEROUS, "per_user": GENEROUS, "per_issuer": GENEROUS},
    "rc_key_requests": GENEROUS,
    "rc_media_create": GENEROUS,
    "rc_room_creation": GENEROUS,
    "rc_user_directory": GENEROUS,
}
LOGGING: dict[str, Any] = {
    "version": 1,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "disable_existing_loggers": False,
}


class NoServerError(RuntimeError):
    """Synapse did not start; the text ends with the last lines of its log."""


class Synapse:
    """A homeserver that keeps its port and its data in `folder` until the test run is over.

    Its calls block (a start for about 3 s): on a running event loop use `asyncio.to_thread(synapse.restart)`.
    """

    def __init__(self, folder: Path, *, default_limits: bool = False) -> None:
        self.folder = folder
        self.default_limits = default_limits
        self.port = free_port()
        self._secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._names: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Give its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def server_name(self) -> str:
        """Give the part of its ids after the colon."""
        return SERVER_NAME

    @property
    def running(self) -> bool:
        """Say whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens if it runs. Raises NoServerError, and then none runs."""
        if self.running:
            return
        self._configure()
        try:
            with self._log.open("ab") as log:
                self._process = self._spawn(log)
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end, and end it if it does not in time."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            finally:
                self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def restart(self) -> None:
        """Stop and start it on the same port and data."""
        self.stop()
        self.start()

    def register(self, name: str, password: str, *, admin: bool = False, display_name: str | None = None) -> str:
        """Make an account and give its user id. Raises urllib.error.HTTPError, for one if the name is taken."""
        path = "/_synapse/admin/v1/register"
        nonce = self._ask(path)["nonce"]
        signed = "\0".join([nonce, name, password, "admin" if admin else "notadmin"])
        account = {
            "nonce": nonce,
            "username": name,
            "displayname": display_name or name,
            "password": password,
            "admin": admin,
            "mac": hmac.new(self._secret.encode(), signed.encode(), hashlib.sha1).hexdigest(),
            "inhibit_login": True,
        }
        return str(self._ask(path, account)["user_id"])

    def unused(self, name: str) -> str:
        """Give a name for an account that nobody was given before: ana, ana2, ana3."""
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}{self._names[name]}"

    def log_tail(self, lines: int = 25) -> str:
        """Give the last lines it wrote."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-lines:]) if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.folder / "homeserver.log"

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", LAUNCHER, "-c", str(self.folder / "homeserver.yaml")]
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if not self.running:
                raise NoServerError(f"Synapse ended before it answered:\n{self.log_tail()}")
            try:
                self._ask("/_matrix/client/versions")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise NoServerError(f"Synapse did not answer within {START_SECONDS:.0f} s:\n{self.log_tail()}")

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        # Whatever proxy is set, the loopback is reached without it.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(self.url + path, data), timeout=START_SECONDS) as answer:
            return dict(json.load(answer))

    def _configure(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self.folder / "signing.key"
        if not key.exists():
            key.write_text(f"ed25519 a_test {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}\n")
        # What is valid JSON is valid YAML.
        (self.folder / "logging.yaml").write_text(json.dumps(LOGGING))
        (self.folder / "homeserver.yaml").write_text(json.dumps(self._settings(), indent=1))

    def _settings(self) -> dict[str, Any]:
        listener = {
            "port": self.port,
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}],
        }
        settings = {
            "server_name": self.server_name,
            "public_baseurl": self.url,
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.sqlite3")}},
            "media_store_path": str(self.folder / "media"),
            "pid_file": str(self.folder / "homeserver.pid"),
            "log_config": str(self.folder / "logging.yaml"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "bcrypt_rounds": 4,
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            "presence": {"enabled": False},
            "report_stats": False,
        }
        return settings if self.default_limits else settings | LIMITS


def free_port() -> int:
    """Give a loopback port that nobody listens on."""
    for port in itertools.islice(iter(lambda: secrets.choice(PORTS), None), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NoServerError("No free port on the loopback.")
