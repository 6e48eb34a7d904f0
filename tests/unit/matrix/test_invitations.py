"""Whose invitations are taken: it is the account that asks, not the person."""

from __future__ import annotations

import pytest

from bot.adapters.matrix.invitations import is_welcome
from storage.tables import Identity, Role
from storage.work import Work
from tests.conftest import World

ANA, LUIS, EVE = "@ana:example.org", "@luis:example.org", "@eve:example.org"


@pytest.fixture
def known(world: World) -> World:
    """Give a coalition whose coordinator Ana and whose member Luis have an account each."""
    world.add_account("Ana", ANA, "matrix")
    world.add_account("Luis", LUIS, "matrix")
    return world


def welcome(world: World, user: str, *, direct: bool) -> bool:
    """Tell whether an invitation is taken."""
    return world.run(is_welcome(world.store, user, world.now, direct=direct, servers=()))


def test_coordinators_invite_to_rooms_and_members_to_direct_chats(known: World) -> None:
    """Strangers to nothing."""
    found = [(welcome(known, user, direct=False), welcome(known, user, direct=True)) for user in (ANA, LUIS, EVE)]
    assert found == [(True, True), (False, True), (False, False)]


@pytest.mark.parametrize("most", [Role.MEMBER, Role.OBSERVER])
def test_a_linked_account_that_acts_as_less_invites_to_no_room(known: World, most: Role) -> None:
    """Until a coordinator says that it may do what its member may."""

    def let(role: Role | None) -> None:
        def act(work: Work) -> None:
            for account in work.rows(Identity, Identity.platform == "matrix"):
                account.role = role

        known.write(act)

    let(most)
    assert (welcome(known, ANA, direct=False), welcome(known, ANA, direct=True)) == (False, True)
    let(Role.COORDINATOR)
    assert [welcome(known, user, direct=False) for user in (ANA, LUIS)] == [True, False]
