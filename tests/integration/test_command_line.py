"""The `dragoman` command as people run it: in a folder of its own, with a pipe, an exit code and two streams."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "config" / "demo"
OLD, NEW = DEMO / "convention-rev1.txt", DEMO / "convention-rev2.txt"
AT = "2024-02-05T10:00:00Z"
KINDS = {"reply", "task", "reminder", "countdown", "programme", "alert", "digest", "notice"}
SMALL = (ROOT / "tests" / "scenarios" / "small.toml").read_text("utf-8").replace("../../config/demo", str(DEMO))
LONGEST_STOP = 5.0
EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:informals-9
DTSTAMP:20240101T000000Z
DTSTART:20240208T150000Z
DTEND:20240208T170000Z
SUMMARY:Informals
END:VEVENT
END:VCALENDAR
"""

# Starting Python takes longer than most commands: this one has the command at hand and becomes it anew for each order.
READY = """
import gc, json, os, sys
from bot.__main__ import main
gc.freeze()
while line := sys.stdin.readline():
    order = json.loads(line)
    child = os.fork()
    if not child:
        os.chdir(order["folder"])
        os.environ.update(order["environment"])
        for number, (name, flags) in enumerate((("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))):
            os.dup2(os.open(os.path.join(order["streams"], name), flags), number)
        sys.argv = ["dragoman", *order["words"]]
        try:
            code = main() or 0
        except SystemExit as ending:
            code = ending.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the ordinary end of the interpreter takes longest of all
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass
class House:
    """A folder with the command in it."""

    folder: Path
    ready: subprocess.Popen[str]
    streams: Path

    def __call__(self, *words: str | Path, typed: str = "", **environment: str) -> Ran:
        """Run one command in the folder to its end."""
        for name, text in (("in", typed), ("out", ""), ("err", "")):
            (self.streams / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        order = {"folder": str(self.folder), "streams": str(self.streams), "words": [str(word) for word in words],
                 "environment": environment}  # fmt: skip
        assert self.ready.stdin
        assert self.ready.stdout
        self.ready.stdin.write(json.dumps(order) + "\n")
        self.ready.stdin.flush()
        code = int(self.ready.stdout.readline())
        return Ran(code, (self.streams / "out").read_text("utf-8"), (self.streams / "err").read_text("utf-8"))

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def console(self, *lines: str) -> list[dict[str, str]]:
        """Say lines on the console; gives the objects that appear."""
        ran = self("console", "--json", "--at", AT, typed="".join(line + "\n" for line in lines))
        assert (ran.code, ran.err) == (0, "")
        return [json.loads(line) for line in ran.out.splitlines()]


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")}
    return ours | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}


@pytest.fixture(scope="module")
def ready() -> Iterator[subprocess.Popen[str]]:
    """Start Python once."""
    with subprocess.Popen(
        [sys.executable, "-c", READY], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def bare(tmp_path: Path, ready: subprocess.Popen[str]) -> House:
    """Give an empty folder."""
    for name in ("house", "streams"):
        (tmp_path / name).mkdir()
    return House(tmp_path / "house", ready, tmp_path / "streams")


@pytest.fixture
def house(bare: House) -> House:
    """Give a folder in which a small coalition was loaded."""
    assert bare("init").code == 0
    bare.write("small.toml", SMALL)
    assert bare("load", "small.toml", "--at", AT).code == 0
    return bare


def test_a_process_of_its_own(tmp_path: Path) -> None:
    """`python -m bot` does what the command does, and `run` ends by SIGTERM within five seconds, with 0."""
    command = [sys.executable, "-m", "bot"]
    made = subprocess.run([*command, "init"], cwd=tmp_path, env=_environment(), capture_output=True, check=True)
    assert b"claim " in made.stdout
    with subprocess.Popen([*command, "run"], cwd=tmp_path, env=_environment(), stderr=subprocess.PIPE) as running:
        assert running.stderr
        assert b"running since" in running.stderr.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(LONGEST_STOP) == 0
        assert running.stderr.read() == b""


def test_init_twice_and_claim(bare: House) -> None:
    """The second `init` keeps what is there; either code makes one coordinator, once."""
    first = bare("init")
    kept = {path.name: path.read_bytes() for path in bare.folder.iterdir() if path.suffix in (".toml", ".key")}
    second = bare("init")
    assert (first.code, second.code, first.err, second.err) == (0, 0, "", "")
    assert kept == {name: (bare.folder / name).read_bytes() for name in ("dragoman.toml", "dragoman.key")}
    assert (bare.folder / "dragoman.key").stat().st_mode & 0o777 == 0o600
    codes = [re.findall(r"claim (\S+)", ran.out)[0] for ran in (first, second)]
    said = bare.console(f":as Ana\nclaim {codes[0]}\nmembers\n:room team\n!room here for tasks")
    assert [row["to"].casefold() for row in said] == ["@ana", "@ana", "#team"]
    assert "@Ana, coordinator" in said[1]["text"]
    assert "tasks" in said[2]["text"]
    said = bare.console(f":as Eve\nclaim {codes[0]}\nmembers\n:as Luis\nclaim {codes[1]}\nmembers")
    assert ["coordinator" in row["text"] for row in said[:2]] == [False, False]
    listed = said[-1]["text"]
    assert ("@Luis, coordinator" in listed, "Eve" in listed) == (True, False)


def test_load_twice(house: House) -> None:
    """What is loaded already changes nothing; what changed in the file is applied."""
    again = house("load", "small.toml", "--at", AT)
    assert again == Ran(0, "nothing to change\n", "")
    house.write("small.toml", SMALL.replace('name = "Olu"', 'name = "Olumide"'))
    assert "Olumide" in house("load", "small.toml", "--at", AT).out
    house.write("more.ics", EVENT.replace("\n", "\r\n"))
    added = house("load", "more.ics", "--session", "Concluding session", "--at", AT)
    assert (added.code, "Informals" in added.out) == (0, True)
    repeated = house("load", "more.ics", "--session", "Concluding session", "--at", AT)
    assert repeated == Ran(0, "nothing to change\n", "")


def test_console_json(house: House) -> None:
    """Each line is one object with exactly to, kind, at and text, in the order of time, and each value is valid."""
    rows = house.console(
        "assign articles 1-6 @Luis backup @Mei", ":as Luis", "accept all", "xylophone", ":room general", "!next",
        ":direct", ":as Ana", f":attach {NEW}", "draft add DEM/CONF.7/L.3/Rev.2 dated 2024-02-02", "draft publish",
        "yes", "meeting cancel Informals", "yes", "remind me to eat in 2h", ":advance 2d",
    )  # fmt: skip
    assert {frozenset(row) for row in rows} == {frozenset(("to", "kind", "at", "text"))}
    assert {row["to"] for row in rows} == {"@Ana", "@Luis", "@Mei", "#general", "#alerts"}
    assert {row["kind"] for row in rows} - KINDS == set()
    assert {row["kind"] for row in rows} >= {"reply", "task", "reminder", "countdown", "alert", "digest"}
    moments = [dt.datetime.fromisoformat(row["at"]) for row in rows]
    assert {moment.utcoffset() for moment in moments} == {dt.timedelta(0)}
    assert moments == sorted(moments)
    assert all(row["text"].strip() for row in rows)


def test_a_console_before_the_load(bare: House) -> None:
    """A past session is played on what was loaded today: its countdowns come, and its drafts follow each other."""
    bare("init")
    bare.write("small.toml", SMALL)
    assert bare("load", "small.toml").code == 0
    rows = bare.console(
        f":attach {NEW}", "draft add DEM/CONF.7/L.3/Rev.2 dated 2024-02-02", "draft publish", "yes", "drafts",
        "draft withdraw", "yes", "drafts", ":at 2024-02-06T14:30:00Z",
    )  # fmt: skip
    lists = [row["text"] for row in rows if row["text"].startswith("Draft: ")]
    states = [re.findall(r"State: (\w+)", text) for text in lists]
    assert states == [["earlier", "current"], ["current", "withdrawn"]]
    due = {(row["at"], row["text"].split(":")[0]) for row in rows if row["kind"] == "countdown"}
    assert due >= {("2024-02-05T15:00:00+00:00", "In 1 day"), ("2024-02-06T14:30:00+00:00", "In 30 minutes")}


def test_console_as_text(house: House) -> None:
    """A pipe needs no last line end, empty lines and bytes that are no text are borne, and `:quit` ends it."""
    ran = house("console", "--at", AT, "--as", "Mei", "--room", "general", typed="\n\udcff\n!next\n:quit\n!next\n")
    assert (ran.code, ran.err, ran.out.count("[#general] In ")) == (0, "", 1)
    steered = house("console", "--at", AT, typed=":at yesterday\n:at 2020-01-01T00:00:00Z\n:nonsense\nnext")
    assert [line[:2] for line in steered.out.splitlines()[:3]] == ["! ", "! ", "! "]
    assert (steered.code, steered.err, "[@Ana] In " in steered.out) == (0, "", True)


def test_errors(house: House) -> None:
    """Each error is one sentence on standard error, and the exit is not 0."""
    house.write("garbage.toml", bytes(range(256)))
    house.write("half.toml", "[coalition\n")
    house.write("garbage.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20)
    house.write("garbage.txt", bytes(range(256)) * 20)
    house.write("empty.txt", "")
    house.write("letter.txt", "Dear all,\n\nthere are no articles in this letter.\n")
    house.write("empty.ics", "")
    house.write("key.toml", 'databse_url = "x.db"\n')
    house.write("empty.toml", "")
    house.write("deep.toml", "a=" + "[" * 20_000)
    house.write("long.toml", "a=" + "9" * 20_000)
    os.mkfifo(house.folder / "pipe.txt")
    for words, hint in (
        (("load", "absent.toml"), "absent.toml"),
        (("load", "garbage.toml"), "UTF-8"),
        (("load", "half.toml"), "TOML"),
        (("load", "empty.toml"), "coalition"),
        (("load", "."), "."),
        (("load", "deep.toml"), "nested too deeply"),
        (("load", "long.toml"), "number is too long"),
        (("console", "--config", "deep.toml"), "nested too deeply"),
        (("console", "--at", "0001-01-01"), "between 1980 and 2200"),
        (("console", "--at", "9999-12-31T23:59:59"), "between 1980 and 2200"),
        (("text", "parse", "/dev/zero"), "no ordinary file"),
        (("text", "parse", "pipe.txt"), "no ordinary file"),
        (("load", "/dev/zero"), "zero"),
        (("text", "parse", "a\x1b[2J.txt"), "a[2J.txt"),
        (("load", "empty.ics"), "--session"),
        (("load", "empty.ics", "--session", "Concluding session"), "calendar"),
        (("load", "small.toml", "--at", "soon"), "ISO"),
        (("console", "--at", "soon"), "ISO"),
        (("console", "--coalition", "Nobody"), "Safeguards Now"),
        (("console", "--config", "absent.toml"), "absent.toml"),
        (("console", "--config", "key.toml"), "database_url"),
        (("console", "--config", "half.toml"), "TOML"),
        (("text", "parse", "absent.txt"), "absent.txt"),
        (("text", "parse", "garbage.txt"), ""),
        (("text", "parse", "garbage.pdf"), "PDF"),
        (("text", "parse", "empty.txt"), ""),
        (("text", "parse", "letter.txt", "--json"), "article"),
        (("text", "compare", str(OLD), "garbage.txt", "--json"), ""),
        (("text", "compare", str(OLD), str(NEW), "--html", "absent/page.html"), "absent"),
        (("db", "restore", "letter.txt", "--force"), "backup"),
        (("db", "backup", "dragoman.key"), "exists"),
    ):
        _assert_refused(house(*words), hint)
    house.write("dragoman.toml", "log_level = 3\n")
    _assert_refused(house("load", "small.toml"), "log_level")


def test_errors_of_the_house(house: House) -> None:
    """Without key file, with one that others can read or that is damaged, or without database, nothing is opened."""
    key, database = house.folder / "dragoman.key", house.folder / "dragoman.db"
    kept = key.read_bytes()
    key.chmod(0o644)
    _assert_none_opens(house, "chmod 600")
    key.unlink()
    _assert_none_opens(house, "no key file")
    _assert_refused(house("init"), "dragoman.key")
    assert not key.exists()
    key.write_bytes(b"not base64!\n")
    key.chmod(0o600)
    _assert_none_opens(house, "damaged")
    key.write_bytes(kept)
    database.unlink()
    _assert_none_opens(house, "no database")
    database.write_bytes(b"no database at all" * 100)
    _assert_none_opens(house, "database")


def test_what_others_can_look_at_is_not_served(house: House) -> None:
    """`run` says what to close, and so does doctor; other commands go on."""
    database = house.folder / "dragoman.db"
    for path, mode, hint in ((database, 0o640, "chmod 600"), (house.folder, 0o755, "chmod 700")):
        kept = path.stat().st_mode
        path.chmod(mode)
        _assert_refused(house("run"), f"{hint} {path.resolve()}")
        doctor = house("doctor")
        assert (doctor.code, hint in doctor.out) == (1, True)
        assert house.console("my") != []
        path.chmod(kept)


def test_init_closes_the_folder_that_it_fills(bare: House) -> None:
    """Once, where it makes the database; what it makes is open to nobody else."""
    bare.folder.chmod(0o755)
    assert "closed " in bare("init").out
    assert [path.name for path in [bare.folder, *bare.folder.iterdir()] if path.stat().st_mode & 0o044] == [
        "dragoman.toml"
    ]
    bare.folder.chmod(0o755)
    assert "closed " not in bare("init").out


def test_the_host_is_the_second_person_of_the_only_coordinator(house: House) -> None:
    """What waits is listed and confirmed by its number; each command of the host stands in the audit, which holds."""
    assert house("confirm").out == "No request waits for a second person.\n"
    _assert_refused(house("confirm", "1"), "No request 1 waits")
    now = dt.datetime.now(dt.UTC).isoformat()  # noqa: TID251 - the host's clock is the real one
    asked = house("console", "--json", "--at", now, typed="role @Luis coordinator\n")
    assert "as request 1" in asked.out
    assert house("confirm").out.startswith("1: @Ana asks to make @Luis a coordinator, until ")
    assert house("confirm", "1").out == "Confirmed and done: request 1.\n"
    assert house("db", "backup", "copy").code == 0
    shown = house("console", "--json", "--at", now, typed="audit\n").out
    for line in ("the host, `confirm`, request 1: done", "@Ana, `role`, @Luis: done", "the host, `db backup`: done"):
        assert line in shown
    assert re.search(r"audit +ok: \d+ lines", house("doctor").out)
    with closing(sqlite3.connect(house.folder / "dragoman.db")) as database, database:
        database.execute("DELETE FROM audit WHERE sequence = 3")
    doctor = house("doctor")
    assert (doctor.code, "audit          WRONG: of coalition 1: line 3 is missing" in doctor.out) == (1, True)


def test_errors_of_a_damaged_database(house: House) -> None:
    """A database without its tables, or without the mark of its version, is told as such by every command."""
    with closing(sqlite3.connect(house.folder / "dragoman.db")) as database, database:
        database.execute("DELETE FROM alembic_version")
    for words in (("load", "small.toml"), ("console",), ("init",), ("db", "upgrade")):
        _assert_refused(house(*words), "put a backup back")
    doctor = house("doctor")
    assert (doctor.code, "put a backup back" in doctor.out, "dragoman init" in doctor.out) == (1, True, False)


def test_a_draft_that_is_not_there(bare: House) -> None:
    """One of two files is missing: one sentence, at once."""
    lost = bare("text", "compare", OLD, "nowhere.txt")
    assert (lost.code, lost.out, lost.err) == (1, "", "dragoman: nowhere.txt: No such file or directory\n")


def test_texts(bare: House) -> None:
    """`text parse --json` and `text compare --json` print what tools build on; joined ops give both sides' texts."""
    sides = [json.loads(bare("text", "parse", file, "--json").out) for file in (OLD, NEW)]
    for side in sides:
        assert [*side] == ["language", "label", "brackets", "agreed", "inserted", "deleted", "provisions"]
        shapes = {tuple((name, type(value)) for name, value in row.items()) for row in side["provisions"]}
        assert shapes == {(("label", str), ("kind", str), ("heading", str), ("chapter", str), ("placeholder", bool),
                           ("brackets", int), ("bracketed", list), ("agreed", str), ("text", str))}  # fmt: skip
        assert side["provisions"][0]["label"] == "PREAMBLE"
    compared = json.loads(bare("text", "compare", OLD, NEW, "--json").out)
    assert [compared[name]["provisions"] for name in ("old", "new")] == [len(side["provisions"]) for side in sides]
    before, after = ({row["label"]: row["text"] for row in side["provisions"]} for side in sides)
    for change in compared["changes"]:
        assert [*change] == [
                "old", "new", "relation", "flags", "heading", "similarity", "why", "callouts", "ops",
            ]  # fmt: skip
        for side, texts, left_out in (("old", before, "insert"), ("new", after, "delete")):
            joined = "".join(text for op, text in change["ops"] if op != left_out)
            assert joined.split() == " ".join(texts[label] for label in change[side]).split()
    labels = [label for change in compared["changes"] for label in change["old"]]
    assert set(labels) == set(before)
    page = bare("text", "compare", OLD, NEW, "--html", "page.html")
    assert (page.code, "<html" in (bare.folder / "page.html").read_text("utf-8")) == (0, True)
    assert "preamble" in bare("text", "parse", OLD).out.casefold()


