"""Verbs about people: coming in, roles, and how each one wants to be spoken to; and help."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.accounts import (
    LONGEST_ORGANISATION,
    account_holder,
    free_alias,
    likeness,
    open_account,
    take_alias,
    taken_by,
    typed_alias,
)
from bot.codes import redeem
from bot.commands import Call, Denied, Refusal, Verb, nearest, without_prefix
from bot.discretion import called, find_named, outside, visible
from bot.identities import account_of, accounts_of, most_of
from bot.limits import check_members
from bot.lookalikes import skeleton
from bot.message import (
    Action,
    Actions,
    Bold,
    Code,
    File,
    Heading,
    Inline,
    List,
    Message,
    Moment,
    Phrase,
    Text,
    count,
    joined,
    message,
    say,
)  # fmt: skip
from bot.notices import coordinators, member_lane
from bot.people import ROLES, about, members, mention, settings_of
from bot.plain import zone_name
from bot.rights import stranger
from bot.rules.discretion import names_all
from bot.rules.labels import direct_ceiling, may_show
from bot.rules.waking import QUIET_TO
from bot.suspension import barred, suspended
from bot.tasklists import csv_of
from bot.tasks import look
from bot.when import WhenProblem, local_moment, read_day, read_when
from bot.zones import ZoneProblem, find_zone
from storage.tables import Label, Member, NoticeKind, Role, Standing
from storage.work import Work

CLAIM = "claim"
"""The purpose of the code that makes the first coordinator."""

_WAITING = say("You have asked already. A coordinator looks at it, and I will tell you here.")
_CORRECTED = say("Noted. A coordinator looks at it, and I will tell you here.")
_UNNAMED_ASKS = say(
    "Somebody on Matrix asks to join. Who, I say on Matrix alone: look there, in a direct chat with me, with `admit`. "
    "`link` joins an account of yours there to this one."
)
_AS = {Role.OBSERVER: say("an observer"), Role.MEMBER: say("a member"), Role.COORDINATOR: say("a coordinator")}


def hello(call: Call) -> Message | None:
    """Ask to join, or change one's own alias, organisation and zone."""
    own = call.account or account_holder(call.work, call.invocation)
    waits = own is not None and own.standing is Standing.ASKED
    if waits and not call.words:
        return message(_WAITING)
    parts = [part.strip() for part in call.words.split(",")]
    if len(parts) == 2 and call.invocation.sender_zone:
        parts.append(call.invocation.sender_zone)
    if len(parts) < 3 or not all(parts):
        raise Refusal(
            say(
                "Say `hello ALIAS, ORGANISATION, CITY`, for example: `hello Sol, Red Libre, Bogota`. "
                "Your name need not be your real one, and the city tells me your time."
            )
        )
    alias, organisation, zone = typed_alias(parts[0]), ", ".join(parts[1:-1]), _zone(parts[-1])
    _refuse_taken(call, alias)
    if len(organisation) > LONGEST_ORGANISATION:
        raise Refusal(say("The organisation is too long: {longest} letters at most.", longest=LONGEST_ORGANISATION))
    if own is not None:
        before = (own.alias, own.alias_outside, own.organisation, own.timezone)
        take_alias(call.work, own, alias, names_all=call.names_all)
        own.organisation, own.timezone = organisation, zone
        is_changed = before != (own.alias, own.alias_outside, organisation, zone)
        if waits:
            return message(_CORRECTED if is_changed else _WAITING)  # coordinators hear once: `admit` lists who waits
        return message(say("Noted."), settings_of(own, call.now))
    check_members(call)
    newcomer = Member(
        coalition_id=call.work.tenant, alias=alias, organisation=organisation, standing=Standing.ASKED, timezone=zone
    )
    take_alias(call.work, newcomer, alias, names_all=call.names_all)
    open_account(call.work, call.invocation, newcomer)
    out = barred(call.work, call.invocation.platform, call.invocation.sender)
    for coordinator in coordinators(call.work):
        lane = member_lane(call.work, coordinator.id)
        named = newcomer.alias if names_all(lane.platform) else outside(newcomer)
        asks = _asks_again(newcomer, named, out) if out is not None else _asks_to_join(call.work, newcomer, named)
        call.tell(lane, NoticeKind.NOTICE, asks)
    return message(say("Thank you. A coordinator looks at it, and I will tell you here."))


