"""The people of the workspace and its guests as far as they were seen: what they are called, and their zone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.slack.web import Away, Limited, Refused, Web

MOST = 5_000
"""How many people are kept in mind."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Person:
    """One account, as its own workspace describes it."""

    name: str
    zone: str = ""
    """An IANA name, as Slack gives it; empty where it gives none."""
    team: str = ""
    bot: bool = False
    deleted: bool = False


class People:
    """Who is who, kept in memory; those seen longest ago are forgotten first."""

    def __init__(self, web: Web) -> None:
        """Nobody is known yet."""
        self._web = web
        self._known: OrderedDict[str, Person] = OrderedDict()

    @property
    def names(self) -> Mapping[str, str]:
        """Give the names of those who are known, by user id."""
        return {user: person.name for user, person in self._known.items() if not person.deleted and not person.bot}

    def known(self, user: str) -> Person | None:
        """Give somebody who was looked up before."""
        return self._known.get(user)

    def has_left(self, user: str) -> bool:
        """Tell whether somebody is known not to be in the workspace any more."""
        person = self._known.get(user)
        return person is not None and person.deleted

    def forget(self, user: str) -> None:
        """Keep nothing of somebody."""
        self._known.pop(user, None)

    async def get(self, user: str) -> Person | None:
        """Give somebody, looked up where they are not known; None where Slack does not answer."""
        if user not in self._known:
            await self.learn(user)
        return self._known.get(user)

    async def learn(self, user: str) -> None:
        """Look somebody up."""
        try:
            answer = await self._web.call("users.info", user=user)
        except Refused as problem:  # asked again it would be refused again
            _log.warning("person not looked up", code=problem.code)
            self.changed({"id": user})
            return
        except (Away, Limited) as problem:
            _log.warning("person not looked up", code=str(problem))
            return
        if isinstance(answer.get("user"), Mapping):
            self.changed(answer["user"])

    def changed(self, user: Mapping[str, Any]) -> None:
        """Take what Slack says of somebody."""
        found = user.get("profile")
        profile = found if isinstance(found, Mapping) else {}
        name = profile.get("display_name") or user.get("real_name") or profile.get("real_name") or user.get("name")
        row = str(user.get("id", ""))
        self._known[row] = Person(
            str(name or "")[:80], str(user.get("tz") or ""), str(user.get("team_id") or ""),
            bool(user.get("is_bot")), bool(user.get("deleted")),
        )  # fmt: skip
        self._known.move_to_end(row)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