BRACKETED = """\
Article 1
Use of terms [red]here [/bold]
This Convention applies [bold]to all[/bold] States.\x9b2J
"""


def test_brackets_and_controls_are_shown_or_taken_out(bare: House) -> None:
    """Square brackets are the negotiators' own and never markup; nothing in a draft or a calendar steers a terminal."""
    bare.write("old.txt", BRACKETED)
    bare.write("new.txt", BRACKETED.replace("all", "most"))
    for words in (("parse", "new.txt"), ("compare", "old.txt", "new.txt")):
        ran = bare("text", *words)
        assert (ran.code, "Use of terms [red]here [/bold]" in ran.out) == (0, True)
    ran = bare("text", "parse", "new.txt", "--json")
    assert "\x9b" not in ran.out
    assert [json.loads(ran.out)["provisions"][-1][name] for name in ("heading", "text")] == [
        "Use of terms [red]here [/bold]", "This Convention applies [bold]to most[/bold] States.\x9b2J"
    ]  # fmt: skip


def test_a_calendar_does_not_steer_the_terminal(house: House) -> None:
    """What a calendar calls its entries is printed without controls."""
    house.write("more.ics", EVENT.replace("SUMMARY:Informals\n", "").replace("informals-9", "\x1b[2Jx"))
    ran = house("load", "more.ics", "--session", "Concluding session", "--at", AT)
    assert (ran.code, "\x1b" in ran.out) == (0, False)


