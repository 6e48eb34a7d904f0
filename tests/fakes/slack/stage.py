"""What every driver action needs: the workspace, the API, the way to the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from uuid import uuid4

from tests.fakes.slack import payloads
from tests.fakes.slack.delivery import EVENT, AckLog, Delivery, Pace, Transport
from tests.fakes.slack.installed import Installed
from tests.fakes.slack.records import Channel, Json, Person
from tests.fakes.slack.responses import Responses
from tests.fakes.slack.web_api import Trigger, WebApi
from tests.fakes.slack.workspace import Workspace

KINDS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
EVERYWHERE = {"user_change", "team_join", "app_home_opened", "app_uninstalled", "tokens_revoked"}
"""Events that belong to no channel, and so do not depend on the bot being in one."""


class NotPossible(Exception):
    """Slack would not let this person do that: no such command, not in the channel, nothing to press."""


class Stage:
    """The state that the actions share."""

    space: Workspace
    api: WebApi
    installed: Installed
    responses: Responses
    transport: Transport
    pace: Pace
    log: AckLog

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        """Everything the app was to take, in order."""
        self._carrying: set[asyncio.Task[None]] = set()

    def deliver(self, delivery: Delivery) -> Delivery:
        """Set something on its way to the app."""
        self.deliveries.append(delivery)
        task = asyncio.get_running_loop().create_task(self.transport.carry(delivery))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        return delivery

    async def again(self, delivery: Delivery, *, wait: bool = True) -> Delivery:
        """Deliver the same once more, as Slack does when it did not see the acknowledgement."""
        twin = Delivery(delivery.kind, delivery.payload, delivery.accepts, delivery.attempts)
        await self.settled([self.deliver(twin)], wait)
        return twin

    def happen(self, inner: Json, place: Channel | None, name: str | None = None) -> list[Delivery]:
        """Let an event happen; the app is told if it asked for such events and is there."""
        name = name or (KINDS[place.kind] if inner["type"] == "message" and place else str(inner["type"]))
        if not self.installed.hears(name):
            return []
        if place is not None and name not in EVERYWHERE and self.space.bot.id not in place.members:
            return []
        if inner["type"] == "message" and place is not None:
            inner = {**inner, "channel": place.id, "channel_type": payloads.TYPES[place.kind]}
        return [self.deliver(Delivery(EVENT, payloads.event(self.space, inner, place)))]

    async def settled(self, deliveries: Iterable[Delivery], wait: bool = True) -> list[Delivery]:
        """Wait until each was acknowledged or given up, and give them."""
        found = list(deliveries)
        if wait:
            await asyncio.gather(*(one.settled() for one in found))
        return found

    async def quiet(self) -> None:
        """Wait until nothing is on its way to the app."""
        while self._carrying:
            await asyncio.gather(*self._carrying)

    async def calm(self, pause: float = 0.1, seconds: float = 20.0) -> None:
        """Wait until nothing is on its way and the app has called nothing for `pause`; raises TimeoutError.

        An app acknowledges before its work is done: this is how to wait for the work.
        """
        async with asyncio.timeout(seconds):
            before = -1
            while self._carrying or self.api.answering or len(self.api.calls) != before:
                before = len(self.api.calls)
                await self.quiet()
                await asyncio.sleep(pause)

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until something holds; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    def trigger(self, person: Person, view: str | None = None) -> str:
        """Give a new trigger_id."""
        key = f"{uuid4().int % 10**12}.{uuid4().int % 10**12}.{uuid4().hex}"
        self.api.triggers[key] = Trigger(person, view=view)
        return key

    def require_member(self, person: Person, place: Channel) -> None:
        """Raise NotPossible unless the person is in the channel."""
        if person.deleted or person.id not in place.members:
            raise NotPossible("this person is not in that channel")
