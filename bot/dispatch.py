"""Dispatch: from the inbox to member, room and verb, to the handler, in one transaction with its answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import structlog
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import col, delete, select, update

from bot.accounts import account_holder
from bot.addressing import reads_as_command
from bot.audit import record
from bot.clock import Clock
from bot.commands import Call, CommandTable, Denied, NeedsSecond, NeedsYes, Refusal, Verb, clean, without_prefix
from bot.corrections import make_way, without_words
from bot.fetching import takes_file
from bot.identities import account_of, most_of
from bot.invocation import DONE, REFUSED, Invocation
from bot.limits import LimitReached, tell_coordinators
from bot.linking import code_said, wrong_code
from bot.mentions import with_aliases
from bot.message import Message, Phrase, message, say
from bot.notices import member_lane, room_lane, tell
from bot.planning import bring_up_to_date
from bot.requests import ask
from bot.rights import answered_in, check_rights, stranger
from bot.rules.labels import direct_ceiling
from bot.rules.limits import USUAL, Limits
from bot.tries import note_try
from bot.whence import Whence, find_coalition, find_member, find_room
from storage.cipher import KeyProblem, active
from storage.tables import (
    Coalition,
    Confirmation,
    Deed,
    Inbox,
    InboxState,
    Label,
    Lane,
    Meeting,
    Member,
    Notice,
    NoticeKind,
    Outcome,
    Room,
    Standing,
)
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

STALE_AFTER = dt.timedelta(minutes=15)
"""A command that waited longer, because the bot was away, is not executed but answered."""
YES_WITHIN = dt.timedelta(minutes=10)
YES = ("yes", "y", "sí", "si", "oui", "да", "نعم", "是")
NO = ("no", "n", "nope", "cancel", "non", "нет", "لا", "不")

_NOBODY = say("I work for a coalition and answer its members. Ask one of them to tell you how to join.")
_UNSERVED = say("I do not serve this room. A coordinator says `room here for tasks, alerts` in it.")

_log = structlog.get_logger()


class Dispatch:
    """Takes invocations in, and works on them in the order they came."""

    def __init__(self, store: Store, clock: Clock, table: CommandTable, limits: Limits = USUAL) -> None:
        """Take the verbs that there are, and how much one coalition may have."""
        self._store, self._clock, self._table, self._limits = store, clock, table, limits
        self.platform: str | None = None
        """Work on what came from this platform only; None: from every one."""
        self.turned: Callable[[], None] = _nothing
        """Called with each command."""

    async def receive(self, invocation: Invocation) -> bool:
        """Keep an invocation; False when the same event was kept before. Once this returns, it will not be lost."""
        return await self._store.write(None, lambda work: self._keep(work, invocation))

    async def drain(self) -> bool:
        """Work on all that waits; tells whether there was anything that no other process was working on."""
        waiting = await self._store.read(None, lambda work: _waiting(work, self.platform))
        done = False
        for row_id in waiting:
            self.turned()
            done = await self._handle(row_id) or done
        return done

    def _keep(self, work: Work, invocation: Invocation) -> bool:
        if work.exec(select(Inbox.id).where(Inbox.event_id == invocation.event_id)).first() is not None:
            return False
        now, fetched_first = self._clock.now(), bool(invocation.enclosed) and takes_file(invocation.words)
        work.add(
            Inbox(
                event_id=invocation.event_id,
                platform=invocation.platform,
                body=invocation.to_data(),
                state=InboxState.FETCHING if fetched_first else InboxState.WAITING,
                sender=active()[0].fingerprint(f"{invocation.platform}/{invocation.sender}"),
                received_at=now,
            )
        )
        return True

    async def _handle(self, row_id: int) -> bool:
        try:
            opened = await self._store.read(None, lambda work: _opened(work, row_id, self._clock.now()))
        except (KeyError, TypeError, ValueError, KeyProblem) as problem:
            # One row that cannot be read, after a change of version or of key, must not stop those behind it.
            _log.error("invocation unreadable", inbox=row_id, code=type(problem).__name__)
            await self._store.write(None, lambda work: _give_up(work, row_id, self._clock.now()))
            return True
        if opened is None:
            return False
        invocation, whence = opened
        try:
            return await self._store.write(
                whence.coalition_id, lambda work: self._begin(work, row_id, invocation, whence)
            )
        except (Refusal, NeedsYes, NeedsSecond) as problem:
            answer: Refusal | NeedsYes | NeedsSecond = problem
        except DatabaseTrouble:
            raise  # not the command's fault: it waits in the inbox and is done when the database works again
        except Exception as problem:
            code = f"{type(problem).__name__}-{row_id}"
            _log.error("command failed", inbox=row_id, code=code)
            answer = Refusal(say("Something went wrong here (code `{code}`). Nothing was changed.", code=code))
        await self._store.write(
            whence.coalition_id, lambda work: self._answer_problem(work, row_id, invocation, answer)
        )
        return True

    def _begin(self, work: Work, row_id: int, invocation: Invocation, whence: Whence) -> bool:
        """Do what was said, unless another process does or did, or is at what the same account said before."""
        if work.coalition_id is None:
            work.alone()
        if not _claimed(work, row_id):
            return False
        self._perform(work, row_id, invocation, whence)
        return True

    def _perform(self, work: Work, row_id: int, invocation: Invocation, whence: Whence) -> None:
        now = self._clock.now()
        if whence.several:
            raise Refusal(say("You are in several coalitions here: say it in one of its rooms."))
        _finish(work, row_id, now)
        if whence.coalition_id is None:
            wrong = code_said(invocation) is not None
            self._answer_nobody(work, invocation, wrong_code(work, now, invocation) if wrong else _NOBODY)
            if not wrong and invocation.place is None:
                note_try(work, now, invocation)
            return
        account, room = find_member(work, invocation), find_room(work, invocation)
        words, prefixed = without_prefix(clean(invocation.words))
        if not words and (invocation.corrects or invocation.unreadable):
            self._wordless(work, invocation, account, room)
            return
        meant = prefixed or invocation.addressed or self._reads_as_command(work, words)
        if not meant and not _answers_question(work, words, account, room, now):
            return  # people talk among themselves
        coalition = work.get_one(Coalition, work.tenant)
        most = most_of(account_of(work, invocation))
        call = Call(
            work, now, coalition, account, room, words, invocation, self._table, most=most, limits=self._limits
        )  # fmt: skip
        if call.unserved and (account is None or not self._works_anywhere(words)):
            if account is not None and (prefixed or invocation.addressed):
                raise Refusal(_UNSERVED)
            return  # strangers are not answered there at all
        if now - invocation.said_at > STALE_AFTER:
            raise Refusal(say("I was away; say it again if it still holds."))
        self._heed(call)

    def _heed(self, call: Call) -> None:
        """Take the answer to a question as such, and run anything else."""
        words, account = call.words, call.account
        if _said(words, NO) and _answers_question(call.work, words, account, call.room, call.now):
            self._called_off(call)
            return
        if account is not None and _said(words, NO):
            raise Refusal(say("Nothing waits for a yes or no from you."))
        if account is not None and _said(words, YES):
            call = self._confirmed(call.work, call)
        self._run(call)

    def _reads_as_command(self, work: Work, words: str) -> bool:
        found = self._table.find(words) if words else None
        if found is None:
            return False
        verb, rest = found
        known = [row.title for row in work.rows(Meeting)] if "MEETING" in verb.usage or "TITLE" in verb.usage else []
        known += list(self._table.names) if "VERB" in verb.usage else []
        return reads_as_command(verb.usage, verb.name, rest, known)

    def _works_anywhere(self, words: str) -> bool:
        found = self._table.find(words)
        return found is not None and found[0].anywhere

    def _wordless(self, work: Work, invocation: Invocation, account: Member | None, room: Room | None) -> None:
        """Answer a member, in the direct chat, what came without words."""
        if account is None:
            return
        coalition = work.get_one(Coalition, work.tenant)
        call = Call(work, self._clock.now(), coalition, account, room, "", invocation, self._table)
        answer = without_words(call)
        bring_up_to_date(call.work, call.now)
        if answer is not None:
            self._reply(work, invocation, account, None, answer)

    def _run(self, call: Call) -> None:
        # First of all: whoever may not say it learns nothing of what the words would mean.
        check_rights(self._verb(call)[0], call)
        if call.invocation.corrects is not None:
            make_way(call)
        call.words = with_aliases(call)
        verb, call.words = self._verb(call)
        answer = verb.act(call)
        bring_up_to_date(call.work, call.now)
        if verb.privileged:
            who = call.account or account_holder(call.work, call.invocation)
            record(call.work, call.now, verb.name, who.id if who is not None else None, call.subject)
        deed = self._deed(verb, call)
        if answer is not None:
            room = answered_in(verb, call.account, call.room)
            self._reply(
                call.work,
                call.invocation,
                call.account,
                room,
                answer,
                verb.label,
                note=DONE if deed or call.settles else "",
            )
        if deed is not None:
            call.work.flush()
            prefix = f"said/{call.invocation.event_id}/"
            for notice in call.work.rows(Notice, col(Notice.key).startswith(prefix, autoescape=True)):
                notice.deed_id = deed.id

    def _deed(self, verb: Verb, call: Call) -> Deed | None:
        if call.account is None or not (verb.lasting or (verb.undoable and call.work.journal)):
            return None
        if call.account.standing is not Standing.ACTIVE:
            return None  # who is out has nothing to take back
        return call.work.put(
            Deed(
                coalition_id=call.work.tenant,
                member_id=call.account.id,
                verb=verb.name,
                done_at=call.now,
                journal=list(call.work.journal) if verb.undoable else [],
                said=call.invocation.corrects or call.invocation.event_id,
            )
        )

    def _verb(self, call: Call) -> tuple[Verb, str]:
        found = self._table.find(call.words)
        if found is not None:
            return found
        if call.account is None:
            raise stranger()
        if not call.words:
            raise Refusal(say("I am here. `help` lists what I do."))
        head = call.words.split(maxsplit=1)[0]
        if family := self._table.family(head):
            choices = " · ".join(f"{verb.name}" for verb in family)
            raise Refusal(say("{verb} needs one more word: {choices}.", verb=head, choices=choices))
        if near := self._table.nearest(call.words):
            raise Refusal(
                say("I do not know “{word}”. Did you mean `{near}`? `help` lists everything.", word=head, near=near)
            )
        raise Refusal(say("I do not know “{word}”. `help` lists what I do.", word=head))

    def _confirmed(self, work: Work, call: Call) -> Call:
        waiting = work.first(Confirmation, Confirmation.member_id == call.speaker.id)
        if waiting is None or waiting.expires_at <= call.now:
            raise Refusal(say("Nothing waits for a yes from you."))
        # The question was answered under the first event, which has its one answer: what follows answers the yes.
        now, said = call.now, call.invocation
        asked = Invocation.from_data(waiting.invocation)
        here = waiting.room_id == (call.room.id if call.room else None)
        if not here or (asked.platform, asked.sender) != (said.platform, said.sender):
            raise Refusal(say("Say `yes` where you were asked."))
        vouched = asked.vouched and said.vouched
        earlier = replace(asked, event_id=said.event_id, origin=said.origin, said_at=now, vouched=vouched)
        work.delete(waiting)
        words, _ = without_prefix(clean(earlier.words))
        room = find_room(work, earlier)  # the question may have been put in the direct chat
        return replace(call, words=words, invocation=earlier, room=room, confirmed=True)

    def _called_off(self, call: Call) -> None:
        """Forget what waits for a yes, so that a yes to something else does not do it after all."""
        call.work.exec(delete(Confirmation).where(col(Confirmation.member_id) == call.speaker.id))
        self._reply(call.work, call.invocation, call.account, call.room, message(say("Left as it was.")))

    def _answer_problem(
        self, work: Work, row_id: int, invocation: Invocation, problem: Refusal | NeedsYes | NeedsSecond
    ) -> None:
        if work.coalition_id is None:
            work.alone()
        if not _claimed(work, row_id):
            return
        now = self._clock.now()
        _finish(work, row_id, now)
        if work.coalition_id is None:
            if not isinstance(problem, NeedsSecond):
                self._answer_nobody(work, invocation, problem.phrase)
            return
        account, room = find_member(work, invocation), find_room(work, invocation)
        verb = self._verb_of(problem.invocation if isinstance(problem, NeedsSecond) else invocation)
        if isinstance(problem, NeedsSecond):
            if account is not None and verb is not None:
                self._reply(work, invocation, account, None, message(ask(work, now, account, problem, verb.name)))
            return
        room = answered_in(verb, account, room)
        if isinstance(problem, NeedsYes) and account is not None:
            self._await_yes(work, account, room, invocation)
        if isinstance(problem, LimitReached):
            tell_coordinators(work, now, problem.what, problem.most, told=account)
        if isinstance(problem, Denied):
            self._denied(work, invocation, account, verb)
        label = verb.label if verb is not None else Label.PUBLIC
        self._reply(work, invocation, account, room, message(problem.phrase), label, note=REFUSED)

    def _denied(self, work: Work, invocation: Invocation, account: Member | None, verb: Verb | None) -> None:
        """Count a try that failed, and note in the audit who tried what only some may."""
        now = self._clock.now()
        note_try(work, now, invocation)
        if account is not None and verb is not None and verb.privileged:
            record(work, now, verb.name, account.id, outcome=Outcome.DENIED)

    def _verb_of(self, invocation: Invocation) -> Verb | None:
        found = self._table.find(without_prefix(clean(invocation.words))[0])
        return found[0] if found else None

    def _await_yes(self, work: Work, account: Member, room: Room | None, invocation: Invocation) -> None:
        work.exec(delete(Confirmation).where(col(Confirmation.member_id) == account.id))
        work.add(
            Confirmation(
                coalition_id=work.tenant,
                member_id=account.id,
                room_id=room.id if room else None,
                invocation=invocation.to_data(),
                expires_at=self._clock.now() + YES_WITHIN,
            )
        )

    def _reply(
        self,
        work: Work,
        invocation: Invocation,
        account: Member | None,
        room: Room | None,
        answer: Message,
        label: Label = Label.PUBLIC,
        *,
        note: str = "",
    ) -> None:
        if room is not None:
            lane = room_lane(work, room)
        elif account is not None and _still_has(work, account, invocation):
            lane = member_lane(work, account.id, invocation.platform)
        else:
            lane = stranger_lane(work, invocation)
        if room is None:  # whoever asked was answered what they may see
            own = direct_ceiling(account.role, lane.platform) if account is not None else Label.PUBLIC
            label = min(label, own, key=lambda one: one.rank)
        key = f"reply/{invocation.event_id}"
        now, asked = self._clock.now(), invocation.asked | ({note: True} if note else {})
        tell(work, lane, NoticeKind.REPLY, answer, key=key, now=now, label=label, origin=asked)

    def _answer_nobody(self, work: Work, invocation: Invocation, words: Phrase) -> None:
        """Answer somebody whose coalition is not known, in a direct chat only."""
        if invocation.place is None:
            self._reply(work, invocation, None, None, message(words))


def _nothing() -> None:
    """Do nothing."""


def _waiting(work: Work, platform: str | None) -> list[int]:
    found = select(Inbox.id).where(Inbox.state == InboxState.WAITING).order_by(col(Inbox.id))
    return list(work.exec(found if platform is None else found.where(Inbox.platform == platform)))


def _claimed(work: Work, row_id: int) -> bool:
    """Tell whether the row is this transaction's to be done: it waits, and nothing of its account before it does."""
    mine = select(Inbox).where(Inbox.id == row_id, Inbox.state == InboxState.WAITING)
    row = work.exec(mine.with_for_update(skip_locked=True)).first()
    if row is None or row.sender is None:
        return row is not None
    earlier = select(Inbox.id).where(Inbox.state == InboxState.WAITING, Inbox.id < row_id, Inbox.sender == row.sender)
    return work.exec(earlier.limit(1)).first() is None