def test_setup_asks_again_for_a_name_that_is_none(bare: House) -> None:
    """A name that would steer every terminal it is shown on is not taken."""
    ran = bare("setup", typed="Evil\x1b[2J\nSafe Evidence\nEurope/Vienna\n")
    assert (ran.code, "on one line" in ran.out, "\x1b" in ran.out) == (0, True, False)
    assert bare("console", "--coalition", "Safe Evidence", "--at", AT).code == 0


def test_closed_streams(bare: House) -> None:
    """Without standard output nothing can be shown, which is said; without standard input the console ends."""
    command = f"exec {sys.executable} -m bot text parse {OLD} --json >&-"
    ran = subprocess.run(["sh", "-c", command], cwd=bare.folder, env=_environment(), capture_output=True, check=False)
    assert (ran.returncode, ran.stderr.count(b"\n"), b"standard output is closed" in ran.stderr) == (1, 1, True)


def test_doctor_and_environment(house: House) -> None:
    """All is well, also when everything is named by the environment; without a database it says what to run."""
    well = house("doctor")
    assert (well.code, well.err, well.out.count(" ok: ")) == (0, "", 9)
    elsewhere = house.folder / "elsewhere"
    elsewhere.mkdir()
    named = {
        "DRAGOMAN_DATABASE_URL": str(elsewhere / "my.db"),
        "DRAGOMAN_KEY_FILE": str(house.folder / "dragoman.key"),
    }
    missing = house("doctor", **named)
    assert (missing.code, "dragoman init" in missing.out) == (1, True)
    assert house("db", "upgrade", **named).code == 0
    assert (elsewhere / "my.db").exists()
    assert house("db", "upgrade", **named).out == "the database is up to date\n"
    (house.folder / "dragoman.toml").rename(elsewhere / "our.toml")
    assert house("doctor", DRAGOMAN_CONFIG=str(elsewhere / "our.toml")).code != 0