def _refuse_taken(call: Call, alias: str) -> None:
    """Refuse a member the alias of somebody else whom they may know of; whoever is new gets it with a number."""
    own = call.account
    if own is None or alias.casefold() == called(call, own).casefold():
        return
    if taken_by(call.work, alias, own, openly=not call.names_all) is not None:
        raise Refusal(say("That alias cannot be had here. Please choose another one."))


def claim(call: Call) -> Message:
    """Make the account that types the operator's code a coordinator."""
    if call.invocation.place is not None:
        raise Refusal(say("Say `claim` with its code in a direct chat with me, where nobody else can read it."))
    is_out = barred(call.work, call.invocation.platform, call.invocation.sender) is not None
    if is_out or not redeem(call.work, call.now, CLAIM, call.words):
        raise Denied(say("This code is wrong, used or too old. Whoever runs me gets a new one with `dragoman setup`."))
    others = coordinators(call.work)
    member = account_holder(call.work, call.invocation) or open_account(call.work, call.invocation, _claimant(call))
    call.subject = member
    _give_to_account(call, member)
    member.role, member.standing = Role.COORDINATOR, Standing.ACTIVE
    for other in others:
        if other.id != member.id:
            told = say("{who} became a coordinator with a code from whoever runs me.", who=mention(member))
            call.tell(member_lane(call.work, other.id), NoticeKind.NOTICE, message(told))
    return message(
        say("Welcome, {who}: you coordinate {coalition}.", who=mention(member), coalition=call.coalition.name),
        say(
            "Now `my timezone CITY`; in each room, `room here for tasks, alerts, countdown, digest`. `help` lists all."
        ),
    )


def _give_to_account(call: Call, member: Member) -> None:
    """Let the account that typed the code coordinate, and none that its member has besides."""
    spoke = account_of(call.work, call.invocation)
    for account in accounts_of(call.work, member.id):
        if spoke is not None and account.id == spoke.id:
            account.role = None
        elif member.role is not Role.COORDINATOR:
            account.role = account.role or Role.MEMBER


def admit(call: Call) -> Message:
    """Let somebody in who said hello."""
    waiting = visible(call, call.work.rows(Member, Member.standing == Standing.ASKED))
    name, role = _name_and_role(call.words)
    if name is None:
        return message(_waiting_list(call, waiting) if waiting else say("Nobody waits to be admitted."))
    known = {called(call, row).casefold() for row in visible(call, members(call.work))}
    if name.casefold() in known:
        raise Refusal(say("@{name} is in already. `role @{name} ROLE` changes what they may do.", name=name))
    member = find_named(call, name, waiting)
    _refuse_suspended(call, member)
    call.subject = member
    if role is Role.COORDINATOR:
        call.ask_second(say("let in {who} of {organisation} as a coordinator",
                            who=mention(member), organisation=about(member, Text(member.organisation))))  # fmt: skip
    member.standing, member.role = Standing.ACTIVE, role or Role.MEMBER
    welcome = message(
        say("Welcome to {coalition}: you are in, as {role}.", coalition=call.coalition.name, role=_AS[member.role]),
        say("`next` says what is on, `tasks` what is yours, `help` what else I do."),
    )
    call.tell(member_lane(call.work, member.id), NoticeKind.NOTICE, welcome, Label.PUBLIC)
    return message(say("{who} is in, as {role}, and was told.", who=mention(member), role=_AS[member.role]))


