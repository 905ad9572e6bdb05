"""Desks on the test's database."""

from __future__ import annotations

import pytest

from core.domain.operators import Operator, Role
from core.operations.desk import Desk
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.operations.support import desk_on


@pytest.fixture
def desk(database: Database, clock: FrozenClock) -> Desk:
    """Give the desk of an operator who may do everything."""
    return desk_on(database, clock)


@pytest.fixture
def viewer_desk(database: Database, clock: FrozenClock) -> Desk:
    """Give the desk of somebody who may only look."""
    return desk_on(database, clock, Operator("victor", "ops1", "/dev/pts/2", Role.VIEWER))