def test_backup_and_restore(house: House) -> None:
    """A backup holds what was there when it was made, in no readable form, and comes back only when asked plainly."""
    house.console("note before the backup")
    assert house("db", "backup", "copy").code == 0
    assert b"Safeguards Now" not in (house.folder / "copy").read_bytes()
    house.console("assign article 5 @Mei")
    refused = house("db", "restore", "copy")
    _assert_refused(refused, "--force")
    assert "article 5" in house.console("tasks open")[0]["text"]
    assert house("db", "restore", "copy", "--force").code == 0
    assert "article 5" not in house.console("tasks open")[0]["text"]
    house.write("dragoman.key", b"A" * 43 + b"=\n")
    (house.folder / "dragoman.key").chmod(0o600)
    _assert_refused(house("db", "restore", "copy", "--force"), "another key file")


def _assert_none_opens(house: House, hint: str) -> None:
    for words in (("db", "backup", "copy"), ("console",), ("run",), ("load", "small.toml")):
        _assert_refused(house(*words), hint)
    doctor = house("doctor")
    assert (doctor.code, doctor.err, hint in doctor.out or "dragoman init" in doctor.out) == (1, "", True)


def _assert_refused(ran: Ran, hint: str) -> None:
    assert ran.code != 0, ran
    assert ran.out == "", ran
    assert re.fullmatch(r"dragoman: [^\n]{15,400}\n", ran.err), ran
    assert "Traceback" not in ran.err
    assert hint in ran.err, ran