def role(call: Call) -> Message:
    """Change what a member may do, also from accounts that were linked since."""
    name, wanted = _name_and_role(call.words)
    if name is None or wanted is None:
        raise Refusal(say("Say whom and what: `role @ana coordinator`, `member` or `observer`."))
    member = find_named(call, name)
    call.subject = member
    held_back = [row for row in accounts_of(call.work, member.id) if most_of(row).rank < wanted.rank]
    if member.role is wanted and not held_back:
        return message(say("{who} is {role} already.", who=mention(member), role=_AS[wanted]))
    if wanted is not Role.COORDINATOR and [row.id for row in coordinators(call.work)] == [member.id]:
        raise Refusal(
            say(
                "{who} is the only coordinator. Make somebody else one first: `role @NAME coordinator`.",
                who=mention(member),
            )
        )
    if wanted is Role.COORDINATOR:
        call.ask_second(_coordinating(member, len(held_back)))
    member.role = wanted
    for account in held_back:
        account.role = None
    if member.id != call.speaker.id:
        told = say("You are {role} now. `help` lists what you can say.", role=_AS[wanted])
        call.tell(member_lane(call.work, member.id), NoticeKind.NOTICE, message(told), Label.PUBLIC)
    return message(
        say("{who} is {role} now.", who=mention(member), role=_AS[wanted]),
        _left_with(call, member) if wanted is Role.OBSERVER else None,
    )


def _coordinating(member: Member, accounts: int) -> Phrase:
    """Say whom and what `role` lets coordinate: a member, with accounts that were linked since, or these alone."""
    if member.role is Role.COORDINATOR:
        return count(accounts, "let one more account of {who} act as coordinator",
                     "let {n} more accounts of {who} act as coordinator", who=mention(member))  # fmt: skip
    return count(accounts, "make {who} a coordinator, with one account that was linked",
                 "make {who} a coordinator, with {n} accounts that were linked",
                 who=mention(member)) if accounts else say("make {who} a coordinator", who=mention(member))  # fmt: skip


def export_members(call: Call) -> Message:
    """Give the roster as a file, to one coordinator where only they can read it."""
    if not may_show(Label.CLOSED, direct_ceiling(call.role, call.invocation.platform)):
        raise Refusal(
            say("The list of members leaves only through an encrypted direct chat. Say it to me on Matrix, "
                "or let whoever runs me say it on the host.")
        )  # fmt: skip
    rows = sorted(members(call.work), key=lambda row: row.alias.casefold())
    call.ask_second(say("send {who} the list of all members as a file", who=mention(call.speaker)))
    cells = [("alias", "organisation", "role", "zone")]
    cells += [(row.alias, row.organisation, row.role.value, row.timezone) for row in rows]
    return message(
        count(len(rows), "{n} member. Keep the file where nobody else can open it, and delete it when you are done.",
              "{n} members. Keep the file where nobody else can open it, and delete it when you are done."),
        File("members.csv", csv_of(cells)),
    )  # fmt: skip


def _left_with(call: Call, observer: Member) -> Inline | None:
    """Say what an observer still has a part in: they hear of it no more, and cannot give it back."""
    board = look(call.work, call.now, call.ceiling)
    tasks = [task for task in board.waiting() if observer.id in (task.lead_id, task.backup_id)]
    if not tasks:
        return None
    return say(
        "They still have a part in {tasks} and hear no more of it: `reassign {command} @NAME`.",
        tasks=board.titles(tasks), command=board.command(tasks),
    )  # fmt: skip


def list_members(call: Call) -> Message:
    """List who takes part."""
    rows = visible(call, members(call.work))
    rows.sort(key=lambda row: (-row.role.rank, called(call, row).casefold()))
    waiting = visible(call, call.work.rows(Member, Member.standing == Standing.ASKED))
    out = visible(call, suspended(call.work))
    lead = call.role is Role.COORDINATOR
    return message(
        Heading(say("Members: {n}", n=len(rows))),
        List(tuple(_line(call, row) for row in rows)),
        _waiting_list(call, waiting) if waiting and lead else None,
        say("Suspended: {people}", people=joined([mention(row) for row in out])) if out and lead else None,
    )


def my(call: Call) -> Message:
    """Show the speaker's own settings."""
    if call.words:
        raise Refusal(
            say(
                "I know `my timezone CITY`, `my quiet on` or `off`, `my discreet on` or `off`, `my away until DATE` or "
                "`off`, and `my`."
            )
        )
    return message(settings_of(call.speaker, call.now))


