"""Use cases around incidents: what people decide about them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.domain.evidence import Evidence
from core.domain.incidents import AcknowledgementKind, EventKind, Incident
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.operators import Operator
from core.errors import Forbidden, InputError, NotFound, Refused
from core.operations import incidents
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.operations.support import PING, acme_with, desk_on, record

DOWN, UP = Status.DOWN, Status.UP


def seen(at: datetime, status: Status, address: str | None = None) -> Observation:
    if status is not DOWN:
        return Observation(at, status, address=address)
    met = Evidence("connect", address)
    return Observation(at, status, error=ErrorKind.CONNECT, detail="refused", address=address, evidence=met)


async def incident_of(desk: Desk, *statuses: Status) -> Incident:
    """Give the newest incident of a service that was checked every 30 s with these outcomes."""
    _client, (ping,) = await acme_with(desk, PING)
    await record(desk.database, {ping.id: outcomes(statuses)})
    (line,) = await incidents.list_incidents(desk, since=NOON)
    return line.incident


def outcomes(statuses: Sequence[Status]) -> list[Observation]:
    return [
        seen(NOON + timedelta(seconds=30 * number), status, "10.0.0.7")
        for number, status in enumerate(statuses)
    ]


async def test_an_incident_begins_with_its_first_failing_check_and_tells_what_that_met(desk: Desk) -> None:
    incident = await incident_of(desk, UP, DOWN, DOWN)
    assert incident.started_at == NOON + timedelta(seconds=30)
    page = await incidents.load_incident(desk, incident.id)
    assert page.line.subject.label == "Acme/ping"
    assert [event.kind for event in page.timeline] == [EventKind.OPENED]
    assert [each.checked_at for each in page.evidence] == [
        NOON + timedelta(seconds=30),
        NOON + timedelta(seconds=60),
    ]
    with pytest.raises(NotFound):
        await incidents.load_incident(desk, 4711)


async def test_of_several_runs_of_failures_the_one_that_it_began_with_is_told(desk: Desk) -> None:
    incident = await incident_of(desk, DOWN, DOWN, Status.DEGRADED, DOWN, DOWN)
    page = await incidents.load_incident(desk, incident.id)
    kinds = [EventKind.OPENED, EventKind.LOWERED, EventKind.RAISED]
    assert [event.kind for event in page.timeline] == kinds
    assert [each.checked_at for each in page.evidence] == [NOON, NOON + timedelta(seconds=30)]


async def test_of_two_who_acknowledge_at_once_the_second_is_told_who_was_first(
    desk: Desk, database: Database, clock: FrozenClock
) -> None:
    incident = await incident_of(desk, DOWN)
    otto = desk_on(database, clock, Operator("otto", "ops2", ""))
    results = await asyncio.gather(
        incidents.acknowledge(desk, incident.id),
        incidents.acknowledge(otto, incident.id),
        return_exceptions=True,
    )
    (first,) = [result for result in results if isinstance(result, Incident)]
    (refused,) = [result for result in results if isinstance(result, InputError)]
    assert first.acknowledgement is not None
    assert f"was acknowledged by {first.acknowledgement.by} already, at 2026-03-01 12:00:00" in str(refused)
    page = await incidents.load_incident(desk, incident.id)
    assert page.line.incident == first
    assert [event.kind for event in page.timeline] == [EventKind.OPENED, EventKind.ACKNOWLEDGED]


async def test_what_is_over_is_neither_acknowledged_nor_assigned_but_noted(desk: Desk) -> None:
    incident = await incident_of(desk, DOWN, UP)
    for attempt in (
        incidents.acknowledge(desk, incident.id),
        incidents.unacknowledge(desk, incident.id),
        incidents.assign(desk, incident.id, "olga"),
    ):
        with pytest.raises(InputError, match="is over"):
            await attempt
    await incidents.note(desk, incident.id, " the switch was loose ")
    page = await incidents.load_incident(desk, incident.id)
    assert page.line.incident == incident
    assert (page.timeline[-1].kind, page.timeline[-1].text) == (EventKind.RESOLVED, "")
    assert [(each.kind, each.actor, each.text) for each in page.timeline if each.actor] == [
        (EventKind.NOTED, "olga", "the switch was loose")
    ]


async def test_an_acknowledgement_is_taken_back_once(desk: Desk, clock: FrozenClock) -> None:
    incident = await incident_of(desk, DOWN)
    await incidents.acknowledge(desk, incident.id, AcknowledgementKind.PLAIN, reason="new disks")
    later = clock.advance(60)
    changed = await incidents.unacknowledge(desk, incident.id)
    assert (changed.acknowledgement, changed.telling_since) == (None, later)
    with pytest.raises(InputError, match="is not acknowledged"):
        await incidents.unacknowledge(desk, incident.id)


@pytest.mark.parametrize(
    ("until", "code"), [(None, "required"), (NOON, "window_past"), (NOON - timedelta(days=1), "window_past")]
)
async def test_an_acknowledgement_until_a_time_needs_one_to_come(
    desk: Desk, until: datetime | None, code: str
) -> None:
    incident = await incident_of(desk, DOWN)
    with pytest.raises(Refused) as refused:
        await incidents.acknowledge(desk, incident.id, AcknowledgementKind.UNTIL, until=until)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [("until", code)]
    (line,) = await incidents.list_incidents(desk)
    assert line.incident.acknowledgement is None


async def test_texts_that_steer_a_terminal_or_are_missing_are_refused(desk: Desk) -> None:
    incident = await incident_of(desk, DOWN)
    for attempt, field in (
        (incidents.acknowledge(desk, incident.id, reason="\x1b[2J"), "reason"),
        (incidents.assign(desk, incident.id, "x" * 81), "assignee"),
        (incidents.note(desk, incident.id, " "), "note"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert [fault.field for fault in refused.value.faults] == [field]
    page = await incidents.load_incident(desk, incident.id)
    assert [event.kind for event in page.timeline] == [EventKind.OPENED]


async def test_an_incident_is_assigned_and_given_up_again(desk: Desk) -> None:
    incident = await incident_of(desk, DOWN)
    assert (await incidents.assign(desk, incident.id, " otto ")).assignee == "otto"
    assert (await incidents.assign(desk, incident.id, "")).assignee == ""
    changes = [(each.subject, each.subject_name, each.action) for each in await latest_changes(desk, 2)]
    assert changes == [("incident", "Acme/ping", "assign")] * 2


async def test_incidents_that_share_an_address_are_folded(desk: Desk) -> None:
    _client, (ping, web) = await acme_with(desk, PING, replace(PING, name="web"))
    await record(desk.database, {ping.id: outcomes([DOWN]), web.id: outcomes([UP, DOWN])})
    lines = await incidents.list_incidents(desk)
    (fold,) = incidents.folded(lines)
    assert (fold.lead.service_id, fold.cause) == (ping.id, ("address", "10.0.0.7"))
    assert await incidents.list_incidents(desk, service_ids=[]) == []
    (only,) = await incidents.list_incidents(desk, service_ids=[web.id])
    assert only.subject.label == "Acme/web"


async def test_what_is_behind_something_that_is_down_says_so(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, replace(PING, name="gateway"))
    async with desk.database.unit() as unit:
        below = await unit.services.add(
            gateway.client_id, replace(PING, name="shop", parent_id=gateway.id), NOON
        )
    await record(desk.database, {gateway.id: outcomes([DOWN]), below.id: outcomes([DOWN])})
    assert {line.subject.service: line.behind for line in await incidents.list_incidents(desk)} == {
        "gateway": "",
        "shop": "Acme/gateway",
    }


async def test_a_service_is_snoozed_for_a_while_and_woken(desk: Desk, clock: FrozenClock) -> None:
    incident = await incident_of(desk, DOWN)
    snooze = await incidents.snooze_service(desk, incident.service_id, 3_600.0)
    assert snooze.until == clock.now() + timedelta(hours=1)
    (line,) = await incidents.list_incidents(desk)
    assert line.snoozed_until == snooze.until
    await incidents.wake_service(desk, incident.service_id)
    with pytest.raises(InputError, match="is not snoozed"):
        await incidents.wake_service(desk, incident.service_id)
    for seconds in (59.0, 8 * 86_400.0):
        with pytest.raises(Refused):
            await incidents.snooze_service(desk, incident.service_id, seconds)


async def test_somebody_who_may_only_look_may_look(desk: Desk, viewer_desk: Desk) -> None:
    incident = await incident_of(desk, DOWN)
    for attempt in (
        incidents.acknowledge(viewer_desk, incident.id),
        incidents.unacknowledge(viewer_desk, incident.id),
        incidents.assign(viewer_desk, incident.id, "victor"),
        incidents.note(viewer_desk, incident.id, "seen"),
        incidents.snooze_service(viewer_desk, incident.service_id, 3_600.0),
        incidents.wake_service(viewer_desk, incident.service_id),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert (await incidents.load_incident(viewer_desk, incident.id)).line.incident == incident
