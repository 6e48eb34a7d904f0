"""The `dragoman` command."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console as Screen

from bot import terminal
from bot.adapters.console import ConsoleProblem
from bot.adapters.matrix.account import AccountProblem
from bot.adapters.matrix.connection import LoggedOut
from bot.adapters.matrix.lock import StoreHeld
from bot.adapters.matrix.login import LoginProblem
from bot.adapters.matrix.sealed import StoreProblem
from bot.adapters.slack.connection import TakenOut
from bot.adapters.slack.signed_http import ListenProblem
from bot.adapters.slack.socket_mode import TransportProblem
from bot.problem import Problem
from bot.screen import clean
from bot.texts.document import Unreadable
from bot.texts.pictures import NoPictures
from config.settings import Settings, SettingsProblem, load_settings
from storage.backup import BackupProblem
from storage.cipher import KeyProblem
from storage.trouble import DatabaseProblem

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Dragoman keeps a coalition in step through a treaty negotiation.")  # fmt: skip
text_app = typer.Typer(no_args_is_help=True, help="Read and compare drafts.")
db_app = typer.Typer(no_args_is_help=True, help="Look after the database.")
app.add_typer(text_app, name="text")
matrix_app = typer.Typer(no_args_is_help=True, help="Look after the Matrix account.")
app.add_typer(db_app, name="db")
app.add_typer(matrix_app, name="matrix")
slack_app = typer.Typer(no_args_is_help=True, help="Look after the Slack app.")
app.add_typer(slack_app, name="slack")

Config = Annotated[
    Path | None, typer.Option("--config", envvar="DRAGOMAN_CONFIG", help="The configuration file (dragoman.toml).")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
At = Annotated[str | None, typer.Option("--at", help="Begin at this ISO time (UTC unless it has an offset).")]
KNOWN = (
    ConsoleProblem,
    KeyProblem,
    NoPictures,
    Problem,
    Unreadable,
    SettingsProblem,
    BackupProblem,
    DatabaseProblem,
    AccountProblem,
    LoginProblem,
    LoggedOut,
    StoreProblem,
    StoreHeld,
    TakenOut,
    TransportProblem,
    ListenProblem,
    terminal.CommandProblem,
)
_given: dict[str, Path | None] = {}


@app.callback()
def _options(config: Config = None) -> None:
    _given["config"] = config


@app.command()
def setup(config: Config = None) -> None:
    """Ask what is needed, test each answer, write the configuration and print a code for the first coordinator."""
    _run(lambda: terminal.setup(_path(config)))


@app.command()
def init(config: Config = None) -> None:
    """Set up with defaults, terminal only."""
    _run(lambda: terminal.init(_path(config)))


@app.command()
def load(
    file: Path,
    session: Annotated[str | None, typer.Option(help="The session that an .ics file belongs to.")] = None,
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    at: At = None,
    config: Config = None,
) -> None:
    """Load a coalition (.toml) or meetings (.ics); again later, the difference is applied."""
    _run(lambda: terminal.load(_settings(config), file, session, coalition, at))


@app.command()
def console(
    speaker: Annotated[str | None, typer.Option("--as", help="Who speaks.")] = None,
    room: Annotated[str | None, typer.Option(help="The room it is said in; a direct chat otherwise.")] = None,
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    at: At = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Talk to Dragoman in the terminal; time stands still but for `:at` and `:advance`."""
    _run(lambda: terminal.console(_settings(config), speaker, room, coalition, at, as_json=as_json))


@app.command()
def demo(fast: Annotated[bool, typer.Option("--fast", help="Without pauses.")] = False) -> None:
    """Play a negotiating fortnight in the terminal, on a simulated clock."""
    _run(lambda: terminal.demo(pause=0.0 if fast else 0.5))


@app.command()
def run(config: Config = None) -> None:
    """Serve the chats that are configured, until SIGTERM."""
    _run(lambda: terminal.serve(_settings(config)))


@app.command()
def confirm(
    number: Annotated[str | None, typer.Argument(help="The request; left out, those that wait are listed.")] = None,
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    config: Config = None,
) -> None:
    """Confirm what the only coordinator asked for and a second person must confirm."""
    _run(lambda: terminal.confirm_request(_settings(config), number, coalition))


@app.command()
def doctor(config: Config = None) -> None:
    """Check configuration, key, database, migrations and clock, and say how to mend what is wrong."""
    _run(lambda: terminal.doctor(_path(config)))


@app.command()
def suspend(
    name: str,
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    config: Config = None,
) -> None:
    """Put a member out at once, on all platforms; works with every chat down."""
    _run(lambda: terminal.suspend_member(_settings(config), name, coalition))


@app.command()
def unsuspend(
    name: str,
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    config: Config = None,
) -> None:
    """Let a member in again who was suspended."""
    _run(lambda: terminal.unsuspend_member(_settings(config), name, coalition))


@app.command()
def purge(
    coalition: Annotated[str | None, typer.Option(help="The coalition, where there are several.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole deployment, key file and all.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Say what would go, and change nothing.")] = False,
    config: Config = None,
) -> None:
    """Delete all of a coalition, or of the deployment, for good; works with every chat down."""
    if everything and coalition is not None:
        raise terminal.CommandProblem("say either --all or --coalition, not both")
    if everything:
        _run(lambda: terminal.purge_everything(_settings(config), rehearse=rehearse))
    else:
        _run(lambda: terminal.purge_coalition(_settings(config), coalition, rehearse=rehearse))