def my_timezone(call: Call) -> Message:
    """Set the zone in which the speaker reads times."""
    if not call.words:
        raise Refusal(say("Say which: `my timezone Bogota` or `my timezone Europe/Vienna`."))
    call.speaker.timezone = _zone(call.words)
    return message(say("Your zone is {zone}. There it is now {now}.", zone=call.speaker.timezone, now=Moment(call.now)))


def my_quiet(call: Call) -> Message:
    """Keep the speaker's nights quiet, or not."""
    wanted = {"on": True, "off": False}.get(call.words.casefold().strip(" ."))
    if wanted is None:
        raise Refusal(say("Say `my quiet on` (nothing from 22:00 to 07:00 your time) or `my quiet off`."))
    call.speaker.quiet = wanted
    if wanted:
        return message(say("From 22:00 to 07:00 your time I keep quiet and tell you in the morning."))
    return message(say("I write to you at any hour now. `my quiet on` changes it back."))


def my_away(call: Call) -> Message:
    """Say until when the speaker is away, so that nobody counts on them."""
    words = re.sub(r"^until\s+", "", call.words, flags=re.IGNORECASE)
    if not words:
        raise Refusal(say("Say until when: `my away until 12 Feb`, or `my away off` when you are back."))
    if words.casefold() in ("off", "back"):
        call.speaker.away_until = None
        return message(say("Welcome back."))
    until = _return(words, call.now, call.zone)
    if until <= call.now:
        raise Refusal(say("That is past. Say a day to come, for example: `my away until fri`."))
    call.speaker.away_until = until
    return message(
        say(
            "You are away until {until}; I write to you then. `my away off` ends it sooner.",
            until=Moment(until, shape="full"),
        )
    )


def my_discreet(call: Call) -> Message:
    """Name the speaker in encrypted rooms and direct chats alone, or everywhere."""
    wanted = {"on": True, "off": False}.get(call.words.casefold().strip(" ."))
    if wanted is None:
        raise Refusal(say("Say `my discreet on` (you are named nowhere but on Matrix) or `my discreet off`."))
    me = call.speaker
    me.discreet = wanted
    if not wanted:
        _make_room_for(call, me)
        return message(say("You are named everywhere now, also in Slack. `my discreet on` changes it back."))
    has_slack = any(row.platform not in ("matrix", "console") for row in accounts_of(call.work, me.id))
    return message(
        say("You are named on Matrix alone, where rooms are encrypted. Elsewhere “somebody” has what you have."),
        say("What was said before stays in the rooms where it was said."),
        say(
            "Your Slack account still works, and what you type in a channel there everybody sees: write to me in a "
            "direct message, or take the account out with `unlink`."
        ) if has_slack else None,
    )  # fmt: skip


def _make_room_for(call: Call, member: Member) -> None:
    """Let an alias be one person's again that somebody else had where its owner was not named, and tell them."""
    for row in call.work.rows(Member, col(Member.alias_outside).is_not(None), Member.id != member.id):
        if row.alias_outside is not None and skeleton(row.alias_outside) == skeleton(member.alias):
            row.alias_outside = None
            if row.standing is Standing.ACTIVE and not row.discreet:
                told = say("Somebody else has your alias, so you are {who} now. `hello` changes it.", who=mention(row))
                call.tell(member_lane(call.work, row.id), NoticeKind.NOTICE, message(told))


def help_(call: Call) -> Message:
    """List what the speaker may say, or explain one verb."""
    call.words, _ = without_prefix(call.words)
    if not call.words:
        return _overview(call)
    found = call.table.find(call.words)
    verbs = [found[0]] if found else call.table.family(call.words)
    if not verbs:
        near = call.table.nearest(call.words)
        if near:
            raise Refusal(say("I do not know “{word}”. Did you mean `help {near}`?", word=call.words[:40], near=near))
        raise Refusal(say("I do not know “{word}”. `help` lists what I do.", word=call.words[:40]))
    allowed = [verb for verb in verbs if _may(call, verb)]
    if not allowed and call.account is None:
        raise stranger()
    if not allowed:
        needed = say("coordinators") if verbs[0].role is Role.COORDINATOR else say("members")
        raise Refusal(say("`{verb}` is for {role}. Ask one of them.", verb=verbs[0].name, role=needed))
    return Message(tuple(block for verb in allowed for block in _explained(verb).blocks))


