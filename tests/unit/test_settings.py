"""Settings: defaults beside the configuration file, the environment above it, problems in one sentence."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import limits_of
from bot.rules.limits import USUAL
from bot.rules.retention import Keeping
from config.settings import SettingsProblem, load_settings

IN_FILE = "database_url, key_file, log_level, health_listen, proxy, matrix_store, matrix_homeserver, matrix_user, "
BOT_TOKEN = "must be the bot token of your app's page OAuth & Permissions, which begins with xoxb-."
APP_TOKEN = "must be an app-level token of your app's page Basic Information, which begins with xapp-."
IN_FILE += "most_rooms, most_members, most_drafts_a_day, most_notices_a_day, "
IN_FILE += "keep_sent_days, keep_closed_days, keep_suspended_days, keep_inbox_days, sweep_at, "
IN_FILE += "matrix_servers, slack_api_url, slack_transport, slack_listen"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without variables of ours."""
    for name in list(os.environ):
        if name.startswith("DRAGOMAN_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def configured(folder: Path, words: str) -> Path:
    """Write a configuration file."""
    path = folder / "dragoman.toml"
    path.write_text(words, "utf-8")
    return path


def problem(config: Path | None = None) -> str:
    """Give the sentence with which the settings are refused."""
    with pytest.raises(SettingsProblem) as raised:
        load_settings(config)
    return str(raised.value)


def test_defaults_stand_beside_the_configuration_file(tmp_path: Path) -> None:
    """Without a word in the file, database and key file are its neighbours."""
    (tmp_path / "etc").mkdir()
    settings = load_settings(configured(tmp_path / "etc", ""))
    assert settings.database_url.get_secret_value() == f"sqlite+aiosqlite:///{tmp_path}/etc/dragoman.db"
    assert settings.key_file == tmp_path / "etc" / "dragoman.key"
    assert settings.log_level == "info"


def test_nothing_configured_means_here(tmp_path: Path) -> None:
    """The default configuration file may be missing, and the current folder is meant."""
    assert load_settings().config == tmp_path / "dragoman.toml"


@pytest.mark.parametrize("given", ["data/a.db", "sqlite:///data/a.db", "sqlite+aiosqlite:///data/a.db"])
def test_paths_and_addresses_of_sqlite_mean_the_same(tmp_path: Path, given: str) -> None:
    """People may write a path or an address; relative ones count from the file's folder."""
    settings = load_settings(configured(tmp_path, f'database_url = "{given}"'))
    assert settings.database_url.get_secret_value() == f"sqlite+aiosqlite:///{tmp_path}/data/a.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_server_is_named_as_people_do(tmp_path: Path, scheme: str) -> None:
    """User, password, host, port, database and options stay as they were said."""
    settings = load_settings(configured(tmp_path, f'database_url = "{scheme}://me:p%40ss@db:5433/x?sslmode=require"'))
    assert settings.database_url.get_secret_value() == "postgresql+psycopg://me:p%40ss@db:5433/x?sslmode=require"
    assert "p%40ss" not in repr(settings)


def test_environment_is_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable replaces what the file says; the rest of the file stands."""
    path = configured(tmp_path, 'database_url = "a.db"\nkey_file = "a.key"\nlog_level = "debug"')
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(path))
    monkeypatch.setenv("DRAGOMAN_DATABASE_URL", "b.db")
    monkeypatch.setenv("DRAGOMAN_LOG_LEVEL", "error")
    settings = load_settings()
    assert settings.database_url.get_secret_value().endswith("/b.db")
    assert settings.key_file == tmp_path / "a.key"
    assert settings.log_level == "error"


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://me:hunter2@db/x", "must be like postgresql://USER"),
        ("DATABASE_URL", "postgresql://me:hunter2@db", "must be like postgresql://USER:PASSWORD@HOST/DATABASE."),
        ("DATABASE_URL", "mysql://me:hunter2@db/x", "must be the path of a SQLite file, sqlite:///PATH, or postgresql"),
        ("DATABASE_URL", ":memory:", "must be a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "must be the path of a SQLite file"),
        ("DATABASE_URL", "a\udcff.db", "must be a path in UTF-8."),
        ("DATABASE_URL", "~nobody-here/x.db", "begins with the home of somebody"),
        ("KEY_FILE", "~nobody-here/x", "begins with the home of somebody"),
        ("KEY_FILE", "a\udcff.key", "must be a path in UTF-8."),
    ],
)
def test_what_the_environment_cannot_mean(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, sentence: str
) -> None:  # fmt: skip
    """An address that cannot be used is refused by the variable's name, and nothing of it is repeated."""
    monkeypatch.setenv(f"DRAGOMAN_{name}", given)
    said = problem()
    assert said.startswith(f"DRAGOMAN_{name} {sentence}")
    assert "hunter2" not in said


def test_the_address_does_not_show(tmp_path: Path) -> None:
    """Printing the settings does not say where the database is."""
    assert "a.db" not in repr(load_settings(configured(tmp_path, 'database_url = "a.db"')))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ('databse_url = "x"', "dragoman.toml has an unknown setting databse_url: did you mean database_url?"),
        ("zz = 1", f"dragoman.toml has an unknown setting zz: it may hold {IN_FILE}."),
        ("key_file = 3", "key_file in dragoman.toml must be text in quotes."),
        *(
            (f'health_listen = "{said}"',
             "health_listen in dragoman.toml must be HOST:PORT of this machine alone, like 127.0.0.1:8080.")
            for said in ("0.0.0.0:8080", "example.org:8080", "8080", "[::]:1", "192.168.1.1:80", "127.0.0.1:0")
        ),
        ("most_rooms = 0", "most_rooms in dragoman.toml must be a whole number from 1 on."),
        ("most_members = true", "most_members in dragoman.toml must be a whole number from 1 on."),
        *(
            (f"{name} = {said}", f"{name} in dragoman.toml must be a whole number of days from 1 to 3650.")
            for name, said in (("keep_sent_days", "0"), ("keep_closed_days", "3651"), ("keep_inbox_days", "true"))
        ),
        *(
            (f"sweep_at = {said}", 'sweep_at in dragoman.toml must be a time of day in quotes, like "04:00".')
            for said in ('"24:00"', '"4"', '"04:00+02:00"', "04:00:00", "4")
        ),
        ('log_level = "loud"', "log_level in dragoman.toml must be debug, info, warning or error."),
        ('database_url = "mysql://x/y"', "database_url in dragoman.toml must be the path of a SQLite file, "
                                         "sqlite:///PATH, or postgresql://…."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, words: str, sentence: str) -> None:
    """Unknown keys and wrong values are refused by name, with what to write instead."""
    assert problem(configured(tmp_path, words)) == sentence


def test_broken_files_and_slips_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a file that is no TOML and a misspelt variable are each told."""
    assert problem(tmp_path / "no.toml") == (
        f"The configuration file {tmp_path}/no.toml is missing: `dragoman init` writes it."
    )
    assert problem(configured(tmp_path, "a = ")).startswith("dragoman.toml is not valid TOML: ")
    monkeypatch.setenv("DRAGOMAN_KEYFILE", "x")
    assert problem() == "The environment variable DRAGOMAN_KEYFILE is unknown: did you mean DRAGOMAN_KEY_FILE?"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "BOT_TOKEN",
            "xapp-1-A",
            BOT_TOKEN,
        ),
        (
            "BOT_TOKEN",
            "xoxb-1 2",
            BOT_TOKEN,
        ),
        (
            "APP_TOKEN",
            "xoxb-1",
            APP_TOKEN,
        ),
        ("SIGNING_SECRET", "xoxb-1", "must be the signing secret of your app's page Basic Information."),
        ("API_URL", "https://slack.com/", "must be an address that ends in /api/, like https://slack.com/api/."),
        ("API_URL", "slack.com/api/", "must be an address that ends in /api/, like https://slack.com/api/."),
        ("API_URL", "http://[/api/", "must be an address that ends in /api/, like https://slack.com/api/."),
        ("TRANSPORT", "websocket", "must be socket or http."),
        ("LISTEN", "3000", "must be HOST:PORT, like 127.0.0.1:3000."),
        ("LISTEN", "127.0.0.1:70000", "must be HOST:PORT, like 127.0.0.1:3000."),
        ("LISTEN", "::1:3000", "must be HOST:PORT, like 127.0.0.1:3000."),
    ],
)
def test_what_slack_cannot_be_given(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    """A mistaken value is named, with what it must be, and is not repeated."""
    monkeypatch.setenv(f"DRAGOMAN_SLACK_{name}", value)
    assert problem() == f"DRAGOMAN_SLACK_{name} {sentence}"


def test_slack_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slash at the end of the address is added, tokens are trimmed and do not show."""
    monkeypatch.setenv("DRAGOMAN_SLACK_API_URL", "http://127.0.0.1:8080/api")
    monkeypatch.setenv("DRAGOMAN_SLACK_BOT_TOKEN", " xoxb-1\n")
    monkeypatch.setenv("DRAGOMAN_SLACK_LISTEN", "[::1]:3001")
    settings = load_settings()
    assert settings.slack_api_url == "http://127.0.0.1:8080/api/"
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.slack_address == ("::1", 3001)
    assert "xoxb" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, None),
        ({"TRANSPORT": "http"}, None),
        ({"BOT_TOKEN": "xoxb-1"}, "APP_TOKEN"),
        ({"APP_TOKEN": "xapp-1"}, "BOT_TOKEN"),
        ({"BOT_TOKEN": "xoxb-1", "APP_TOKEN": "xapp-1"}, None),
        ({"BOT_TOKEN": "xoxb-1", "APP_TOKEN": "xapp-1", "TRANSPORT": "http"}, "SIGNING_SECRET"),
        ({"BOT_TOKEN": "xoxb-1", "SIGNING_SECRET": "abc", "TRANSPORT": "http"}, None),
    ],
)
def test_what_slack_lacks(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str | None) -> None:
    """Whoever sets one thing up for Slack is told the next; whoever sets up none is told nothing."""
    for name, value in given.items():
        monkeypatch.setenv(f"DRAGOMAN_SLACK_{name}", value)
    lacks = load_settings().slack_lacks
    assert (lacks or "").startswith(f"DRAGOMAN_SLACK_{missing} is missing: set it to " if missing else "")
    assert (lacks is None) is (missing is None)


def test_slack_secrets_do_not_stand_in_the_file(tmp_path: Path) -> None:
    """A token in the file would be read by whoever reads the file: it is refused."""
    config = configured(tmp_path, 'slack_bot_token = "xoxb-1"')
    assert "unknown setting slack_bot_token" in problem(config)


def test_periods_are_the_cores_unless_they_are_given(tmp_path: Path) -> None:
    """Each setting fills the period that has its name, and the sweep its hour."""
    words = "keep_sent_days = 1\nkeep_closed_days = 2\nkeep_suspended_days = 3\nkeep_inbox_days = 4\nsweep_at = '23:30'"
    assert limits_of(load_settings(configured(tmp_path, words))).keeping == Keeping(1, 2, 3, 4, dt.time(23, 30))


def test_limits_are_the_cores_unless_they_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds where nobody says otherwise stands in two rooms of the house, and is the same."""
    assert limits_of(load_settings(configured(tmp_path, ""))) == USUAL
    monkeypatch.setenv("DRAGOMAN_MOST_NOTICES_A_DAY", "7")
    assert limits_of(load_settings(configured(tmp_path, "most_rooms = 3"))) == replace(USUAL, rooms=3, notices=7)
