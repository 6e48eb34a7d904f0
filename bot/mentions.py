"""Who is mentioned: the pieces of a command that an adapter resolved to accounts become the aliases of members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlmodel import col

from bot.commands import Call, Refusal, clean
from bot.discretion import called, visible
from bot.message import Code, joined, say
from storage.cipher import active
from storage.tables import Identity, Member, Role, Standing

LONGEST_SHOWN = 60
"""Letters of a display name that are said again."""


def with_aliases(call: Call) -> str:
    """Give the words of a call with each mentioned account as the `@alias` of its member.

    What is typed as `@alias` means that member, whatever somebody else calls themselves; a piece that means nobody
    stays as it was typed. Raises Refusal for a piece that may mean several members. Strangers and observers are not
    told aliases: their words stay.
    """
    pieces = {clean(piece): accounts for piece, accounts in call.invocation.mentions.items() if clean(piece)}
    if not pieces or call.account is None or call.role.rank < Role.MEMBER.rank:
        return call.words
    known = _known(call)
    patterns = [f"{'' if piece.startswith('@') else '@?'}{re.escape(piece)}" for piece in _longest_first(pieces)]
    # No piece is found within a longer name: "@ana" is none in "@ana.b" or "@ana:example.org".
    anywhere = re.compile(rf"(?<![\w@])(?:{'|'.join(patterns)})(?!\w|[@.:\-']\w)")

    def alias(found: re.Match[str]) -> str:
        typed = found[0]
        return _alias(call, typed, pieces.get(typed) or pieces[typed.removeprefix("@")], known)

    return anywhere.sub(alias, call.words)


def _alias(call: Call, typed: str, accounts: Iterable[str], known: dict[str, Member]) -> str:
    if typed.startswith("@") and typed[1:].casefold() in known:
        return typed
    meant = _holders(call, accounts, known.values())
    if not meant:
        return typed
    # "@ana as coordinator" is not about somebody who calls themselves "ana as".
    first = known.get(typed.split(maxsplit=1)[0].removeprefix("@").casefold()) if typed.startswith("@") else None
    if first is not None:
        meant[first.id] = first
    if len(meant) > 1:
        choices = joined([Code(f"@{called(call, member)}") for member in meant.values()], " · ")
        raise Refusal(
            say(
                "{n} people may be called “{name}”: {choices}. Say it again with the one you mean.",
                n=len(meant), name=typed[:LONGEST_SHOWN], choices=choices,
            )
        )  # fmt: skip
    return f"@{called(call, next(iter(meant.values())))}"


def _holders(call: Call, accounts: Iterable[str], known: Iterable[Member]) -> dict[int, Member]:
    """Give the members who have one of the accounts, by id."""
    prints = {mark for account in accounts for mark in active()[0].fingerprints(account)}
    rows = call.work.rows(
        Identity, Identity.platform == call.invocation.platform, col(Identity.fingerprint).in_(prints)
    )
    holding = {row.member_id for row in rows}
    return {member.id: member for member in known if member.id in holding}


def _known(call: Call) -> dict[str, Member]:
    """Give whom the speaker may name there, by alias: those who asked to join are for coordinators."""
    everybody = visible(call, call.work.rows(Member))
    lead = call.role is Role.COORDINATOR
    known = (row for row in everybody if row.standing is not Standing.FORMER)
    return {called(call, row).casefold(): row for row in known if lead or row.standing is Standing.ACTIVE}


def _longest_first(pieces: Iterable[str]) -> list[str]:
    return sorted(pieces, key=len, reverse=True)