def _overview(call: Call) -> Message:
    return message(
        _names(call, say("Everybody"), None, Role.OBSERVER),
        _names(call, say("Members"), Role.MEMBER),
        _names(call, say("Coordinators"), Role.COORDINATOR),
        say("`help VERB` explains one, for example: `help {verb}`.", verb=_example(call)),
    )


def _names(call: Call, who: Phrase, *roles: Role | None) -> Inline | None:
    """Give the names of the verbs that ask for one of these roles, if the speaker may say them."""
    names = [Code(verb.name) for verb in call.table.verbs if verb.role in roles and _may(call, verb)]
    return say("{who}: {verbs}", who=who, verbs=joined(names, " ")) if names else None


def _example(call: Call) -> str:
    names = [verb.name for verb in call.table.verbs if _may(call, verb)]
    return "tasks" if "tasks" in names else names[0]


def _explained(verb: Verb) -> Message:
    examples = [Code(example) for example in verb.examples]
    return message(
        Heading(Code(verb.usage)),
        Phrase(verb.summary),
        say("For example: {examples}", examples=joined(examples, " · ")) if examples else None,
    )


def _may(call: Call, verb: Verb) -> bool:
    return verb.role is None or (call.account is not None and call.role.rank >= verb.role.rank)


def _zone(words: str) -> str:
    try:
        return find_zone(words)
    except ZoneProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None


