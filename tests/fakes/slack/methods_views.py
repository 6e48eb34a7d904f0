"""views.*: modals that a trigger opens, and the home tab."""

from __future__ import annotations

from time import monotonic
from typing import Any

from tests.fakes.slack import blocks, messages, shapes
from tests.fakes.slack.records import Json, Person, View
from tests.fakes.slack.web_api import RefusedCall, Trigger, WebApi, decoded

DEEPEST = 3


def checked(api: WebApi, method: str, content: Any, kind: str | None = None) -> Json:
    """Give a view that Slack takes; raises RefusedCall, and notes the violation, for any other."""
    if not isinstance(content, dict):
        raise messages.refusal(api, method, "invalid_arguments", ["view is no object"])
    troubles = blocks.view_problems(content)
    if kind is not None and content.get("type") != kind:
        troubles.append(f"the view is no {kind}")
    if troubles:
        raise messages.refusal(api, method, "invalid_arguments", troubles)
    return {**content, "blocks": api.space.with_ids(content.get("blocks", []))}


def _trigger(api: WebApi, arguments: Json) -> Trigger:
    trigger = api.triggers.get(str(arguments.get("trigger_id") or ""))
    if trigger is None:
        raise RefusedCall("invalid_trigger_id")
    if trigger.used:
        raise RefusedCall("exchanged_trigger_id")
    if monotonic() - trigger.at > api.trigger_seconds:
        raise RefusedCall("expired_trigger_id")
    return trigger


def _external(api: WebApi, content: Json, view_id: str | None = None) -> None:
    name = content.get("external_id")
    taken = [one for one in api.space.views.values() if name and one.content.get("external_id") == name]
    if any(one.id != view_id and not one.closed for one in taken):
        raise RefusedCall("duplicate_external_id")


def add(api: WebApi, person: Person, content: Json, stack: list[View]) -> View:
    """Put a new view before a person, on top of those in `stack`."""
    view_id = api.space.new_id("V")
    root, previous = (stack[0].id, stack[-1].id) if stack else (view_id, None)
    view = View(view_id, person, content, new_hash(api), root, previous)
    api.space.views[view.id] = view
    api.space.stacks[person.id] = [*stack, view]
    api.space.show_view(view)
    return view


def new_hash(api: WebApi) -> str:
    """Give a hash for a state of a view."""
    return f"{api.space.new_ts()}.{api.space.short_id()}"


def change(api: WebApi, view: View, content: Json) -> None:
    """Put another content into a view that is open."""
    view.content, view.hash = content, new_hash(api)
    api.space.show_view(view)


def open_view(api: WebApi, arguments: Json) -> Json:
    """views.open: a modal for the person whose trigger it is."""
    content = checked(api, "views.open", decoded(arguments, "view"), "modal")
    trigger = _trigger(api, arguments)
    _external(api, content)
    trigger.used = True
    close(api, trigger.person)
    return {"view": shapes.view(api.space, add(api, trigger.person, content, []))}


def push(api: WebApi, arguments: Json) -> Json:
    """views.push: on top of the modal that the trigger comes from."""
    content = checked(api, "views.push", decoded(arguments, "view"), "modal")
    trigger = _trigger(api, arguments)
    stack = api.space.stacks.get(trigger.person.id, [])
    if not any(one.id == trigger.view for one in stack):
        raise RefusedCall("not_found")
    if len(stack) >= DEEPEST:
        raise RefusedCall("push_limit_reached")
    _external(api, content)
    trigger.used = True
    return {"view": shapes.view(api.space, add(api, trigger.person, content, stack))}


def close(api: WebApi, person: Person) -> None:
    """Take every modal of a person off the screen."""
    for view in api.space.stacks.pop(person.id, []):
        view.closed = True


def update(api: WebApi, arguments: Json) -> Json:
    """views.update: of a modal that is open."""
    content = checked(api, "views.update", decoded(arguments, "view"), "modal")
    view = _open_one(api, arguments)
    if arguments.get("hash") not in (None, "", view.hash):
        raise RefusedCall("hash_conflict")
    _external(api, content, view.id)
    change(api, view, content)
    return {"view": shapes.view(api.space, view)}


def _open_one(api: WebApi, arguments: Json) -> View:
    external = arguments.get("external_id")
    for view in api.space.views.values():
        named = view.id == arguments.get("view_id") or (external and view.content.get("external_id") == external)
        if named and not view.closed and view.kind == "modal":
            return view
    raise RefusedCall("not_found")


def publish(api: WebApi, arguments: Json) -> Json:
    """views.publish: the home tab of one person."""
    content = checked(api, "views.publish", decoded(arguments, "view"), "home")
    person = api.person(arguments["user_id"])
    old = api.space.homes.get(person.id)
    if arguments.get("hash") not in (None, "", old.hash if old else None):
        raise RefusedCall("hash_conflict")
    view_id = old.id if old else api.space.new_id("V")
    view = View(view_id, person, content, new_hash(api), view_id)
    api.space.views[view_id] = api.space.homes[person.id] = view
    api.space.show_view(view)
    return {"view": shapes.view(api.space, view)}


METHODS = {"views.open": open_view, "views.push": push, "views.update": update, "views.publish": publish}
