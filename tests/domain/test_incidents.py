"""What becomes of incidents, check by check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    Ending,
    EventKind,
    Incident,
    Judgement,
    Subject,
    Tracked,
    closed,
    concerns_incident,
    expired,
    track,
)
from core.domain.observations import Certificate, ErrorKind, Observation, Status
from core.domain.status import Policy, ServiceState, step

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LETTERS = {"u": Status.UP, "d": Status.DEGRADED, "x": Status.DOWN}
SERVICE = 7


def at(index: int) -> datetime:
    return START + timedelta(seconds=30 * index)


def seen(status: Status, moment: datetime) -> Observation:
    """Observe something that says in its detail when it was."""
    return Observation(moment, status, detail=f"{status} at {moment:%H:%M:%S}")


def judge(
    observations: Iterable[Observation],
    state: ServiceState | None = None,
    *,
    retries: int = 2,
    recoveries: int = 1,
) -> tuple[list[Judgement], ServiceState]:
    state = state or ServiceState()
    judgements = []
    for observation in observations:
        result = step(state, observation, Policy(retries, recoveries))
        flapping_changed = result.state.flapping.active != state.flapping.active
        state = result.state
        judgements.append(Judgement(observation, state, result.transition, flapping_changed))
    return judgements, state


def judgements(letters: str, *, retries: int = 2, recoveries: int = 1) -> list[Judgement]:
    """Judge observations written as u(p), d(egraded) and x (down), 30 s apart."""
    observations = [seen(LETTERS[letter], at(index)) for index, letter in enumerate(letters)]
    return judge(observations, retries=retries, recoveries=recoveries)[0]


def tracked(letters: str, *, retries: int = 2, recoveries: int = 1) -> list[Tracked]:
    return track(None, SERVICE, judgements(letters, retries=retries, recoveries=recoveries))


def only(tracks: list[Tracked]) -> Tracked:
    (track_,) = tracks
    return track_


def kinds(track_: Tracked) -> list[EventKind]:
    return [event.kind for event in track_.events]


def acknowledged(incident: Incident, kind: AcknowledgementKind, until: datetime | None = None) -> Incident:
    given = Acknowledgement(kind, "ann", incident.opened_at, "on it", until)
    return replace(incident, acknowledgement=given)


def test_an_incident_starts_at_the_first_failing_check_and_opens_with_the_one_that_confirms_it() -> None:
    opened = only(tracked("uxxx"))
    incident = opened.incident
    assert (incident.started_at, incident.opened_at, incident.telling_since) == (at(1), at(3), at(3))
    assert (incident.service_id, incident.status, incident.severity) == (SERVICE, Status.DOWN, Status.DOWN)
    assert incident.is_open
    assert incident.ending is None
    assert [(event.at, event.kind) for event in opened.events] == [(at(3), EventKind.OPENED)]


@pytest.mark.parametrize("letters", ["", "u", "uuuu", "uxxu", "xx", "uddu", "uxuxuxu"])
def test_what_is_not_confirmed_is_no_incident(letters: str) -> None:
    assert tracked(letters) == []


def test_a_degraded_service_makes_an_incident_of_lesser_severity() -> None:
    incident = only(tracked("uddd")).incident
    assert (incident.status, incident.severity, incident.started_at) == (
        Status.DEGRADED,
        Status.DEGRADED,
        at(1),
    )


def test_down_during_degraded_raises_the_same_incident() -> None:
    raised = only(tracked("udddxxx"))
    incident = raised.incident
    assert (incident.status, incident.severity) == (Status.DOWN, Status.DOWN)
    assert (incident.started_at, incident.opened_at, incident.telling_since) == (at(1), at(3), at(6))
    assert kinds(raised) == [EventKind.OPENED, EventKind.RAISED]


def test_degraded_after_down_lowers_it_and_its_severity_stays_the_worst() -> None:
    lowered = only(tracked("uxxxd"))
    incident = lowered.incident
    assert (incident.status, incident.severity) == (Status.DEGRADED, Status.DOWN)
    assert incident.telling_since == at(3)
    assert kinds(lowered) == [EventKind.OPENED, EventKind.LOWERED]


def test_down_once_more_is_nothing_new_to_tell() -> None:
    again = only(tracked("uxxxdxxx"))
    assert again.incident.telling_since == at(3)
    assert kinds(again) == [EventKind.OPENED, EventKind.LOWERED, EventKind.RAISED]


def test_what_was_seen_is_kept_of_the_check_that_made_it_as_bad_as_it_is() -> None:
    certificate = Certificate(at(9000), "issuer", "shop.example")
    observations = [
        replace(seen(Status.DOWN, at(0)), error=ErrorKind.CONNECT, address="192.0.2.7"),
        seen(Status.DEGRADED, at(1)),
        replace(seen(Status.DOWN, at(2)), error=ErrorKind.TLS, certificate=certificate),
        seen(Status.DEGRADED, at(3)),
    ]
    steps, _state = judge(observations, retries=0)
    told = [only(track(None, SERVICE, steps[: index + 1])).incident for index in range(4)]
    causes = [(each.error, each.address, each.certificate) for each in told]
    first, worst = (ErrorKind.CONNECT, "192.0.2.7", None), (ErrorKind.TLS, None, "shop.example")
    assert causes == [first, first, worst, worst]
    assert told[-1].detail == observations[2].detail


@pytest.mark.parametrize(("before", "after"), [("uddd", "xxx"), ("uxxx", "d")])
def test_a_plain_acknowledgement_ends_with_any_change_of_status_and_it_is_told_anew(
    before: str, after: str
) -> None:
    steps = judgements(before + after)
    incident = acknowledged(only(track(None, SERVICE, steps[:4])).incident, AcknowledgementKind.PLAIN)
    changed = only(track(incident, SERVICE, steps[4:]))
    assert changed.incident.acknowledgement is None
    assert changed.incident.telling_since == steps[-1].observation.checked_at
    assert kinds(changed)[-1] is EventKind.ACKNOWLEDGEMENT_ENDED


@pytest.mark.parametrize("kind", [AcknowledgementKind.STICKY, AcknowledgementKind.UNTIL])
def test_the_other_acknowledgements_outlast_changes_of_status(kind: AcknowledgementKind) -> None:
    steps = judgements("udddxxxd")
    incident = acknowledged(only(track(None, SERVICE, steps[:4])).incident, kind)
    changed = only(track(incident, SERVICE, steps[4:]))
    assert changed.incident.acknowledgement == incident.acknowledgement
    assert kinds(changed) == [EventKind.RAISED, EventKind.LOWERED]
    assert changed.incident.telling_since == at(6), "it got worse"


def test_a_plain_acknowledgement_holds_while_the_status_stays() -> None:
    steps = judgements("uxxxxxx")
    incident = acknowledged(only(track(None, SERVICE, steps[:4])).incident, AcknowledgementKind.PLAIN)
    assert track(incident, SERVICE, steps[4:]) == []


def test_it_is_resolved_by_the_first_good_check_of_the_run_that_ended_it() -> None:
    resolved = only(tracked("uxxxxuu", recoveries=2))
    incident = resolved.incident
    assert (incident.resolved_at, incident.ending) == (at(5), Ending.RECOVERED)
    assert (incident.status, incident.severity) == (Status.UP, Status.DOWN)
    assert not incident.is_open
    assert [(event.at, event.kind) for event in resolved.events][-1] == (at(5), EventKind.RESOLVED)


def test_a_good_check_alone_ends_nothing_where_two_are_wanted() -> None:
    assert only(tracked("uxxxu", recoveries=2)).incident.is_open


def test_several_incidents_of_one_batch_are_given_in_order() -> None:
    tracks = tracked("uxuduxx", retries=0)
    told = [(each.incident.started_at, each.incident.severity, each.incident.is_open) for each in tracks]
    assert told == [
        (at(1), Status.DOWN, False),
        (at(3), Status.DEGRADED, False),
        (at(5), Status.DOWN, True),
    ]
    assert [each.incident.resolved_at for each in tracks] == [at(2), at(4), None]


@pytest.mark.parametrize("cut", range(1, 12))
def test_an_incident_from_storage_goes_on_as_if_nothing_had_come_between(cut: int) -> None:
    steps = judgements("udddxxxduuxx", retries=1)
    whole = [each.incident for each in track(None, SERVICE, steps)]
    before = track(None, SERVICE, steps[:cut])
    stored = before[-1].incident if before and before[-1].incident.is_open else None
    after = track(stored, SERVICE, steps[cut:])
    ended = [each.incident for each in before if not each.incident.is_open]
    open_still = [stored] if stored is not None and not after else []
    assert [*ended, *open_still, *(each.incident for each in after)] == whole


def test_only_what_something_happened_to_is_given() -> None:
    steps = judgements("uxxxxx")
    incident = only(track(None, SERVICE, steps[:4])).incident
    assert track(incident, SERVICE, steps[4:]) == []
    assert track(None, SERVICE, []) == []


def test_one_that_was_closed_by_a_pause_opens_anew_with_the_check_that_is_still_bad() -> None:
    steps = judgements("uxxxxx")
    again = only(track(None, SERVICE, steps[5:])).incident
    assert steps[5].transition is None
    assert (again.started_at, again.opened_at) == (at(5), at(5))


def test_it_never_starts_after_it_opens_though_the_clock_was_set_back() -> None:
    times = [at(100), at(101), at(1)]
    steps, _state = judge([seen(Status.DOWN, moment) for moment in times])
    incident = only(track(None, SERVICE, steps)).incident
    assert incident.started_at <= incident.opened_at == at(1)


def test_it_never_ends_before_it_starts_though_the_clock_was_set_back() -> None:
    steps, _state = judge([seen(Status.DOWN, at(100)), seen(Status.UP, at(1))], retries=0)
    incident = only(track(None, SERVICE, steps)).incident
    assert incident.resolved_at is not None
    assert incident.started_at <= incident.resolved_at


def test_flapping_is_told_in_the_timeline_where_it_begins_and_ends() -> None:
    letters = "uuxx" + "dx" * 6 + "x" * 20
    opened = only(tracked(letters, retries=1, recoveries=3))
    flaps = [event for event in opened.events if "flapping" in event.kind.value]
    assert [event.kind for event in flaps] == [EventKind.FLAPPING, EventKind.FLAPPING_ENDED]
    assert flaps[0].text.endswith(" %")
    assert float(flaps[0].text.removesuffix(" %")) > 30
    assert float(flaps[1].text.removesuffix(" %")) <= 25


def test_flapping_that_begins_with_the_check_that_opens_an_incident_is_in_its_timeline() -> None:
    tracks = tracked("uxuxuxuxux", retries=0)
    told = [event.kind for each in tracks for event in each.events if "flapping" in event.kind.value]
    assert told == [EventKind.FLAPPING]


def test_only_failing_states_and_changes_of_them_concern_incidents() -> None:
    assert [concerns_incident(each) for each in judgements("uuxxxxuu")] == [
        True,
        False,
        False,
        False,
        True,
        True,
        True,
        False,
    ]


UNTIL = at(20)


@pytest.mark.parametrize(
    ("kind", "until", "now", "over"),
    [
        (AcknowledgementKind.UNTIL, UNTIL, UNTIL - timedelta(seconds=1), False),
        (AcknowledgementKind.UNTIL, UNTIL, UNTIL, True),
        (AcknowledgementKind.UNTIL, UNTIL, at(100), True),
        (AcknowledgementKind.STICKY, None, at(100), False),
        (AcknowledgementKind.PLAIN, None, at(100), False),
    ],
)
def test_only_an_acknowledgement_until_a_time_runs_out(
    kind: AcknowledgementKind, until: datetime | None, now: datetime, over: bool
) -> None:
    incident = acknowledged(only(tracked("uxxx")).incident, kind, until)
    result = expired(incident, now)
    assert (result is not None) == over
    if result is not None:
        assert result.incident == replace(incident, acknowledgement=None, telling_since=UNTIL)
        assert [(event.at, event.kind) for event in result.events] == [
            (UNTIL, EventKind.ACKNOWLEDGEMENT_ENDED)
        ]


def test_nothing_runs_out_that_was_not_acknowledged() -> None:
    assert expired(only(tracked("uxxx")).incident, at(100)) is None


@pytest.mark.parametrize("ending", [Ending.PAUSED, Ending.REMOVED])
def test_an_incident_that_nobody_looks_at_any_more_is_closed(ending: Ending) -> None:
    result = closed(only(tracked("uxxx")).incident, ending, at(9))
    assert (result.incident.resolved_at, result.incident.ending) == (at(9), ending)
    assert (result.incident.status, result.incident.severity) == (Status.UP, Status.DOWN)
    assert kinds(result) == [EventKind.RESOLVED]


def test_it_is_not_closed_before_it_opened_though_the_clock_was_set_back() -> None:
    incident = only(tracked("uxxx")).incident
    assert closed(incident, Ending.PAUSED, at(0)).incident.resolved_at == incident.opened_at


def test_a_subject_is_named_by_client_and_service() -> None:
    assert Subject(1, 2, "shop", "acme", (), True, True, True, "", None).label == "acme/shop"