def _return(words: str, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Give the moment of coming back: on a day that is named without a time, when the quiet hours end."""
    try:
        return local_moment(dt.datetime.combine(read_day(words, now, zone), QUIET_TO), zone)
    except WhenProblem:
        pass  # no mere day: perhaps it has a time
    try:
        return read_when(words, now, zone)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None


def _name_and_role(words: str) -> tuple[str | None, Role | None]:
    """Read "@x [as] ROLE"; raises Refusal for a word that is no role."""
    name, _, rest = words.partition(" ")
    word = re.sub(r"^as\s+(?:an?\s+)?", "", rest.strip(), flags=re.IGNORECASE).casefold().strip(" .")
    if not word:
        return name.lstrip("@") or None, None
    near = nearest(word, list(Role))
    if word in list(Role):
        return name.lstrip("@"), Role(word)
    if near:
        raise Refusal(say("“{word}” is no role. Did you mean `{near}`?", word=word[:40], near=str(near)))
    raise Refusal(say("“{word}” is no role. There are `observer`, `member` and `coordinator`.", word=word[:40]))


def _claimant(call: Call) -> Member:
    name = re.sub(r"[^\w.\-']+", ".", call.invocation.sender_name or call.invocation.sender).strip(".")[:30]
    zone = call.invocation.sender_zone or call.coalition.timezone
    return Member(coalition_id=call.work.tenant, alias=free_alias(call.work, name), timezone=zone)


def _asks_to_join(work: Work, newcomer: Member, named: str) -> Message:
    asks = say(
        "{alias} of {organisation} ({zone}) asks to join. If you know them, `admit @{name}`; if not, do nothing.",
        alias=Bold(named), organisation=Text(newcomer.organisation), zone=zone_name(newcomer.timezone), name=named,
    )  # fmt: skip
    return message(
        about(newcomer, asks, _UNNAMED_ASKS),
        _likeness(work, newcomer),
        Actions((Action(say("Admit"), f"admit @{named}", newcomer.id),)),
    )


def _asks_again(newcomer: Member, named: str, out: Member) -> Message:
    asks = say(
        "{who}, who is suspended, asks to join as {alias} of {organisation}. They do not know that they are "
        "suspended. If you do nothing, nothing happens.",
        who=mention(out), alias=Bold(named), organisation=Text(newcomer.organisation),
    )  # fmt: skip
    return message(about(out, about(newcomer, asks, _UNNAMED_ASKS), _UNNAMED_ASKS))


def _refuse_suspended(call: Call, member: Member) -> None:
    """Refuse to let in an account that was taken away from somebody, under whatever name."""
    for account in accounts_of(call.work, member.id):
        out = barred(call.work, account.platform, account.address)
        if out is not None:
            raise Refusal(
                say("That is an account of {who}, who is suspended: {unsuspend} lets them in again.",
                    who=mention(out), unsuspend=about(out, Code(f"unsuspend @{called(call, out)}"), Code("unsuspend")))
            )  # fmt: skip


def _waiting_list(call: Call, waiting: list[Member]) -> Inline:
    rows: list[Inline] = []
    for row in waiting:
        name = called(call, row)
        who = say("{alias} of {organisation}, `admit @{name}`", alias=name, organisation=row.organisation, name=name)
        like = likeness(call.work, row)
        likened = say("{who} (looks like {like})", who=who, like=mention(like)) if like is not None else who
        rows.append(about(row, likened if like is None else about(like, likened, who)))
    return say("Waiting to be admitted: {people}", people=joined(rows, "; "))


def _likeness(work: Work, newcomer: Member) -> Inline | None:
    """Warn of somebody who would be taken for a member."""
    like = likeness(work, newcomer)
    if like is None:
        return None
    return about(like, say("The name looks like {who}, who is here already: make sure who it is.", who=mention(like)))


def _line(call: Call, row: Member) -> Inline:
    parts: list[Inline | str] = [mention(row), row.organisation, ROLES[row.role], zone_name(row.timezone)]
    if row.away_until is not None and row.away_until > call.now:
        parts.append(say("away until {until}", until=Moment(row.away_until)))
    if row.discreet:
        parts.append(say("discreet"))
    return about(row, joined([part for part in parts if part]))


VERBS: tuple[Verb, ...] = (
    Verb(
        "hello", hello, "hello ALIAS, ORGANISATION, CITY",
        "Asks to join the coalition, or changes how you are called, for whom you work and where.",
        role=None, private=True, examples=("hello Sol, Red Libre, Bogota",),
    ),
    Verb(
        "claim", claim, "claim CODE", "Makes you the first coordinator, with the code that `dragoman setup` printed.",
        role=None, private=True, empowers=True,
    ),
    Verb(
        "help", help_, "help [VERB]", "Lists what you can say, or explains one verb.",
        role=None, private=True, examples=("help tasks",),
    ),
    Verb("my", my, "my", "Shows your settings.", role=Role.OBSERVER, private=True),
    Verb(
        "my timezone", my_timezone, "my timezone CITY", "Sets the zone in which you read times.",
        role=Role.OBSERVER, private=True, undoable=True, examples=("my timezone Bogota", "my timezone Europe/Vienna"),
    ),
    Verb(
        "my quiet", my_quiet, "my quiet on|off", "Keeps your nights, 22:00 to 07:00, free of messages, or not.",
        role=Role.OBSERVER, private=True, undoable=True, examples=("my quiet off",),
    ),
    Verb(
        "my discreet", my_discreet, "my discreet on|off",
        "Names you on Matrix alone, where rooms are encrypted, or everywhere.",
        role=Role.OBSERVER, private=True, undoable=True, examples=("my discreet on",),
    ),
    Verb(
        "my away", my_away, "my away until DATE|off", "Says until when nobody should count on you.",
        role=Role.OBSERVER, private=True, undoable=True, examples=("my away until 12 Feb", "my away off"),
    ),
    Verb(
        "members", list_members, "members", "Lists who takes part, for whom, in what role and zone.",
        role=Role.MEMBER, private=True,
    ),
    Verb(
        "members export", export_members, "members export",
        "Sends you the list of members as a file, once a second person confirmed it; encrypted direct chats only.",
        role=Role.COORDINATOR, label=Label.CLOSED, private=True, guarded=True,
    ),
    Verb(
        "admit", admit, "admit @NAME [as ROLE]", "Lets somebody in who said `hello`; alone, lists who waits.",
        role=Role.COORDINATOR, private=True, undoable=True, guarded=True,
        examples=("admit @sol", "admit @sol as observer"),
    ),
    Verb(
        "role", role, "role @NAME coordinator|member|observer",
        "Changes what a member may do; a new coordinator waits for a second person.",
        role=Role.COORDINATOR, undoable=True, guarded=True, examples=("role @luis coordinator",),
    ),
)  # fmt: skip
