"""``ronda incident`` and ``ronda service snooze`` on a real database."""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.cli.figures import iso
from core.cli.incident import _how_long
from core.domain.evidence import Evidence
from core.domain.incidents import AcknowledgementKind
from core.domain.observations import ErrorKind, Observation, Status
from core.storage.database import Database
from tests.cli.support import Ronda
from tests.clock import FrozenClock
from tests.operations.support import record
from tests.worker.room import room_in

DOWN, UP, DEGRADED = Status.DOWN, Status.UP, Status.DEGRADED
KEYS = [
    "id",
    "client",
    "service",
    "service_id",
    "status",
    "severity",
    "started_at",
    "opened_at",
    "resolved_at",
    "ending",
    "error",
    "detail",
    "address",
    "certificate",
    "behind",
    "acknowledgement",
    "assignee",
    "snoozed_until",
    "runbook_url",
]
LISTED_KEYS = [*KEYS, "cause", "fold"]
ACKNOWLEDGEMENT_KEYS = ["kind", "by", "at", "reason", "until"]
EVENT_KEYS = ["at", "kind", "actor", "text"]
NOTICE_KEYS = [
    "channel",
    "kind",
    "decided_at",
    "state",
    "held_by",
    "attempts",
    "due_at",
    "ended_at",
    "error",
    "gates",
]
GATE_KEYS = ["gate", "passed", "reason", "parameters", "until"]