MISTAKES = {
    ("suspend", "Lius"): "no member is called Lius; did you mean Luis?",
    ("suspend", "Quetzalcoatl"): "no member is called Quetzalcoatl; `members`, said by a coordinator in",
    ("suspend", " @ "): "say whom: `dragoman suspend NAME`",
    ("unsuspend", ""): "say whom: `dragoman unsuspend NAME`",
    ("unsuspend", "Luis"): "Luis is not suspended",
    ("suspend", "Luis", "--coalition", "Safeguard"): "there is no coalition called Safeguard; there is Safeguards Now",
    ("suspend", "Luis", "Ana"): "unexpected extra argument",
    ("suspend",): "Missing argument 'name'",
    ("suspend", "https://example.org/@luis"): "no member is called https://example.org/@luis;",
}
"""What a tired person types on the host, and what they are told."""


def test_suspend_and_its_mistakes(house: House) -> None:
    """A slip is told in a sentence, with the exit not 0, and nobody is put out by it; a second time is told, too."""
    for words, sentence in MISTAKES.items():
        ran = house(*words)
        assert (ran.code in (1, 2), ran.out) == (True, ""), words
        assert sentence in ran.err
        assert "Traceback" not in ran.err
    (listed,) = house.console("members")
    assert "Suspended" not in listed["text"]
    taken_back = "`dragoman unsuspend Luis` takes it back"
    assert house("suspend", "@luis") == Ran(0, f"suspended Luis; {taken_back}\n", "")
    again = house("suspend", "LUIS", "--coalition", "safeguards now")
    assert (again.code, again.out) == (1, "")
    assert f"Luis is suspended already; {taken_back}" in again.err
    ana = house("suspend", "Ana")
    assert ana.out.splitlines()[1:] == ["nobody coordinates now: `dragoman setup` gives a code for `claim`"]
    assert house("unsuspend", "Ana").code == house("unsuspend", "Luis").code == 0
    (audit,) = house.console("audit")
    lines = re.findall(r"the host, `?(\w+)`?, (@\w+): done", audit["text"])
    assert lines == [("unsuspend", "@Luis"), ("unsuspend", "@Ana"), ("suspend", "@Ana"), ("suspend", "@Luis")]


