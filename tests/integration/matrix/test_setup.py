"""The Matrix account from the command line: login, status, doctor, recover, and the page that tells people how."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.human import Human, device_is_cross_signed
from tests.fakes.synapse import Synapse
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import PASSWORD, awake

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "matrix.md"
START_SECONDS = 30
NOTHING_TO_ACCEPT = "dragoman: no other identity of this person was seen: there is nothing to accept\n"


class Machine:
    """A folder with a shell, in which `dragoman` is what the page calls it."""

    def __init__(self, folder: Path, synapse: Synapse, user: str) -> None:
        self.folder, self.user = folder, user
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DRAGOMAN_MATRIX_HOMESERVER": synapse.url,
            "DRAGOMAN_MATRIX_USER": user,
            "DRAGOMAN_MATRIX_PASSWORD": PASSWORD,
        }

    def dragoman(self, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *shlex.split(words)],
            cwd=self.folder, env=self.environment | environment, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def serve(self) -> subprocess.Popen[str]:
        """Run `dragoman run`, up when it says so."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("dragoman: running since")
        return process


@pytest.fixture
def machine(synapse: Synapse, tmp_path: Path) -> Machine:
    """Give a machine with an account for the bot and `dragoman init` done."""
    name = synapse.unused("dragoman")
    synapse.register(name, PASSWORD, display_name="Dragoman")
    machine = Machine(tmp_path / "machine", synapse, name)
    assert machine.dragoman("init").returncode == 0
    return machine


def recovery_key(printed: str) -> str:
    """Give the recovery key out of what `matrix login` printed."""
    return next(line.strip() for line in printed.splitlines() if line.startswith("    "))


def test_login_keeps_no_password_and_prints_the_key_once(
    machine: Machine, people: People, runner: asyncio.Runner
) -> None:
    """Login makes a cross-signed device that everybody can check; again it prints no second recovery key."""
    first = machine.dragoman("matrix login")
    assert first.returncode == 0, first.stderr
    key = recovery_key(first.stdout)
    again = machine.dragoman("matrix login")
    assert (again.returncode, key in again.stdout, "Recovery key" in again.stdout) == (0, False, False)
    kept = b"".join(path.read_bytes() for path in machine.folder.rglob("*") if path.is_file())
    for secret in (PASSWORD, f"@{machine.user}:", key, key.replace(" ", "")):
        assert secret.encode() not in kept

    async def look() -> None:
        ana = await people.arrive("Ana")
        user_id = f"@{machine.user}:{people.synapse.server_name}"
        keys = await ana.keys_of(user_id)
        assert [device_is_cross_signed(keys, user_id, device) for device in keys["device_keys"][user_id]] == [True]

    runner.run(look())


def test_wrong_password_and_no_server(machine: Machine) -> None:
    """A slip gets one sentence and leaves nothing behind."""
    wrong = machine.dragoman("matrix login", DRAGOMAN_MATRIX_PASSWORD="guessed")
    assert wrong.stderr == "dragoman: The homeserver does not take this user and password: check both.\n"
    away = machine.dragoman("matrix login", DRAGOMAN_MATRIX_HOMESERVER="http://127.0.0.1:9")
    assert away.stderr.startswith("dragoman: The homeserver does not answer: check its address")
    status = machine.dragoman("matrix status")
    assert status.stderr == "dragoman: Matrix is not set up: run `dragoman matrix login`.\n"
    assert {wrong.returncode, away.returncode, status.returncode} == {1}


def test_status_and_doctor_alarm_of_a_second_device(machine: Machine, people: People, runner: asyncio.Runner) -> None:
    """Another device on the bot's account is an alarm in `status` and `doctor`, and an exit code."""
    machine.dragoman("matrix login")
    well = machine.dragoman("matrix status")
    assert (well.returncode, "cross-signing  ok" in well.stdout, "other devices  none" in well.stdout) == (
        0,
        True,
        True,
    )
    assert "matrix         ok" in machine.dragoman("doctor").stdout

    async def log_in() -> None:
        ana = await people.arrive("Ana")
        user = {"type": "m.id.user", "user": machine.user}
        body = {"type": "m.login.password", "identifier": user, "password": PASSWORD, "device_id": "INTRUDER"}
        await ana.ask("POST", "/_matrix/client/v3/login", body)

    runner.run(log_in())
    ill = machine.dragoman("matrix status")
    assert (ill.returncode, "other devices  ALARM: INTRUDER" in ill.stdout) == (1, True)
    doctor = machine.dragoman("doctor")
    assert (doctor.returncode, "the account has other devices (INTRUDER)" in doctor.stdout) == (1, True)


