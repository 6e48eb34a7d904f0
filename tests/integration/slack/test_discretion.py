"""Somebody who is known on Matrix alone, seen from Slack: no post, card, form, home or file says who they are."""

from __future__ import annotations

import json

from bot.accounts import open_account
from bot.people import find_member
from storage.tables import Member, Role, Task
from storage.work import Work
from tests.conftest import World
from tests.fakes.chat import RecordingChat
from tests.integration.slack.acting import Scene, acting

ALIAS, ORGANISATION = "Quetzal", "Selva Libre"
ASKED = (
    "tasks 24", "tasks open", "coverage", "article 24", "members", "find things", "export tasks", "take 24",
    "release 24", f"tasks @{ALIAS}", f"assign 25 @{ALIAS}", f"suspend @{ALIAS}", f"role @{ALIAS} coordinator",
    f"members remove @{ALIAS}", "audit", "status", "digest now",
)  # fmt: skip
"""What a coordinator and a member try in Slack."""


def let_in(work: Work, world: World) -> None:
    """Let somebody in who has an account on Matrix only, with a task of theirs and one in which they help Luis."""
    member = work.put(
        Member(coalition_id=work.tenant, alias=ALIAS, organisation=ORGANISATION, role=Role.MEMBER, timezone="UTC")
    )
    open_account(work, world.saying(ALIAS, "", platform="matrix", sender="@q:coalition.test"), member)
    member.discreet = True
    luis = find_member(work, "Luis")
    for number, lead, backup in ((24, member.id, luis.id), (25, luis.id, member.id)):
        work.add(
            Task(coalition_id=work.tenant, number=number, words=f"read article {number}", lead_id=lead,
                 backup_id=backup, assigned_at=world.now)
        )  # fmt: skip


def on_screens(at: Scene) -> str:
    """Give all that the bot ever put on a screen there, files included."""
    space = at.bed.space
    posted = [one for channel in space.channels.values() for one in channel.messages if one.user == space.bot.id]
    parts = [[one.text, one.blocks, one.attachments, one.metadata, [file.name for file in one.files]] for one in posted]
    views = [view.content for view in (*space.views.values(), *space.homes.values())]
    files = [file.content.decode("utf-8", "replace") for file in space.files.values()]
    return json.dumps([parts, views, files, [one.text for one in space.appearances]], ensure_ascii=False)


def test_nobody_in_slack_learns_who_they_are(world: World) -> None:
    """Asked by everybody in a channel and alone, while they answer on Matrix; what is said of them comes through."""

    async def scene() -> None:
        matrix = RecordingChat()
        async with acting(world, "socket", {"matrix": matrix}) as (at, team):
            await world.store.write(1, lambda work: let_in(work, world))
            for words in ASKED:
                await at.ask(at.ana, words, team)
                await at.ask(at.ana, words)
                await at.ask(at.luis, words)
            await at.ask(at.ana, "confirm")
            for person in (at.ana, at.luis):
                at.bed.happen({"type": "app_home_opened", "user": person.id, "tab": "home", "channel": "D1"}, None)
                await at.settle()
            said = world.saying(ALIAS, "accept 24", platform="matrix", sender="@q:coalition.test")
            await at.serving.engine.receive(said)
            await at.settle()
            seen = on_screens(at)
            assert "owned" in seen
            assert "Luis" in seen
            assert ORGANISATION not in seen
            assert "@q:coalition.test" not in seen
            # What somebody is told who typed the name: the same as of any other name.
            unknown = seen.replace(f"I know no @{ALIAS.casefold()}.", "")
            assert around_the_name(unknown) == []
            assert [sent.text for sent in matrix.shown] != []

    world.run(scene())


def around_the_name(text: str) -> list[str]:
    """Give what stands around the name wherever it is."""
    low, name = text.casefold(), ALIAS.casefold()
    return [text[max(0, at - 120) : at + 60] for at in range(len(low)) if low.startswith(name, at)]
