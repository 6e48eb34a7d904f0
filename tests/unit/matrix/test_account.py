"""The account file, and the id that the next device gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.matrix.account import Account, AccountProblem, coming_device, read_account, write_account
from storage.cipher import Keyring

KEYRING = Keyring([bytes(32)])


def account(device: str) -> Account:
    """Make an account."""
    return Account("https://x", "@dragoman:example.org", device, "token", 0)


def test_the_coming_device_is_one_until_its_account_is_kept(tmp_path: Path) -> None:
    """Its id stays through any number of tries, in no file in clear; then it is another."""
    path = tmp_path / "matrix.account"
    first = coming_device(path, KEYRING)
    assert coming_device(path, KEYRING) == first
    assert not any(first.encode() in file.read_bytes() for file in tmp_path.iterdir())
    write_account(path, account(first), KEYRING)
    assert read_account(path, KEYRING) == account(first)
    assert [file.name for file in tmp_path.iterdir()] == ["matrix.account"]
    assert coming_device(path, KEYRING) != first


def test_a_device_that_is_there_never_comes_again(tmp_path: Path) -> None:
    """A crash may leave its note behind; nor does what is damaged count."""
    path = tmp_path / "matrix.account"
    first = coming_device(path, KEYRING)
    note = (tmp_path / "matrix.account.coming").read_bytes()
    write_account(path, account(first), KEYRING)
    for left in (note, b"damaged"):
        (tmp_path / "matrix.account.coming").write_bytes(left)
        assert coming_device(path, KEYRING) not in ("", first)


def test_no_account(tmp_path: Path) -> None:
    """One sentence says what to do."""
    with pytest.raises(AccountProblem, match="not set up"):
        read_account(tmp_path / "matrix.account", KEYRING)