def test_the_first_coordinator_claims(machine: Machine, people: People, runner: asyncio.Runner) -> None:
    """While nobody coordinates, whoever has the code that `init` printed may come and say it; later no stranger may."""
    code = machine.dragoman("init").stdout.partition("claim ")[2].split()[0]
    assert machine.dragoman("matrix login").returncode == 0
    user_id = f"@{machine.user}:{people.synapse.server_name}"

    async def scene() -> None:
        process = await asyncio.to_thread(machine.serve)
        try:
            zoe, eve = await people.arrive("Zoe"), await people.arrive("Eve")
            chat = await zoe.direct_chat(user_id)
            await zoe.say(chat, f"claim {code}")
            [welcome] = await zoe.hear(chat)
            assert welcome.body.startswith("Welcome, @Zoe: you coordinate")
            other = await eve.direct_chat(user_id)
            await eve.until(lambda: False, 2)
            assert user_id in await eve.members(other, "leave")
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.communicate, timeout=START_SECONDS)

    runner.run(scene())


def test_recover_refuses_a_wrong_key(machine: Machine) -> None:
    """A slip in the recovery key, or another account's, changes nothing."""
    key = recovery_key(machine.dragoman("matrix login").stdout)
    slip = machine.dragoman("matrix recover", DRAGOMAN_MATRIX_RECOVERY_KEY=key[:-1] + ("A" if key[-1] != "A" else "B"))
    assert (slip.returncode, "slip" in slip.stderr) == (1, True)
    other = "EsTG PzJd PakV FSsx pGkR bMEu d9Rm AzNc nyBK WnHN i5AV 85DK"
    wrong = machine.dragoman("matrix recover", DRAGOMAN_MATRIX_RECOVERY_KEY=other)
    assert "This is not the recovery key of this account" in wrong.stderr
    assert machine.dragoman("matrix status").returncode == 0


def test_recover_with_a_damaged_account_file(machine: Machine) -> None:
    """The account file, too, may be lost or damaged: the recovery key and the password bring the bot back."""
    key = recovery_key(machine.dragoman("matrix login").stdout)
    (machine.folder / "matrix.account").write_bytes(b"damaged")
    assert "is damaged" in machine.dragoman("matrix status").stderr
    done = machine.dragoman("matrix recover", DRAGOMAN_MATRIX_RECOVERY_KEY=key)
    assert (done.returncode, done.stderr) == (0, "")
    status = machine.dragoman("matrix status")
    assert (status.returncode, "other devices  none" in status.stdout) == (0, True)


def test_the_page_for_newcomers(machine: Machine, people: People, runner: asyncio.Runner) -> None:
    """Every command of docs/matrix.md, in order: from a login to an answer in an encrypted room."""
    commands = re.findall(r"^    \.venv/bin/dragoman (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    expected = ["matrix login", "load coalition.toml", "matrix status", "doctor", "run"]
    expected += ["matrix trust @ana:example.org", "matrix recover"]
    assert commands == expected

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await ana.cross_sign()
        ana.strict = True
        member = f'[[members]]\nname = "Ana"\nrole = "coordinator"\nmatrix = "{ana.user_id}"\n'
        coalition = f'[coalition]\nname = "Coalition"\ntimezone = "{awake()}"\n{member}timezone = "{awake()}"\n'
        (machine.folder / "coalition.toml").write_text(coalition)
        printed = ""
        for command in ("matrix login", "load coalition.toml", "matrix status", "doctor"):
            done = await asyncio.to_thread(machine.dragoman, command)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            printed += done.stdout
        await speak(ana)
        trust = await asyncio.to_thread(machine.dragoman, "matrix trust @ana:example.org")
        assert (trust.returncode, trust.stdout, trust.stderr) == (1, "", NOTHING_TO_ACCEPT)
        for path in (machine.folder / "matrix").iterdir():
            path.unlink()
        key = recovery_key(printed)
        recovered = await asyncio.to_thread(machine.dragoman, "matrix recover", DRAGOMAN_MATRIX_RECOVERY_KEY=key)
        assert recovered.returncode == 0, recovered.stderr
        assert (await asyncio.to_thread(machine.dragoman, "matrix status")).returncode == 0
        await speak(ana)

    async def speak(ana: Human) -> None:
        process = await asyncio.to_thread(machine.serve)
        try:
            room = await ana.make_room("tasks", invite=[f"@{machine.user}:{people.synapse.server_name}"])
            await ana.until(lambda: False, 1)
            await ana.say(room, "!room here for tasks, alerts, countdown, digest")
            [answer] = await ana.hear(room)
            assert answer.body.startswith("This room is served now for tasks, alerts, countdown, digest")
            assert answer.encrypted
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = await asyncio.to_thread(process.communicate, timeout=START_SECONDS)
            assert process.returncode == 0, errors

    runner.run(scene())
