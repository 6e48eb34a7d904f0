"""What people press: buttons and menus in messages, modals and home tabs, shortcuts; what they submit and close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import blocks, inputs, messages, methods_views, payloads, shapes
from tests.fakes.slack.delivery import INTERACTION, Delivery
from tests.fakes.slack.records import Json, Person, Posted, View
from tests.fakes.slack.stage import NotPossible, Stage
from tests.fakes.slack.web_api import RefusedCall


def suggestions(given: Json) -> list[str]:
    """Say what Slack would refuse in the options that an app suggests; none at all is well."""
    if not any(given.values()):
        return []
    return blocks.problems([{"type": "actions", "elements": [{"type": "static_select", **given}]}], "message")


class Pressing(Stage):
    """People with a finger. With `wait=False` an action comes back before the app has acknowledged."""

    async def press(
        self,
        person: Person,
        where: Posted | View,
        what: str,
        value: Any = None,
        *,
        nth: int = 0,
        values: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Delivery:
        """Press a button (by its text or action_id), take an option of a menu (by its text), or choose `value`.

        `values` is what else is filled in beside it. Raises NotThere or NotPossible for what is not on their screen.
        """
        payload = self._pressed(person, where, what, (value, nth), values)
        return await self._interact(payload, wait)

    def _pressed(
        self, person: Person, where: Posted | View, what: str, choice: tuple[Any, int], values: Mapping[str, Any] | None
    ) -> Json:
        parts = where.blocks if isinstance(where, Posted) else where.content.get("blocks", [])
        block, element, option = inputs.find(parts, what, choice[1])
        state = inputs.state(parts, values)
        trigger = self.trigger(person, where.id if isinstance(where, View) else None)
        payload = payloads.interaction(self.space, "block_actions", person, trigger)
        if isinstance(where, View):
            self._require_open(person, where)
            payload |= {
                "container": {"type": "view", "view_id": where.id},
                "view": payloads.on_view(self.space, where, state),
            }
        else:
            self._require_visible(person, where)
            payload |= payloads.on_message(self.space, where) | {"state": {"values": state}}
            payload["response_url"] = self.responses.make(person, where.channel, where)
        action = inputs.action(block, element, option, choice[0], self.space.new_ts())
        return payload | {"actions": [action]}

    def _require_visible(self, person: Person, posted: Posted) -> None:
        self.require_member(person, posted.channel)
        if posted.deleted or posted.only_for not in (None, person):
            raise NotPossible("this message is not on their screen")

    def _require_open(self, person: Person, view: View) -> None:
        if view.person is not person or view.closed:
            raise NotPossible("this view is not before them")

    async def _interact(self, payload: Json, wait: bool, accepts: bool = False) -> Delivery:
        delivery = self.deliver(Delivery(INTERACTION, payload, accepts=accepts))
        await self.settled([delivery], wait)
        return delivery

    async def shortcut(
        self, person: Person, callback_id: str, message: Posted | None = None, *, wait: bool = True
    ) -> Delivery:
        """Take a message shortcut, or (without a message) a global one."""
        if self.installed.shortcuts is not None and callback_id not in self.installed.shortcuts:
            raise NotPossible("the app has no such shortcut")
        kind = "shortcut" if message is None else "message_action"
        payload = payloads.interaction(self.space, kind, person, self.trigger(person))
        payload |= {"callback_id": callback_id, "action_ts": self.space.new_ts()}
        if message is not None:
            self._require_visible(person, message)
            place = message.channel
            payload |= {
                "message": shapes.message(self.space, message),
                "message_ts": message.ts,
                "channel": {"id": place.id, "name": place.name or "directmessage"},
                "response_url": self.responses.make(person, place, message),
            }
        return await self._interact(payload, wait)

    async def suggest(self, person: Person, view: View, what: str, words: str, *, wait: bool = True) -> Delivery:
        """Type into a menu whose options the app gives (external_select); they are in `delivery.answer`."""
        self._require_open(person, view)
        block, element, _ = inputs.find(view.content.get("blocks", []), what)
        payload = payloads.interaction(self.space, "block_suggestion", person, "")
        payload |= {
            "container": {"type": "view", "view_id": view.id},
            "view": shapes.view(self.space, view),
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": words,
        }
        payload.pop("trigger_id")
        delivery = await self._interact(payload, wait, accepts=True)
        options = delivery.answer if isinstance(delivery.answer, dict) else {}
        if wait and (troubles := suggestions(options)):
            self.api.violate(f"block_suggestion: {'; '.join(troubles)}")
        return delivery

    def view(self, person: Person) -> View:
        """Give the modal on top of a person's screen; raises NotThere if there is none."""
        stack = self.space.stacks.get(person.id, [])
        if not stack:
            raise inputs.NotThere("no modal is open")
        return stack[-1]

    def home(self, person: Person) -> View:
        """Give a person's home tab; raises NotThere if none was published."""
        if person.id not in self.space.homes:
            raise inputs.NotThere("no home was published")
        return self.space.homes[person.id]

    async def submit(
        self, person: Person, view: View, values: Mapping[str, Any] | None = None, *, wait: bool = True
    ) -> Delivery:
        """Fill in a modal and submit it (values by block_id, action_id or label).

        What the app answers is done: errors stay in `delivery.answer`, and the modal stays; else it is changed or goes.
        """
        self._require_open(person, view)
        state = inputs.state(view.content.get("blocks", []), values)
        inputs.refuse_incomplete(view.content.get("blocks", []), state)
        payload = payloads.interaction(self.space, "view_submission", person, self.trigger(person, view.id))
        payload |= {"view": payloads.on_view(self.space, view, state), "response_urls": []}
        delivery = Delivery(INTERACTION, payload, accepts=True, then=lambda one: self._answered(person, view, one))
        await self.settled([self.deliver(delivery)], wait)
        return delivery

    def _answered(self, person: Person, view: View, delivery: Delivery) -> None:
        if not delivery.acknowledged:
            return
        answer = delivery.answer if isinstance(delivery.answer, dict) else {}
        try:
            self._respond(person, view, answer)
        except RefusedCall as refused:
            delivery.failed = refused.code

    def _respond(self, person: Person, view: View, answer: Json) -> None:
        kind = answer.get("response_action")
        if kind == "errors":
            known = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
            if not answer.get("errors") or set(answer["errors"]) - known:
                raise messages.refusal(self.api, "view_submission", "invalid_errors", ["no such input block"])
        elif kind == "clear":
            methods_views.close(self.api, person)
        elif kind in ("update", "push"):
            content = methods_views.checked(self.api, "view_submission", answer.get("view"), "modal")
            stack = self.space.stacks.get(person.id, [])
            if kind == "update":
                methods_views.change(self.api, view, content)
            else:
                methods_views.add(self.api, person, content, stack)
        elif kind is None:
            self._pop(person, view)
        else:
            raise messages.refusal(self.api, "view_submission", "invalid_response_action", [str(kind)])

    def _pop(self, person: Person, view: View) -> None:
        view.closed = True
        self.space.stacks[person.id] = [one for one in self.space.stacks.get(person.id, []) if one is not view]

    async def close(self, person: Person, view: View, *, wait: bool = True) -> Delivery | None:
        """Close a modal without submitting it; the app is told if it asked for that."""
        self._require_open(person, view)
        self._pop(person, view)
        if not view.content.get("notify_on_close"):
            return None
        payload = payloads.interaction(self.space, "view_closed", person, "")
        payload.pop("trigger_id")
        payload |= {"view": shapes.view(self.space, view), "is_cleared": False}
        return await self._interact(payload, wait)

    async def open_home(self, person: Person, tab: str = "home", *, wait: bool = True) -> list[Delivery]:
        """Open the app's home tab (or its messages tab)."""
        place = self.space.direct(person)
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": place.id,
            "tab": tab,
            "event_ts": self.space.new_ts(),
        }
        if tab == "home" and person.id in self.space.homes:
            event["view"] = shapes.view(self.space, self.space.homes[person.id])
        return await self.settled(self.happen(event, None), wait)