@pytest.fixture
def two(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows two clients with a service each, ids 1 and 2."""
    for name in ("Acme", "Beta"):
        ronda_db("client", "add", "--name", name, "--dns", "https://x.example")
        ronda_db("service", "add", "--client", name, "--name", "web", "--endpoint", "/")
    return ronda_db


def outcome(at: datetime, status: Status) -> Observation:
    if status is not DOWN:
        return Observation(at, status)
    met = Evidence("body", "10.0.0.7", "HTTP/1.1 503 No", "sorry\n")
    told = {"detail": "503 where 200 was expected", "address": "10.0.0.7"}
    return Observation(at, DOWN, error=ErrorKind.STATUS, evidence=met, **told)  # type: ignore[arg-type]  # by name


def write(database: Database, seen: dict[int, list[Status]], *, dispatch: bool = False) -> datetime:
    """Write outcomes of services, half a minute apart from five minutes ago on; give the first time.

    With ``dispatch`` it is also decided who is told of them, and sent.
    """
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    checks = {
        number: [
            outcome(start + timedelta(seconds=30 * turn), status) for turn, status in enumerate(statuses)
        ]
        for number, statuses in seen.items()
    }

    async def work() -> None:
        await database.ensure_partitions(start.date())
        await record(database, checks)
        if dispatch:
            async with room_in(database, FrozenClock(datetime.now(UTC))) as room:
                await room.round()
        await database.close()

    asyncio.run(work())
    return start


def test_without_incidents_there_is_nothing_to_list(two: Ronda, database: Database) -> None:
    write(database, {1: [UP]})
    listed = two("incident", "list")
    assert (listed.code, listed.out) == (0, "There are no incidents.\n")
    assert two("incident", "list", "--json").document["incidents"] == []


def test_open_incidents_are_listed_with_every_key_and_exit_as_bad_news(
    two: Ronda, database: Database
) -> None:
    start = write(database, {1: [UP, DOWN], 2: [DEGRADED]})
    listed = two("incident", "list", "--json")
    assert listed.code == 1
    assert list(listed.document) == ["checked_at", "incidents"]
    newest, oldest = listed.document["incidents"]
    assert list(newest) == list(oldest) == LISTED_KEYS
    assert (newest["client"], newest["service"], newest["service_id"], newest["status"]) == (
        *("Acme", "web"),
        *(1, "down"),
    )
    assert newest["started_at"] == iso(start + timedelta(seconds=30))
    assert (newest["error"], newest["address"], newest["cause"]) == ("status", "10.0.0.7", None)
    assert newest["fold"] == [newest["id"]]
    assert (oldest["severity"], oldest["acknowledgement"], oldest["assignee"]) == ("degraded", None, None)
    only = two("incident", "list", "--client", "beta", "--json")
    assert (only.code, [each["service_id"] for each in only.document["incidents"]]) == (0, [2])
    assert two("incident", "list", "--service", "Acme/web").code == 1


def test_incidents_with_a_cause_in_common_are_one_row_and_all_in_the_document(
    two: Ronda, database: Database
) -> None:
    write(database, {1: [DOWN], 2: [UP, DOWN]})
    heads, row = two("incident", "list").lines
    assert heads.split() == ["ID", "STATUS", "SERVICE", "SINCE", "LASTED", "WHO", "WHAT"]
    assert "down" in row
    assert "  Acme/web  " in row
    assert row.endswith("503 where 200 was expected; +1 more by address 10.0.0.7")
    incidents = two("incident", "list", "--json").document["incidents"]
    assert [each["cause"] for each in incidents] == [{"kind": "address", "name": "10.0.0.7"}] * 2
    assert [each["service_id"] for each in incidents] == [2, 1]
    assert [each["fold"] for each in incidents] == [[incidents[1]["id"], incidents[0]["id"]]] * 2


def test_what_is_over_is_listed_on_request_and_is_no_bad_news(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN, UP]})
    assert two("incident", "list", "--json").document["incidents"] == []
    for options in (("--all",), ("--since", "1h")):
        listed = two("incident", "list", *options, "--json")
        assert listed.code == 0
        assert [each["ending"] for each in listed.document["incidents"]] == ["recovered"]
    assert two("incident", "list", "--since", "1m", "--json").document["incidents"] == []
    for span in ("soon", "5s"):
        refused = two("incident", "list", "--since", span)
        assert (refused.code, refused.out) == (2, "")


def test_an_incident_is_shown_with_its_timeline_its_evidence_and_who_was_told(
    two: Ronda, database: Database
) -> None:
    write(database, {1: [DOWN]}, dispatch=True)
    shown = two("incident", "show", "1", "--json")
    assert shown.code == 0
    assert list(shown.document) == ["incident", "timeline", "evidence", "notices"]
    assert list(shown.document["incident"]) == KEYS
    (event,) = shown.document["timeline"]
    assert list(event) == EVENT_KEYS
    assert (event["kind"], event["actor"], event["text"]) == ("opened", None, "503 where 200 was expected")
    assert [each["head"] for each in shown.document["evidence"]] == ["HTTP/1.1 503 No"]
    (notice,) = shown.document["notices"]
    assert list(notice) == NOTICE_KEYS
    assert (notice["channel"], notice["kind"], notice["state"]) == ("consoles", "problem", "sent")
    assert all(list(gate) == GATE_KEYS and gate["passed"] for gate in notice["gates"])
    assert notice["gates"][0]["gate"] == "channel"


def test_why_nothing_was_sent_is_told_gate_by_gate(two: Ronda, database: Database) -> None:
    two("service", "snooze", "Acme/web", "--for", "2h")
    write(database, {1: [DOWN]}, dispatch=True)
    brief, full = two("incident", "show", "1"), two("incident", "show", "1", "--why")
    (line,) = [line for line in brief.lines if line.startswith("consoles")]
    assert "problem  not sent: snoozed by " in line
    assert ", until " in line
    assert len(full.lines) > len(brief.lines) + 3
    told = [" ".join(each.split()) for each in full.lines]
    assert "yes channel is on" in told
    assert any(each.startswith("no not snoozed: snoozed by ") for each in told)
    (notice,) = two("incident", "show", "1", "--json").document["notices"]
    assert (notice["state"], notice["held_by"]) == ("held", "snoozed")
    assert notice["gates"][-1]["reason"] == "snoozed"


def test_an_incident_is_acknowledged_once_and_the_acknowledgement_taken_back(
    two: Ronda, database: Database
) -> None:
    write(database, {1: [DOWN]})
    known = two("incident", "acknowledge", "1", "--reason", "new disks", "--json")
    assert (known.code, known.err) == (0, "ronda: Acknowledged the incident 1.\n")
    given = known.document["incident"]["acknowledgement"]
    assert list(given) == ACKNOWLEDGEMENT_KEYS
    assert (given["kind"], given["reason"], given["until"]) == ("sticky", "new disks", None)
    again = two("incident", "acknowledge", "1", "--plain")
    assert (again.code, again.out) == (2, "")
    assert f"was acknowledged by {given['by']} already" in again.err
    assert "until the recovery" in two("incident", "show", "1").out
    assert two("incident", "acknowledge", "1", "--off", "--reason", "x").code == 2
    back = two("incident", "acknowledge", "1", "--off", "--json")
    assert back.document["incident"]["acknowledgement"] is None
    assert two("incident", "acknowledge", "1", "--off").code == 2
    plain = two("incident", "acknowledge", "1", "--plain", "--json")
    assert plain.document["incident"]["acknowledgement"]["kind"] == "plain"


def test_an_acknowledgement_until_a_time_says_which(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN]})
    for until in ("tomorrow", "2020-01-01T00:00Z"):
        refused = two("incident", "acknowledge", "1", "--until", until)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith("ronda: Until: ")
    known = two("incident", "acknowledge", "1", "--until", "2100-01-01T10:00Z", "--json")
    given = known.document["incident"]["acknowledgement"]
    assert (given["kind"], given["until"]) == ("until", "2100-01-01T10:00:00Z")


def test_what_is_over_cannot_be_acknowledged_but_noted(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN, UP]})
    for command in (("acknowledge", "1"), ("assign", "1", "olga")):
        refused = two("incident", *command)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == "ronda: Incident 1 is over; there is nothing to acknowledge or assign.\n"
    assert (
        two("incident", "note", "1", "the switch was loose").err == "ronda: Noted it with the incident 1.\n"
    )
    assert "the switch was loose" in two("incident", "show", "1").out


def test_an_incident_is_assigned_whatever_stands_in_the_name(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN]})
    named = two("incident", "assign", "1", "{id} olga", "--json")
    assert named.err == "ronda: {id} olga looks after the incident 1.\n"
    assert named.document["incident"]["assignee"] == "{id} olga"
    nobody = two("incident", "assign", "1", "--nobody", "--json")
    assert (nobody.err, nobody.document["incident"]["assignee"]) == (
        "ronda: Nobody looks after the incident 1.\n",
        None,
    )
    for wrong in (
        ("assign", "1"),
        ("assign", "1", "olga", "--nobody"),
        ("acknowledge", "1", "--plain", "--off"),
    ):
        assert two("incident", *wrong).code == 2


def test_a_number_that_is_none_or_not_known_is_refused(two: Ronda) -> None:
    unknown = two("incident", "show", "7")
    assert (unknown.code, unknown.err) == (1, "ronda: There is no incident with the number 7.\n")
    wrong = two("incident", "note", "all", "x")
    assert (wrong.code, wrong.out) == (2, "")
    assert "all is not the number of an incident" in wrong.err


def test_a_service_is_snoozed_and_woken(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN]})
    snoozed = two("service", "snooze", "Acme/web", "--for", "90m", "--json")
    assert snoozed.code == 0
    assert snoozed.document["service"] == {"id": 1, "name": "web"}
    (incident,) = two("incident", "list", "--json").document["incidents"]
    assert incident["snoozed_until"] == snoozed.document["snoozed_until"] is not None
    woken = two("service", "snooze", "Acme/web", "--off", "--json")
    assert woken.document["snoozed_until"] is None
    again = two("service", "snooze", "Acme/web", "--off")
    assert (again.code, again.err) == (2, "ronda: The service web is not snoozed.\n")
    for span in ("soon", "8d"):
        assert two("service", "snooze", "Acme/web", "--for", span).code == 2
    assert two("service", "snooze", "Acme/web").code == 2


def test_whoever_only_looks_changes_nothing(two: Ronda, database: Database) -> None:
    write(database, {1: [DOWN]})
    for arguments in (
        ("incident", "acknowledge", "1"),
        ("incident", "acknowledge", "1", "--off"),
        ("incident", "assign", "1", "olga"),
        ("incident", "note", "1", "x"),
        ("service", "snooze", "Acme/web", "--for", "1h"),
        ("service", "snooze", "Acme/web", "--off"),
    ):
        refused = two("--read-only", *arguments)
        assert (refused.code, refused.out) == (4, "")
    assert two("--read-only", "incident", "list").code == 1
    assert two("--read-only", "incident", "show", "1").code == 0


@pytest.fixture
def lisbon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this machine be in Lisbon."""
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("lisbon")
@pytest.mark.parametrize(
    ("text", "until"),
    [("22:30", "07-01 21:30"), ("20:30", "07-02 19:30"), ("2026-07-03 10:00", "07-03 09:00")],
)
def test_a_time_of_day_is_the_next_one_of_this_machines_clocks(text: str, until: str) -> None:
    nine = datetime(2026, 7, 1, 20, tzinfo=UTC)
    kind, moment = _how_long(Namespace(until=text, plain=False), nine)
    assert kind is AcknowledgementKind.UNTIL
    assert moment is not None
    assert moment.strftime("%m-%d %H:%M") == until
