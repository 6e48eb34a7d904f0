"""Soak tests of Matrix stand on what its other tests stand on."""

from __future__ import annotations

from tests.integration.matrix.conftest import bot, people, runner

__all__ = ["bot", "people", "runner"]