def test_a_purge_asks_for_the_name(house: House) -> None:
    """A rehearsal and another name change nothing; the right one leaves neither rows nor a line in the key file."""
    key = house.folder / "dragoman.key"
    before = key.read_text()
    rehearsed = house("purge", "--rehearse")
    assert (rehearsed.code, rehearsed.err) == (0, "")
    assert "member 4" in rehearsed.out
    assert rehearsed.out.endswith("nothing was changed\n")
    wrong = house("purge", typed="Safeguards\n")
    assert (wrong.code, "that is not “Safeguards Now”: nothing was changed" in wrong.err) == (1, True)
    assert (key.read_text(), house("load", "small.toml", "--at", AT).out) == (before, "nothing to change\n")
    house("db", "backup", "old.backup")

    done = house("purge", typed="Safeguards Now\n")
    assert done.code == 0
    assert [line.partition(" timestamp=")[0] for line in done.err.splitlines()] == [
        'coalition=1 event="coalition purged" level=warning'
    ]
    assert "replace each copy of the key file" in done.out
    assert len(key.read_text().splitlines()) == 1
    assert not [path for path in house.folder.glob("dragoman.db*") if b"Safeguards Now" in path.read_bytes()]
    doctor = house("doctor").out
    assert "coalitions: 0" in doctor
    assert "purges         ok: rooms that `dragoman run` has still to leave: 2" in doctor
    restored = house("db", "restore", "old.backup", "--force")
    assert (restored.code, "coalition 1 was left out" in restored.out) == (0, True)


