"""The Matrix account from the command line: login, status, doctor, recover, and the page that tells people how."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.adapters.matrix import recovery
from bot.adapters.matrix.account import AccountProblem
from bot.adapters.matrix.connection import connected
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.lock import StoreHeld, hold
from bot.adapters.matrix.login import Credentials, House, LoginProblem, log_in, own_keys
from bot.adapters.matrix.recovery import recover
from bot.adapters.matrix.status import standing
from bot.clock import SystemClock
from storage.cipher import create_key_file, read_key_file
from tests.fakes.censor import Censor
from tests.fakes.human import Human, device_is_cross_signed
from tests.fakes.synapse import Synapse
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import PASSWORD, Deployment, awake

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


STEPS = 20
"""More requests than `matrix login` and `matrix recover` make."""


async def cut_off(synapse: Synapse, bot: Deployment, work: Callable[[Credentials], Awaitable[None]]) -> None:
    """Do something with a server that goes away after one request more each time, until it is through.

    Each time once before the request has its effect, and once after.
    """
    censor = Censor(synapse.url)
    await censor.start()
    try:
        for step in range(2 * STEPS):
            censor.left, censor.heard = step // 2, bool(step % 2)
            with suppress(LoginProblem):
                await work(Credentials(censor.url, bot.user_id, PASSWORD))
                return
    finally:
        await censor.stop()
    pytest.fail("never through")


async def stands_well(bot: Deployment) -> bool:
    """Tell whether nothing alarms: cross-signed, and no other device on the account."""
    bot.go_through(bot.synapse.url)
    return (await standing(bot.house)).alarms() == []


async def undeployed(synapse: Synapse, folder: Path) -> Deployment:
    """Give a Dragoman that was never logged in."""
    folder.mkdir()
    create_key_file(folder / "dragoman.key")
    user = await asyncio.to_thread(synapse.register, synapse.unused("dragoman"), PASSWORD)
    return Deployment(folder, synapse, user, [])


@pytest.mark.parametrize("heard", [False, True])
def test_login_goes_on_wherever_it_was_cut_off(
    synapse: Synapse, runner: asyncio.Runner, tmp_path: Path, *, heard: bool
) -> None:
    """Cut off at any request, heard or not, the next login ends well: one device, and a key that recovers."""

    async def scene() -> None:
        censor = Censor(synapse.url)
        await censor.start()
        through = False
        for step in range(STEPS):
            bot = await undeployed(synapse, tmp_path / f"bot{step}")
            given = Credentials(censor.url, bot.user_id, PASSWORD)
            censor.left, censor.heard = step, heard
            try:
                await log_in(bot.house, given, bot.told.append)
                through = True
            except LoginProblem:
                assert not any(line.startswith("    ") for line in bot.told)
                censor.left = None
                await log_in(bot.house, given, bot.told.append)
            assert await stands_well(bot)
            await bot.store.close()
            if through:
                break
        await censor.stop()
        assert through
        assert step > 8
        await recover(bot.house, bot.credentials, bot.recovery_key, bot.told.append)
        assert await stands_well(bot)

    runner.run(scene())


def test_login_and_recover_with_a_server_that_comes_and_goes(
    synapse: Synapse, runner: asyncio.Runner, tmp_path: Path
) -> None:
    """Tried again and again, both get through: one device, one identity, and the key that was shown opens it."""

    async def scene() -> None:
        bot = await undeployed(synapse, tmp_path / "bot")
        await cut_off(synapse, bot, lambda given: log_in(bot.house, given, bot.told.append))
        assert await stands_well(bot)
        key = bot.recovery_key
        await cut_off(synapse, bot, lambda given: recover(bot.house, given, key, bot.told.append))
        assert await stands_well(bot)
        assert sum(line.startswith("    ") for line in bot.told) == 1
        await bot.store.close()

    runner.run(scene())


def test_a_device_logged_out_before_its_key_was_shown(synapse: Synapse, runner: asyncio.Runner, tmp_path: Path) -> None:
    """The identity is made, its recovery key was never seen: the next login makes a new device under it."""

    async def scene() -> None:
        bot, censor = await undeployed(synapse, tmp_path / "bot"), Censor(synapse.url)
        await censor.start()
        censor.lose = ["/account_data/"] * 2  # the client asks once more by itself
        with pytest.raises(LoginProblem):
            await log_in(bot.house, Credentials(censor.url, bot.user_id, PASSWORD), bot.told.append)
        first, server = bot.account, Homeserver(synapse.url, bot.account.token)
        await server.ask("POST", "/logout", {})
        await server.close()
        with pytest.raises(AccountProblem, match="not set up to the end"):
            async with connected(bot.house.store, bot.house.keyring, bot.store, SystemClock()):
                pass
        await log_in(bot.house, Credentials(censor.url, bot.user_id, PASSWORD), bot.told.append)
        assert await stands_well(bot)
        assert bot.account.device_id != first.device_id
        await recover(bot.house, bot.credentials, bot.recovery_key, bot.told.append)
        assert await stands_well(bot)
        await censor.stop()
        await bot.store.close()

    runner.run(scene())


def test_recover_that_died_before_it_kept_the_account(
    bot: Deployment, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new store and the old account do not go together: nothing serves them, login and recover go on."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    async def scene() -> None:
        first, key = bot.account, bot.recovery_key
        for again in (log_in, recover):
            with monkeypatch.context() as patched:
                patched.setattr(recovery, "write_account", die)
                with pytest.raises(KeyboardInterrupt):
                    await recover(bot.house, bot.credentials, key, bot.told.append)
            with pytest.raises(AccountProblem, match="not set up to the end"):
                async with connected(bot.house.store, bot.house.keyring, bot.store, SystemClock()):
                    pass
            if again is log_in:
                await log_in(bot.house, bot.credentials, bot.told.append)
                # Only `recover` logs others out.
                assert (await standing(bot.house)).others == (first.device_id,)
            await recover(bot.house, bot.credentials, key, bot.told.append)
            assert await stands_well(bot)
        assert sum(line.startswith("    ") for line in bot.told) == 1

    runner.run(scene())


def test_a_store_that_is_gone_gets_no_new_keys(bot: Deployment, runner: asyncio.Runner) -> None:
    """Neither a start nor a login gives the device other keys under its old name; `recover` makes a new one."""

    async def scene() -> None:
        for path in bot.house.store.iterdir():
            path.unlink()
        server = Homeserver(bot.synapse.url, bot.account.token)
        before = (await own_keys(server, bot.user_id))["device_keys"]
        with pytest.raises(AccountProblem, match="its store was lost"):
            async with connected(bot.house.store, bot.house.keyring, bot.store, SystemClock()):
                pass
        with pytest.raises(LoginProblem, match="has a cross-signing identity already"):
            await log_in(bot.house, bot.credentials, bot.told.append)
        assert (await own_keys(server, bot.user_id))["device_keys"] == before
        await server.close()
        await recover(bot.house, bot.credentials, bot.recovery_key, bot.told.append)
        assert await stands_well(bot)

    runner.run(scene())


def test_nobody_serves_while_the_store_is_recovered(machine: Machine) -> None:
    """`recover` and `login` hold the store all the while, and are refused while another process has it."""
    key = recovery_key(machine.dragoman("matrix login").stdout)
    with hold(machine.folder / "matrix", SystemClock().now()):
        for command in ("login", "recover"):
            refused = machine.dragoman(f"matrix {command}", DRAGOMAN_MATRIX_RECOVERY_KEY=key)
            assert (refused.returncode, "the Matrix store is in use by process" in refused.stderr) == (1, True)
    lost = asyncio.run(recovered_under_its_lock(machine, key))
    assert (lost, machine.dragoman("matrix status").returncode) == (["matrix.db"], 0)


async def recovered_under_its_lock(machine: Machine, key: str) -> list[str]:
    """Recover, see that the lock holds to the end, and give what was put aside."""
    keyring = read_key_file(machine.folder / "dragoman.key")
    house = House(machine.folder / "matrix", keyring, 0)
    given = Credentials(machine.environment["DRAGOMAN_MATRIX_HOMESERVER"], machine.user, PASSWORD)
    with hold(house.store, SystemClock().now()):
        await recover(house, given, key, lambda _: None)
        with pytest.raises(StoreHeld):
            hold(house.store, SystemClock().now())
    return [path.name for path in machine.folder.glob("matrix.lost-*/*")]


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
