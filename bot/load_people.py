"""Members and rooms from a file."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from sqlmodel import col, select

from bot.discretion import be_discreet_by_default
from bot.linking import forget
from bot.loadfile import LoadFile, MemberTable, Place, RoomTable, wrong
from bot.loading import Loaded, Loading, considered, differences, noted
from bot.merge import merge
from bot.notices import coordinators
from bot.suspension import barred
from storage.cipher import active
from storage.tables import Identity, Label, Member, Purpose, Role, Room, Standing

CONSOLE = "console"


def load_members(loading: Loading, file: LoadFile, loaded: Loaded) -> Loaded:
    """Add and change members; those whom the file no longer names are told, not removed.

    Raises LoadProblem where nobody would be left to coordinate.
    """
    leading = {row.id for row in coordinators(loading.work)}
    kept: Loaded = {}
    for index, table in enumerate(file.members):
        note = _load_member(loading, file, index, loaded)
        kept[active()[0].fingerprint(table.keys[0]) if note.get("gone") else table.keys[0]] = note
    _refuse_leaderless(loading, leading, [note["row"] for note in kept.values()])
    for key, gone in loaded.items():
        if gone.get("gone"):
            kept[key] = gone
        elif loading.work.get(Member, gone["row"]) is not None:
            loading.kept.append(f"member {gone['alias']} is no longer in the file and stays a member")
    return kept


def _refuse_leaderless(loading: Loading, leading: Set[int], rows: Sequence[int]) -> None:
    loading.work.flush()
    if leading and not coordinators(loading.work):
        index = next(index for index, row_id in enumerate(rows) if row_id in leading)
        sentence = "the coalition would have no coordinator then: make somebody else one first."
        raise wrong(loading.path, ("members", index, "role"), sentence)


def _load_member(loading: Loading, file: LoadFile, index: int, loaded: Loaded) -> Loaded:
    table, work = file.members[index], loading.work
    row, old = loading.known(Member, table.keys, loaded)
    if old is not None and (row is None or old.get("gone")):
        loading.kept.append(f"member {table.name} left in chat and is not added again")
        return old
    wanted: dict[str, Any] = {
        "alias": table.name, "organisation": table.organisation.strip(), "role": Role(table.role),
        "timezone": table.timezone or file.coalition.timezone,
    }  # fmt: skip
    row = row or next((one for one in work.rows(Member) if one.alias.casefold() == table.name.casefold()), None)
    if row is not None and row.standing is Standing.SUSPENDED:
        loading.kept.append(f"member {table.name} is suspended and stays as they were")
        return old or noted(wanted, row.id)
    if row is None:
        row = work.put(Member(coalition_id=work.tenant, **wanted))
        loading.changed.append(f"added member {table.name}")
        _settle_accounts(loading, index, row, table, {})
        be_discreet_by_default(work, row)
    else:
        name = f"member {row.alias}"
        row.standing = Standing.ACTIVE if old is None else row.standing
        before = loading.settle(row, name, considered(wanted, {"alias", *table.model_fields_set}, old), old or {})
        changes = [differences(before, row), *_settle_accounts(loading, index, row, table, old or {})]
        if any(changes):
            loading.changed.append(f"{name}: {', '.join(filter(None, changes))}")
    return noted(wanted | _accounts(row, table), row.id)


def _accounts(member: Member, table: MemberTable) -> dict[str, str | None]:
    return {CONSOLE: member.alias.casefold(), "slack": table.slack, "matrix": table.matrix}


def _settle_accounts(loading: Loading, index: int, member: Member, table: MemberTable, old: Loaded) -> list[str]:
    """Give a member the accounts that are new in the file, and say which."""
    work = loading.work
    accounts = considered(_accounts(member, table), {CONSOLE, *table.model_fields_set}, old or None)
    rows = {row.platform: row for row in reversed(work.rows(Identity, Identity.member_id == member.id))}
    now = {name: rows[name].address if name in rows else None for name in accounts}
    found = merge(accounts, old, now)
    loading.keep(f"member {member.alias}", {name: (now[name], accounts[name]) for name in found.kept})
    for platform, address in found.apply.items():
        if platform in rows:
            forget(work, rows[platform])
            work.delete(rows[platform])
            work.flush()
        if address is not None:
            _refuse_taken(loading, ("members", index, "name" if platform == CONSOLE else platform), platform, address)
            mark = active()[0].fingerprint(address)
            work.put(
                Identity(
                    coalition_id=work.tenant, member_id=member.id, platform=platform, address=address, fingerprint=mark
                )
            )
    return [f"{name} account changed" for name in found.apply if name != CONSOLE]


def _refuse_taken(loading: Loading, place: Place, platform: str, address: str) -> None:
    prints = active()[0].fingerprints(address)
    taken = loading.work.first(Identity, Identity.platform == platform, col(Identity.fingerprint).in_(prints))
    if taken is not None or barred(loading.work, platform, address) is not None:
        raise wrong(loading.path, place, "another member of the coalition has it already.")


def load_rooms(loading: Loading, file: LoadFile, loaded: Loaded) -> Loaded:
    """Add and change rooms; those that the file no longer names are told and stay served."""
    kept: Loaded = {}
    for index, table in enumerate(file.rooms):
        kept[table.keys[0]] = _load_room(loading, index, table, loaded)
    for gone in loaded.values():
        if loading.work.get(Room, gone["row"]) is not None:
            loading.kept.append(f"room {gone['name']} is no longer in the file and stays served")
    return kept


def _load_room(loading: Loading, index: int, table: RoomTable, loaded: Loaded) -> Loaded:
    work = loading.work
    row, old = loading.known(Room, table.keys, loaded)
    if row is None and old is not None:
        loading.kept.append(f"room {table.name} was given up in chat and is not served again")
        return old
    platform, address = _room_place(table)
    wanted: dict[str, Any] = {
        "name": table.name, "purposes": [Purpose(word) for word in table.purposes], "label": Label(table.label),
        "digest_at": table.digest_at, "countdown": table.minutes, "platform": platform, "address": address,
    }  # fmt: skip
    row = row or next((one for one in work.rows(Room) if one.name.casefold() == table.name.casefold()), None)
    _refuse_served_elsewhere(loading, index, platform, address)
    if row is None:
        row = work.put(Room(coalition_id=work.tenant, fingerprint=active()[0].fingerprint(address), **wanted))
        loading.changed.append(f"added room {table.name}")
    else:
        name, placed = f"room {row.name}", {"platform", "address"} if platform != CONSOLE else set()
        before = loading.settle(row, name, considered(wanted, placed | table.model_fields_set, old), old or {})
        row.fingerprint = active()[0].fingerprint(row.address)
        if before:
            loading.changed.append(f"{name}: {differences(before, row)}")
    return noted(wanted, row.id)


def _room_place(table: RoomTable) -> tuple[str, str]:
    if table.slack:
        return "slack", table.slack
    return ("matrix", table.matrix) if table.matrix else (CONSOLE, table.name.casefold())


def _refuse_served_elsewhere(loading: Loading, index: int, platform: str, address: str) -> None:
    """Refuse a platform's room that another coalition has: what is said there would be anybody's."""
    if platform == CONSOLE:
        return
    prints = active()[0].fingerprints(address)
    others = select(Room.id).where(
        Room.platform == platform, col(Room.fingerprint).in_(prints), Room.coalition_id != loading.work.tenant
    )
    if loading.work.exec(others).first() is not None:
        raise wrong(loading.path, ("rooms", index, platform), "another coalition is served in this room already.")