def test_a_purge_that_was_cut_off_is_finished(house: House) -> None:
    """The line that a crash left in the key file is named by doctor, and goes with the next purge."""
    key = house.folder / "dragoman.key"
    before = key.read_text()
    assert house("purge", typed="Safeguards Now\n").code == 0
    key.write_text(before)
    line = before.splitlines()[1].split()[0]
    assert f"purges         WRONG: the key file still has the line {line}: take it out" in house("doctor").out
    again = house("purge")
    assert (again.code, again.out) == (1, "finished a purge that was cut off\n")
    assert "there is no coalition to purge" in again.err
    assert key.read_text() == before.splitlines(keepends=True)[0]


def test_who_coordinates_alone_purges_with_the_host(house: House) -> None:
    """What was asked in the chat is done by the host's word, and nobody is answered."""
    now = dt.datetime.now(dt.UTC).isoformat()  # noqa: TID251 - the host's clock is the real one
    assert "dragoman confirm 1" in house("console", "--json", "--at", now, typed="purge\n").out
    confirmed = house("confirm", "1")
    assert (confirmed.code, confirmed.out) == (0, "Confirmed and done: request 1.\n")
    assert len((house.folder / "dragoman.key").read_text().splitlines()) == 1
    assert "coalitions: 0" in house("doctor").out


def test_purging_everything(house: House) -> None:
    """Key, database and stores go, backups and settings stay; it goes on where it was cut off."""
    house("db", "backup", "old.backup")
    for folder in ("matrix", "slack"):
        (house.folder / folder).mkdir(mode=0o700, exist_ok=True)
        (house.folder / folder / "lock").touch(0o600)
    there = sorted(path.name for path in house.folder.iterdir())
    assert house("purge", "--all", "--rehearse").out.endswith("nothing was changed\n")
    wrong = house("purge", "--all", typed="yes\n")
    assert (wrong.code, "nothing was changed" in wrong.err) == (1, True)
    with closing(sqlite3.connect(house.folder / "dragoman.db")) as other:
        other.execute("SELECT * FROM member").fetchall()
        held = house("purge", "--all", typed="purge all\n")
        assert (held.code, "stop Dragoman first" in held.err) == (1, True)
    assert sorted(path.name for path in house.folder.iterdir()) == there
    (house.folder / "dragoman.key").unlink()  # cut off after the first step
    done = house("purge", "--all", typed="purge all\n")
    assert (done.code, done.err) == (0, "")
    assert "it cannot be undone" in done.out
    kept = ["demo.toml", "dragoman.toml", "old.backup", "small.toml"]
    assert sorted(path.name for path in house.folder.iterdir() if path.name in there) == [
        name for name in kept if name in there
    ]
