"""What can go wrong with a call, on demand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    `done` says whether the call has its effect nevertheless; `seconds` is the wait before the answer, or Retry-After.
    """

    kind: str
    done: bool = False
    seconds: float = 0.0
    status: int = 200
    code: str = ""


def limited(seconds: float = 1) -> Fault:
    """Answer 429 with Retry-After, in whole seconds as Slack gives it."""
    return Fault("limited", seconds=seconds)


def status(number: int, *, done: bool = False) -> Fault:
    """Answer a bare HTTP status such as 500 or 503."""
    return Fault("status", done=done, status=number)


def html(number: int = 200, *, done: bool = False) -> Fault:
    """Answer a page instead of JSON."""
    return Fault("html", done=done, status=number)


def dropped_before() -> Fault:
    """Cut the connection before the call has an effect."""
    return Fault("dropped")


def dropped_after() -> Fault:
    """Cut the connection after the call had its effect: who called cannot know."""
    return Fault("dropped", done=True)


def slow(seconds: float) -> Fault:
    """Do at once, answer after a while."""
    return Fault("slow", done=True, seconds=seconds)


def error(code: str, *, done: bool = False) -> Fault:
    """Answer `ok: false` with a code."""
    return Fault("error", done=done, code=code)


def unknown_outcome(code: str = "internal_error") -> Fault:
    """Have the effect and answer `internal_error` (or `fatal_error`), as Slack may."""
    return Fault("error", done=True, code=code)


class Misbehaviour:
    """What goes wrong next, per method (`*`: any)."""

    def __init__(self) -> None:
        self._faults: list[tuple[str, Fault]] = []

    def add(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` calls of a method go wrong."""
        self._faults += [(method, fault)] * times

    def clear(self) -> None:
        """Let all go well again."""
        self._faults.clear()

    def next(self, method: str) -> Fault | None:
        """Give what goes wrong with this call, once."""
        for index, (name, fault) in enumerate(self._faults):
            if name in (method, "*"):
                del self._faults[index]
                return fault
        return None
