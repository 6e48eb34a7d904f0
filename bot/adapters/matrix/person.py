"""A person's identity and devices: which identity is pinned, and which devices it vouches for.

An identity is pinned when its owner is first seen; another one later, or none any more, is a change that people are
told of. A first identity that comes later, to somebody who had none, is pinned once it vouches for all devices that
were there before it: whoever took the account over could have made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.adapters.matrix.news import News

GRACE = 600_000
"""For how many milliseconds a client may be setting itself up: its identity is seen before what that signs."""


@dataclass(frozen=True)
class Device:
    """One device of a person, by its own word or its owner's."""

    device_id: str
    ed25519: str
    curve25519: str
    signed: bool = False
    """The identity signs it: the pinned one, or where there is none the candidate."""


@dataclass
class Person:
    """What is known of one account's devices."""

    master: str = ""
    """The identity that is pinned; empty while there is none."""
    changed: bool = False
    """People were told that the identity is another one or gone, and nobody has said yet that this is right."""
    devices: dict[str, Device] = field(default_factory=dict)
    candidate: str = ""
    """An identity that was seen and is not pinned."""
    known: list[str] = field(default_factory=list)
    """The keys of the devices that were there before there was an identity; empty once one is pinned.
    Not their ids: a server can give those to others."""
    since: int = 0
    """When it was noted that no identity is pinned, in milliseconds since 1970; 0 while it was not."""
    held: int = 0
    """When it was noted that a first identity is held back, likewise."""
    told: list[str] = field(default_factory=list)
    """The keys of the devices that people were told of because they are not signed."""

    def trusts(self, device: Device) -> bool:
        """Tell whether the device may read what is said to this person."""
        if self.master:
            return device.signed
        return not self.candidate or device.ed25519 in self.known

    def vouches(self, device: Device) -> bool:
        """Tell whether the owner vouches for the device, under an identity that is pinned and did not change."""
        return bool(self.master) and device.signed and not self.changed

    def unsigned(self) -> list[str]:
        """Give the keys of the devices that no pinned identity has signed."""
        return sorted(row.ed25519 for row in self.devices.values() if not (self.master and row.signed))

    def meet(self, identity: str, *, first: bool) -> None:
        """Compare the identity that the server tells of, empty for none, with the pinned one.

        `first` says that nothing was known of this person: there is nothing that it could contradict.
        """
        if first and identity:
            self._pin(identity)
        if self.master:
            self.changed = identity != self.master
            self.candidate = (identity or self.candidate) if self.changed else ""
        else:
            self.candidate = identity or self.candidate

    def take(self, devices: dict[str, Device]) -> None:
        """Take the devices as they are now; a first identity that vouches for all there were is pinned."""
        self.devices = devices
        if self.master:
            return
        if not self.candidate:
            # Who shows none for a while is no newcomer.
            self.known = sorted(row.ed25519 for row in devices.values()) or self.known
        elif set(self.known) <= {row.ed25519 for row in devices.values() if row.signed}:
            self._pin(self.candidate)

    def accept(self) -> str:
        """Pin the candidate and give it; empty where there is none."""
        accepted = self.candidate
        if accepted and self.master:  # what the old identity signed, the new one may not have
            self.devices = {name: replace(device, signed=False) for name, device in self.devices.items()}
        if accepted:
            self._pin(accepted)
        return accepted

    def _pin(self, identity: str) -> None:
        self.master, self.candidate, self.changed = identity, "", False
        self.known, self.since, self.held = [], 0, 0


def found(user: str, person: Person, before: tuple[bool, str]) -> Iterator[News]:
    """Give what a look brought that others should hear of: an identity that changed, and devices it did not sign.

    `before` is whether it had changed before this look, and the candidate then.
    """
    if person.changed and (person.changed, person.candidate) != before:
        yield News(user, "identity", person.candidate)
    if person.master:
        yield from _untold(user, person)


def ripe(user: str, person: Person, now: int) -> Iterator[News]:
    """Give what others should hear of by now of a person without a pinned identity; `now` as in Person.since.

    Devices without an identity, and a first identity that still does not vouch for the devices there were before it,
    are told of after GRACE.
    """
    person.since = person.since or now
    if not person.candidate:
        if now - person.since >= GRACE:
            yield from _untold(user, person)
        return
    person.held = person.held or now
    if now - person.held >= GRACE and not person.changed and any(row.signed for row in person.devices.values()):
        person.changed = True
        yield News(user, "identity", person.candidate)


def _untold(user: str, person: Person) -> Iterator[News]:
    """Give the devices that are not signed, where there is one that was not told of; all count as told then."""
    unsigned = person.unsigned()
    if not set(unsigned) <= set(person.told):
        yield News(user, "unsigned", "\n".join(unsigned), len(unsigned))
    person.told = unsigned
