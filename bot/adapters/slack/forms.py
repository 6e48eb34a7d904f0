"""Forms: opened by a button or from a message, and what is filled in taken as the command that says the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bot.adapters.slack.buttons import PLACES
from bot.adapters.slack.enclosing import files_of
from bot.adapters.slack.intake import PLATFORM, Intake, Where, event_key, is_direct
from bot.adapters.slack.modals import (
    ASSIGN,
    DRAFT,
    REMIND,
    REVIEW,
    assign_modal,
    draft_modal,
    opened_from,
    remind_modal,
    review_modal,
)  # fmt: skip
from bot.adapters.slack.pressing import Press
from bot.adapters.slack.submissions import Said, Unfit, assign_said, draft_said, remind_said, review_said
from bot.adapters.slack.web import Away, Limited, Refused, Web
from bot.adapters.slack.wording import Typed, read
from bot.commands import Refusal
from bot.grammar import format_targets, read_targets
from bot.invocation import Enclosed, Invocation
from bot.message import Phrase, Text, say
from bot.plain import Reader, plain_inline
from bot.provisions import current_provisions, resolve, titles
from bot.whence import find_coalition, find_member, room_at
from storage.tables import Coalition
from storage.trouble import DatabaseTrouble
from storage.work import Work

PATIENCE = 2.0
"""How many seconds may pass before what was filled in is acknowledged: after three it is no acknowledgement."""
LINK_SECONDS = 1.0
"""How long the address of a message is waited for: a form has to be opened within three."""
LONGEST_QUOTE = 300
MOST_CARDS = 500
"""How many messages on which forms were opened are kept in mind."""
ENGLISH = Reader(ZoneInfo("UTC"))
_SAID: Mapping[str, Callable[[Mapping[str, Any]], Said]] = {
    REVIEW: review_said, ASSIGN: assign_said, REMIND: remind_said, DRAFT: draft_said
}  # fmt: skip
_HELP = {ASSIGN: "help assign", REMIND: "help remind me", DRAFT: "help draft add"}
_NOT_KEPT = say("I could not keep that: my database does not answer. Please send it again in a minute.")
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Asker:
    """Who wants a form: how they read, and whether they are where the bot serves."""

    reader: Reader
    served: bool


class Forms:
    """Opens forms, and takes what is filled in."""

    def __init__(self, intake: Intake, web: Web, me: str) -> None:
        """Take what a form is opened with, and the bot's user id."""
        self._intake, self._web, self._me = intake, web, me
        self._cards: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()
        """The messages on which a form was opened: too large to be carried along by the form."""

    async def pressed(self, press: Press) -> None:
        """Open the form that a button stands for; where that cannot be, the core says what to type instead."""
        command = PLACES.sub("", press.command).strip()
        instead = self._intake.invocation(press.key(), press.where, Typed(command))
        asker = await self._asker(instead)
        view = None
        if asker is not None:
            verb, _, rest = command.partition(" ")
            note = _note(press.where, served=asker.served)
            self._cards[press.where.channel, press.where.message] = press.where.pressed
            while len(self._cards) > MOST_CARDS:
                self._cards.popitem(last=False)
            if verb == REVIEW:
                view = await self._review(instead, rest.strip(), note, asker.reader)
            else:
                view = assign_modal(verb, rest.strip(), note, asker.reader)
        await self._open(press.trigger, view, instead)

    async def shortcut(self, body: Mapping[str, Any]) -> None:
        """Take "do something with this message": its form is opened after the acknowledgement."""
        try:
            name, trigger, message = str(body["callback_id"]), str(body["trigger_id"]), dict(body["message"])
            channel = str(body["channel"]["id"])
            where = Where(
                str(body["user"]["id"]), channel, is_direct(channel), str(body["message_ts"]),
                str(message.get("thread_ts") or ""), str(body.get("response_url") or ""),
            )  # fmt: skip
            text = read(str(message.get("text") or ""), self._me, self._intake.people.names)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            _log.warning("shortcut skipped", code=type(problem).__name__)
            return
        if name in _HELP:
            self._intake.later(self._from_message(name, trigger, where, self._named(text), files_of(message)))

    async def submitted(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Take a form that was sent; gives what is shown in it where it cannot be taken as it is."""
        try:
            view: Mapping[str, Any] = body["view"]
            said = _SAID[view["callback_id"]](view)
            invocation = self._invocation(str(body["user"]["id"]), view, said)
        except Unfit as problem:
            return _errors(problem.errors)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            _log.warning("form skipped", code=type(problem).__name__)
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._intake.begin(self._intake.receive(invocation)))
        except (TimeoutError, DatabaseTrouble) as problem:  # sent again, it is the same and kept once
            _log.error("form not kept", code=type(problem).__name__)
            return _errors({_first_field(view): _NOT_KEPT})
        return None

    def _invocation(self, user: str, view: Mapping[str, Any], said: Said) -> Invocation:
        note = opened_from(view)
        where = Where(
            user, str(note.get("channel", "")), bool(note.get("direct")), str(note.get("message", "")),
            str(note.get("thread", "")), str(note.get("url", "")),
        )  # fmt: skip
        where = replace(where, pressed=self._cards.get((where.channel, where.message), {}))
        words, mentions = said.words, dict(said.mentions)
        for piece, accounts in said.mentions.items():  # as in what is typed
            mentions[f"@{accounts[0]}"] = mentions.pop(piece)
            words = words.replace(piece, f"@{accounts[0]}")
        made = self._intake.invocation(event_key("form", str(view["id"]), words), where, Typed(words, mentions))
        files = tuple(Enclosed(str(name), str(at)) for name, at in note.get("files", ()))
        return replace(made, enclosed=files)

    async def _from_message(
        self, name: str, trigger: str, where: Where, text: str, files: tuple[Enclosed, ...]
    ) -> None:
        instead = self._intake.invocation(event_key("shortcut", trigger), where, Typed(_HELP[name]))
        instead = replace(instead, place=None)  # help concerns the asker alone, wherever they are
        asker = await self._asker(replace(instead, place=where.place))
        view = None
        if asker is not None:
            note = _note(where, served=asker.served)
            if name == REMIND:
                link = await self._link(where)
                view = remind_modal(f"{_quote(text)}\n{link}".strip(), note, asker.reader)
            elif name == ASSIGN:
                view = assign_modal("assign", _task(text), note, asker.reader)
            elif files:
                kept = note | {"files": [(file.name, file.where) for file in files[:1]]}
                view = draft_modal(kept, asker.reader)
        await self._open(trigger, view, instead)

    async def _open(self, trigger: str, view: dict[str, Any] | None, instead: Invocation) -> None:
        if view is not None:
            try:
                await self._web.call("views.open", trigger_id=trigger, view=view)
                return
            except (Away, Limited, Refused) as problem:  # the moment in which it could be opened has passed
                _log.warning("form not opened", code=str(problem))
        await self._intake.receive(instead)

    async def _asker(self, said: Invocation) -> _Asker | None:
        """Tell how whoever wants a form reads; None for strangers, to whom the core says what they may do."""
        whence = await self._intake.store.read(None, lambda work: find_coalition(work, said, said.said_at))
        if whence.coalition_id is None or whence.several:
            return None

        def ask(work: Work) -> _Asker | None:
            member, coalition = find_member(work, said), work.get_one(Coalition, work.tenant)
            if member is None:
                return None
            served = said.place is not None and room_at(work, PLATFORM, said.place) is not None
            return _Asker(Reader(ZoneInfo(member.timezone), coalition.language, personal=True), served)

        return await self._intake.store.read(whence.coalition_id, ask)

    async def _review(
        self, said: Invocation, targets: str, note: Mapping[str, Any], reader: Reader
    ) -> dict[str, Any] | None:
        """Give the form with the text as it is now; None where the core refuses what it is about."""
        if not targets:
            return review_modal("", Text(""), "", note, reader)
        whence = await self._intake.store.read(None, lambda work: find_coalition(work, said, said.said_at))

        def ask(work: Work) -> tuple[str, str]:
            rows = resolve(current_provisions(work), read_targets(targets)[0])
            return titles(rows), "\n\n".join(row.text for row in rows)

        try:
            title, text = await self._intake.store.read(whence.coalition_id, ask)
        except Refusal:
            return None
        return review_modal(targets, Text(title), text, note, reader)

    async def _link(self, where: Where) -> str:
        try:
            async with asyncio.timeout(LINK_SECONDS):
                found = await self._web.call("chat.getPermalink", channel=where.channel, message_ts=where.message)
                return str(found.get("permalink") or "")
        except (TimeoutError, Away, Limited, Refused):
            return ""  # the bot is not in that channel

    def _named(self, text: Typed) -> str:
        """Give the words with the names of those who are known."""
        words = text.words
        for piece, (account, *_) in text.mentions.items():
            person = self._intake.people.known(account)
            words = words.replace(piece, f"@{person.name}") if person is not None else words
        return words


def _note(where: Where, *, served: bool) -> dict[str, Any]:
    """Note where a form was opened: what it says is said there, or in the direct chat where nothing is served."""
    given = {
        "channel": where.channel, "direct": where.direct or not served, "message": where.message,
        "thread": where.thread, "url": where.response_url,
    }  # fmt: skip
    return {key: value for key, value in given.items() if value}


def _quote(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE].rsplit(' ', 1)[0]}…"


def _task(text: str) -> str:
    """Give what a message is about: the articles that it begins with, else its words."""
    targets, _ = read_targets(text)
    return format_targets(targets) if targets else _quote(text)


def _errors(errors: Mapping[str, Phrase]) -> Mapping[str, Any]:
    words = {name: plain_inline(phrase, ENGLISH) for name, phrase in errors.items()}
    return {"response_action": "errors", "errors": words}


def _first_field(view: Mapping[str, Any]) -> str:
    return next(str(block["block_id"]) for block in view["blocks"] if block.get("type") == "input")
