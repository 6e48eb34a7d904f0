"""The settings of one deployment: dragoman.toml, environment variables `DRAGOMAN_…` above it, defaults below."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from config.slack import address, api_url, lacking, slip

DEFAULT_CONFIG = Path("dragoman.toml")
PREFIX = "DRAGOMAN_"

_BESIDE = {"database_url": "dragoman.db", "key_file": "dragoman.key", "matrix_store": "matrix"}
_SECRETS = ("slack_bot_token", "slack_app_token", "slack_signing_secret")
_NOT_IN_FILE = ("config", "matrix_password", *_SECRETS)
"""What a file may not hold: secrets are given in the environment, or asked for."""
_LIMITS = ("most_rooms", "most_members", "most_drafts_a_day", "most_notices_a_day")
_DAYS = ("keep_sent_days", "keep_closed_days", "keep_suspended_days", "keep_inbox_days")
_LONGEST = 3650
_WANTED = {
    "log_level": "debug, info, warning or error", "slack_transport": "socket or http",
    **dict.fromkeys(_LIMITS, "a whole number from 1 on"),
    **dict.fromkeys(_DAYS, f"a whole number of days from 1 to {_LONGEST}"),
    "sweep_at": "a time of day in quotes, like \"04:00\"",
}  # fmt: skip
_ALIKE = 0.8
_MEMORY = ":memory:"
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class SettingsProblem(Exception):
    """A setting cannot be used; str() is one sentence that says which, where it stands and what to do."""


class Settings(BaseSettings):
    """What the deployment is told; secrets do not show when it is printed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    config: Path
    """The configuration file; it need not exist while the defaults do."""
    database_url: SecretStr
    """An SQLAlchemy URL with an async driver."""
    key_file: Path
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    health_listen: str | None = None
    """Where `/healthz` is answered, as HOST:PORT of this machine alone; nowhere without it."""
    proxy: str | None = None
    """The HTTP proxy through which watched sources are fetched."""
    matrix_store: Path
    """The folder of the Matrix device's keys; its account file stands beside it."""
    matrix_homeserver: str | None = None
    matrix_user: str | None = None
    matrix_password: SecretStr | None = None
    """Only for `matrix login` and `matrix recover`, and only from the environment."""
    most_rooms: int = Field(default=100, ge=1)
    """How many rooms one coalition may be served in."""
    most_members: int = Field(default=1000, ge=1)
    """How many people one coalition may have."""
    most_drafts_a_day: int = Field(default=50, ge=1)
    """How many drafts one coalition may bring within 24 hours."""
    most_notices_a_day: int = Field(default=20_000, ge=1)
    """How many messages one coalition may be owed within 24 hours before announcements and reminders are refused."""
    keep_sent_days: int = Field(default=7, ge=1, le=_LONGEST)
    """For how many days the content of messages is kept after their time; this and the next three, at most."""
    keep_closed_days: int = Field(default=30, ge=1, le=_LONGEST)
    """For how many days after a session what members wrote is kept."""
    keep_suspended_days: int = Field(default=30, ge=1, le=_LONGEST)
    """For how many days a suspended person's rows are kept."""
    keep_inbox_days: int = Field(default=1, ge=1, le=_LONGEST)
    """For how many days what was said to the bot is kept after it was done."""
    sweep_at: str = "04:00"
    """At what time of day, in UTC, what is over its time is erased: a quiet hour of the deployment."""
    matrix_servers: str = ""
    """Servers, with commas between them, whose people may open a direct chat unasked."""

    slack_api_url: str = "https://slack.com/api/"
    """The base URL of Slack's Web API; ends in /api/."""
    slack_bot_token: SecretStr | None = None
    """With it Slack is served; only from the environment, like the two below."""
    slack_app_token: SecretStr | None = None
    """For Socket Mode."""
    slack_signing_secret: SecretStr | None = None
    """For signed HTTP."""
    slack_transport: Literal["socket", "http"] = "socket"
    slack_listen: str = "127.0.0.1:3000"
    """Where requests are taken over HTTP, as HOST:PORT."""

    @property
    def slack_address(self) -> tuple[str, int]:
        """Give host and port that requests from Slack are taken at."""
        found = address(self.slack_listen)
        assert found is not None, "load_settings has looked"
        return found

    @property
    def sweep_hour(self) -> dt.time:
        """Give the time of day (UTC) of the sweep."""
        return dt.time.fromisoformat(self.sweep_at)

    @property
    def health_address(self) -> tuple[str, int] | None:
        """Give host and port that `/healthz` is answered at, if any."""
        return address(self.health_listen) if self.health_listen else None

    @property
    def slack_lacks(self) -> str | None:
        """Give one sentence about what is missing to serve Slack; None when nothing is, or Slack is not wanted."""
        return lacking({name: getattr(self, name) for name in _SECRETS}, self.slack_transport)

    @field_validator(*_LIMITS, *_DAYS, mode="before")
    @classmethod
    def _no_yes(cls, given: object) -> object:
        if isinstance(given, bool):
            raise ValueError("yes is no number")  # though Python takes it for 1
        return given

    @field_validator("sweep_at")
    @classmethod
    def _time_of_day(cls, given: str) -> str:
        if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given, re.ASCII) is None:
            raise ValueError("no time of day")
        return given

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, given: str) -> str:
        return api_url(given)

    @field_validator(*_SECRETS)
    @classmethod
    def _bare(cls, given: SecretStr | None) -> SecretStr | None:
        return SecretStr(given.get_secret_value().strip()) if given is not None else None

    @property
    def welcome_servers(self) -> tuple[str, ...]:
        """Give the servers whose people may open a direct chat unasked."""
        return tuple(name for part in self.matrix_servers.split(",") if (name := part.strip().casefold()))