def _opened(work: Work, row_id: int, now: dt.datetime) -> tuple[Invocation, Whence] | None:
    """Read what was said; None where another process has done it meanwhile."""
    row = work.exec(select(Inbox).where(Inbox.id == row_id, Inbox.state == InboxState.WAITING)).first()
    if row is None:
        return None
    invocation = Invocation.from_data(row.body or {})
    return invocation, find_coalition(work, invocation, now)


def _give_up(work: Work, row_id: int, now: dt.datetime) -> None:
    work.exec(update(Inbox).where(col(Inbox.id) == row_id).values(state=InboxState.FAILED, done_at=now))


def _finish(work: Work, row_id: int, now: dt.datetime) -> None:
    row = work.get_one(Inbox, row_id)
    row.state, row.done_at, row.coalition_id = InboxState.DONE, now, work.coalition_id
    if work.coalition_id is not None:
        flag_modified(row, "body")  # from now on it is encrypted for the coalition


def _said(words: str, answers: tuple[str, ...]) -> bool:
    said = [word.strip(".,!") for word in words.casefold().split()]
    return bool(said) and all(word in answers for word in said if word) and any(said)


def _answers_question(work: Work, words: str, account: Member | None, room: Room | None, now: dt.datetime) -> bool:
    """Tell whether this is the yes or no that was asked for here: among themselves people say yes to many things."""
    if account is None or not _said(words, YES + NO):
        return False
    waiting = work.first(Confirmation, Confirmation.member_id == account.id)
    return waiting is not None and waiting.expires_at > now and waiting.room_id == (room.id if room else None)


def _still_has(work: Work, account: Member, invocation: Invocation) -> bool:
    """Tell whether the account that spoke is still the member's: `unlink` has just taken it out."""
    spoke = account_of(work, invocation)
    return spoke is not None and spoke.member_id == account.id


def stranger_lane(work: Work, invocation: Invocation) -> Lane:
    """Give the lane of an account that belongs to no member, made when it is first needed."""
    keyring = active()[0]
    prints = keyring.fingerprints(invocation.sender)
    found = select(Lane).where(
        Lane.coalition_id == work.coalition_id,
        Lane.platform == invocation.platform,
        col(Lane.fingerprint).in_(prints),
    )
    lane = work.exec(found).first()
    if lane is None:
        lane = Lane(
            coalition_id=work.coalition_id,
            platform=invocation.platform,
            fingerprint=prints[0],
            address=invocation.sender,
        )
        work.put(lane)
    return lane
