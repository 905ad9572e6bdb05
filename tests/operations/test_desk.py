from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from core.domain.observations import Status
from core.errors import Forbidden
from core.operations import clients, observing, services
from core.operations.board import load_board
from core.operations.desk import Desk
from tests.operations.support import ACME, PING, acme_with

Change = Callable[[Desk], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "add_client": partial(clients.add_client, spec=ACME),
    "edit_client": partial(clients.edit_client, client_id=1, version=1, spec=ACME),
    "set_client_active": partial(clients.set_client_active, client_id=1, active=False),
    "remove_client": partial(clients.remove_client, client_id=1),
    "restore_client": partial(clients.restore_client, client_id=1),
    "add_service": partial(services.add_service, client_id=1, spec=PING),
    "edit_service": partial(services.edit_service, service_id=1, version=1, spec=PING),
    "set_service_active": partial(services.set_service_active, service_id=1, active=False),
    "duplicate_service": partial(services.duplicate_service, service_id=1),
    "remove_service": partial(services.remove_service, service_id=1),
    "restore_service": partial(services.restore_service, service_id=1),
    "check_now": partial(observing.check_now, service_id=1),
    "test_check": partial(observing.test_check, client=ACME, service=PING),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_viewer_can_change_nothing(change: Change, desk: Desk, viewer_desk: Desk) -> None:
    await acme_with(desk, PING)
    with pytest.raises(Forbidden, match="you are viewer here"):
        await change(viewer_desk)


async def test_a_viewer_may_look(desk: Desk, viewer_desk: Desk) -> None:
    await acme_with(desk, PING)
    (line,) = await load_board(viewer_desk)
    assert line.status(desk.clock.now()) is Status.UNKNOWN
