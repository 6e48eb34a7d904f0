"""Settings: defaults beside the configuration file, the environment above it, problems in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import SettingsProblem, load_settings

IN_FILE = "database_url, key_file, log_level, matrix_store, matrix_homeserver, matrix_user, matrix_servers"


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