@app.command()
def status(config: Config = None) -> None:
    """Say whether all is well with the deployment: what waits, since when, and which processes serve."""
    _run(lambda: terminal.status(_settings(config)))


@text_app.command("parse")
def text_parse(
    file: Path,
    as_json: AsJson = False,
    reading: Annotated[
        Literal["new", "old"], typer.Option(help="Of a marked-up draft: after or before the changes that it marks.")
    ] = "new",
) -> None:
    """Show the provisions of a draft."""
    _run(lambda: terminal.parse_text(file, reading, as_json=as_json))


@text_app.command("compare")
def text_compare(
    old: Path,
    new: Annotated[Path | None, typer.Argument(help="Left out, a marked-up draft shows its own changes.")] = None,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as Markdown.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the comparison to this HTML file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the comparison to this PDF file.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture of each change to this folder.")] = None,
) -> None:
    """Show what changed between two drafts."""
    _run(lambda: terminal.compare_texts(old, new, terminal.Shown(as_json, markdown, html, pdf, png)))


@db_app.command("upgrade")
def db_upgrade(config: Config = None) -> None:
    """Bring the database to this version's form."""
    _run(lambda: terminal.upgrade_database(_settings(config)))


@db_app.command("backup")
def db_backup(file: Path, config: Config = None) -> None:
    """Write an encrypted copy of the database, also while Dragoman runs."""
    _run(lambda: terminal.backup_database(_settings(config), file))


@db_app.command("restore")
def db_restore(
    file: Path,
    force: Annotated[bool, typer.Option("--force", help="Replace the database that is there.")] = False,
    config: Config = None,
) -> None:
    """Put a backup back."""
    _run(lambda: terminal.restore_database(_settings(config), file, force=force))


@matrix_app.command("login")
def matrix_login(config: Config = None) -> None:
    """Log the bot in, once; its identity is made and its recovery key shown."""
    _run(lambda: terminal.matrix_login(_settings(config)))


@matrix_app.command("recover")
def matrix_recover(
    recovery_key: Annotated[
        str | None, typer.Option("--recovery-key", envvar="DRAGOMAN_MATRIX_RECOVERY_KEY", help="Asked for otherwise.")
    ] = None,
    config: Config = None,
) -> None:
    """Rebuild a lost store from the recovery key, without a new identity."""
    _run(lambda: terminal.matrix_recover(_settings(config), recovery_key))


@matrix_app.command("status")
def matrix_status(config: Config = None) -> None:
    """Show device, cross-signing, other devices, and the rooms with who reads there."""
    _run(lambda: terminal.matrix_status(_settings(config)))


@matrix_app.command("trust")
def matrix_trust(user: str, config: Config = None) -> None:
    """Show a person's new identity and accept it, after you have compared it with them."""
    _run(lambda: terminal.matrix_trust(_settings(config), user))


@slack_app.command("manifest")
def slack_manifest(
    url: Annotated[str | None, typer.Option(help="The bot's public address, for HTTP instead of Socket Mode.")] = None,
    file: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
) -> None:
    """Show the manifest from which the Slack app is made."""
    _run(lambda: terminal.slack_manifest(url, file))


def main() -> None:
    """Run the command; every error is one sentence on standard error and a non-zero exit."""
    _open_streams()
    with _plainly():
        try:
            code = app(standalone_mode=False)
        except typer.Abort:
            _fail("stopped")
        except Exception as problem:
            # What Typer says of a wrong command line: it keeps the class to itself, and prints a page by default.
            if type(problem).__name__ == "NoArgsIsHelpError":
                sys.exit(2)  # the help has been printed
            sentence = getattr(problem, "format_message", None)
            if sentence is None:
                raise
            _fail(f"{sentence()} `dragoman --help` shows what there is.")
    sys.exit(code or 0)


def _open_streams() -> None:
    """Bear what a shell may do with the streams: close them, or give them an encoding that lacks our letters."""
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - it serves until the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it serves until the end
    if sys.stdout is None:
        _fail("standard output is closed: give it somewhere to write")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _path(config: Path | None) -> Path | None:
    return config or _given.get("config")


def _settings(config: Path | None) -> Settings:
    return load_settings(_path(config))


def _run(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    with _plainly():
        code = asyncio.run(work())
    if code:
        raise typer.Exit(code)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except KNOWN as problem:
        _fail(str(problem))
    except KeyboardInterrupt:
        _fail("stopped")
    except BrokenPipeError:
        sys.exit(1)
    except OSError as problem:
        _fail(f"{problem.filename or 'the file system'}: {problem.strerror or type(problem).__name__}")


def _fail(sentence: str) -> None:
    words = clean(f"dragoman: {sentence}").replace("\n", " ")
    Screen(stderr=True, soft_wrap=True).print(words, style="red", markup=False, highlight=False)
    sys.exit(1)


if __name__ == "__main__":
    main()