def config_path(config: Path | None = None) -> Path:
    """Give the configuration file in use: the one named, else DRAGOMAN_CONFIG's, else dragoman.toml here."""
    return (config or Path(os.environ.get(f"{PREFIX}CONFIG") or DEFAULT_CONFIG)).absolute()


def load_settings(config: Path | None = None) -> Settings:
    """Read the settings; database and key file stand beside the configuration file unless it says otherwise.

    Paths in the file count from its folder, paths in the environment from the current one. A database may be given as
    a path. Raises SettingsProblem, also for a configuration file that was named and is missing.
    """
    path = config_path(config)
    if not path.exists() and (config or os.environ.get(f"{PREFIX}CONFIG")):
        raise SettingsProblem(f"The configuration file {path} is missing: `dragoman init` writes it.")
    _refuse_slips_in_environment()
    written = _read_file(path)
    values: dict[str, Any] = {name: value for name, value in written.items() if not os.environ.get(_variable(name))}
    database, key_file, matrix = (_place(name, written, path) for name in _BESIDE)
    values |= {
        "config": path,
        "database_url": async_url(*database),
        "key_file": _path(*key_file),
        "matrix_store": _path(*matrix),
    }
    try:
        settings = Settings(**values)
    except ValidationError as problem:
        name = str(problem.errors()[0]["loc"][0])
        raise SettingsProblem(f"{_source(name, path)} must be {_WANTED.get(name, 'text in quotes')}.") from None
    _refuse_slips(settings, path)
    return settings


def async_url(given: str, folder: Path, source: str = "The database") -> str:
    """Turn a path or a URL as people write it into one with an async driver; relative paths count from `folder`.

    Raises SettingsProblem, which names the `source` and never the URL: it may hold a password.
    """
    if given == _MEMORY:
        raise SettingsProblem(f"{source} must be a file: what is only in memory is lost when a command ends.")
    if "://" not in given:
        return _sqlite(_path(given, folder, source))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise SettingsProblem(
            f"{source} is no database address: give a path, sqlite:///PATH or postgresql://…."
        ) from None
    if url.get_backend_name() == "sqlite" and url.database and url.database != _MEMORY:
        return _sqlite(_path(url.database, folder, source))
    if url.drivername in _POSTGRES and url.database:
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.get_backend_name() in ("postgresql", "postgres"):
        raise SettingsProblem(f"{source} must be like postgresql://USER:PASSWORD@HOST/DATABASE.")
    raise SettingsProblem(f"{source} must be the path of a SQLite file, sqlite:///PATH, or postgresql://….")


def _path(given: str, folder: Path, source: str) -> Path:
    """Give the path that was meant; raises SettingsProblem for what can be none."""
    try:
        path = folder / Path(given).expanduser()
        str(path).encode()
    except RuntimeError:
        raise SettingsProblem(f"{source} begins with the home of somebody who is not known here.") from None
    except UnicodeEncodeError:
        raise SettingsProblem(f"{source} must be a path in UTF-8.") from None
    if "\0" in given:
        raise SettingsProblem(f"{source} must be a path.")
    return path


def _sqlite(path: Path) -> str:
    return URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(hide_password=False)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _source(name: str, path: Path) -> str:
    return _variable(name) if os.environ.get(_variable(name)) else f"{name} in {path.name}"


def _place(name: str, written: dict[str, Any], path: Path) -> tuple[str, Path, str]:
    """Give a path as it was said, the folder it counts from, and what to call its source."""
    said = os.environ.get(_variable(name))
    value = said or written.get(name, _BESIDE[name])
    if not isinstance(value, str) or not value:
        raise SettingsProblem(f"{_source(name, path)} must be text in quotes.")
    return value, Path.cwd() if said else path.parent, _source(name, path)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise SettingsProblem(f"The configuration file {path} cannot be read: check its owner and content.") from None
    except tomllib.TOMLDecodeError as problem:
        raise SettingsProblem(f"{path.name} is not valid TOML: {problem}.") from None
    except (RecursionError, ValueError):  # lists in lists in lists; a number of thousands of digits
        raise SettingsProblem(
            f"{path.name} cannot be read: it is nested too deeply, or a number is too long."
        ) from None
    known = [name for name in Settings.model_fields if name not in _NOT_IN_FILE]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(known)}."
            raise SettingsProblem(f"{path.name} has an unknown setting {name}: {hint}")
    return values


def _refuse_slips(settings: Settings, path: Path) -> None:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        said = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(said, str) and (wanted := _slip(name, said)) is not None:
            raise SettingsProblem(f"{_source(name, path)} must be {wanted}.")


def _slip(name: str, said: str) -> str | None:
    if name != "health_listen":
        return slip(name, said)
    found = address(said)
    return None if found and _is_loopback(found[0]) else "HOST:PORT of this machine alone, like 127.0.0.1:8080"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_slips_in_environment() -> None:
    """Refuse what is nearly one of our variables. Others are let be: container platforms set DRAGOMAN_PORT and such."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
            if near:
                raise SettingsProblem(f"The environment variable {name} is unknown: did you mean {near[0]}?")
