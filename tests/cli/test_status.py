"""``ronda status``, ``client status``, ``health`` and ``stats``: what scripts and people read."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.observations import ErrorKind, Observation, Status
from core.storage.database import Database
from tests.cli.support import Ronda
from tests.operations.support import record, report, worker
from tests.storage.support import run

KEYS = [
    "id",
    "client",
    "service",
    "status",
    "since",
    "latency_ms",
    "last_checked_at",
    "uptime_24h",
    "coverage_24h",
    "error",
    "detail",
]
WORKER_KEYS = [
    "id",
    "kind",
    "operator",
    "host",
    "pid",
    "leading",
    "can_lead",
    "started_at",
    "seen_at",
    "services",
    "checks_per_second",
    "lag_ms",
    "late_ms",
    "missed",
    "in_flight",
    "waiting",
    "dropped",
    "lagged",
    "messages_waiting",
    "messages_failed",
    "references",
    "blind_since",
    "pings",
    "pinged_at",
    "ping_answered",
]
TOTALS = ["up", "degraded", "down", "unknown", "paused", "maintenance", "blind"]


@pytest.fixture
def two(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows two clients with a service each, ids 1 and 2."""
    for name in ("Acme", "Beta"):
        ronda_db("client", "add", "--name", name, "--dns", "https://x.example")
        ronda_db("service", "add", "--client", name, "--name", "web", "--endpoint", "/")
    return ronda_db


def see(database: Database, seconds_ago: float, statuses: dict[int, Status]) -> datetime:
    """Have services be seen some seconds ago."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=seconds_ago)
    error, detail = ErrorKind.STATUS, "got 503, expected 200"
    seen = {
        service_id: [
            Observation(at, status, latency_ms=12.5)
            if status is Status.UP
            else Observation(at, status, latency_ms=7.0, status_code=503, error=error, detail=detail)
        ]
        for service_id, status in statuses.items()
    }

    async def write() -> None:
        await database.ensure_partitions(at.date())
        await record(database, seen)
        await database.close()

    asyncio.run(write())
    return at


def lead(database: Database, **health: Any) -> None:
    """Have an agent be on the list that leads."""

    async def write() -> None:
        leader = worker("a1", leading=True)
        await report(database, replace(leader, health=replace(leader.health, **health)))
        await database.close()

    asyncio.run(write())


def test_all_up_exits_0_with_exactly_the_keys_of_the_contract(two: Ronda, database: Database) -> None:
    at = see(database, 5, {1: Status.UP, 2: Status.UP})
    lead(database)
    ended = two("status", "--json")
    assert (ended.code, ended.err) == (0, "")
    document = ended.document
    assert list(document) == ["checked_at", "worker", "totals", "services"]
    assert list(document["worker"]) == WORKER_KEYS
    assert document["totals"] == dict.fromkeys(TOTALS, 0) | {"up": 2}
    first = document["services"][0]
    assert list(first) == KEYS
    assert (first["id"], first["client"], first["service"], first["status"]) == (1, "Acme", "web", "up")
    assert first["last_checked_at"] == first["since"] == at.isoformat().replace("+00:00", "Z")
    assert (first["latency_ms"], first["uptime_24h"], first["error"]) == (12.5, 1.0, None)
    assert 0 < first["coverage_24h"] < 0.01


def test_something_down_exits_1_and_says_why(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    ended = two("status", "--json")
    assert ended.code == 1
    document = ended.document
    assert document["worker"] is None
    assert document["totals"]["down"] == 1
    assert (document["services"][1]["error"], document["services"][1]["detail"]) == (
        "status",
        "got 503, expected 200",
    )
    assert document["services"][1]["uptime_24h"] == 0.0
    assert two("status", "--client", "acme").code == 0
    assert two("status", "--client", "beta").code == 1


def change_state(database: Database, service_id: int, changes: str) -> None:
    """Change what is held of a service, in the words of SQL."""

    async def write() -> None:
        statement = f"UPDATE ronda.service_states SET {changes} WHERE service_id = %s"  # noqa: S608 - ours
        await run(database, statement, [service_id])
        await database.close()

    asyncio.run(write())


def test_what_is_down_in_maintenance_is_expected_and_exits_0_until_it_ends(
    two: Ronda, database: Database
) -> None:
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    change_state(database, 2, "maintenance_until = '2100-01-01 00:00:00+00'")
    ended = two("status", "--json")
    assert ended.code == 0
    assert ended.document["totals"] == dict.fromkeys(TOTALS, 0) | {"up": 1, "maintenance": 1}
    assert ended.document["services"][1]["status"] == "maintenance"
    assert two("client", "status").code == 0
    change_state(database, 2, "maintenance_until = '2000-01-01 00:00:00+00'")
    assert two("status").code == 1


def test_nothing_heard_in_maintenance_is_bad_news_all_the_same(two: Ronda, database: Database) -> None:
    see(database, 500, {1: Status.UP, 2: Status.UP})
    change_state(database, 2, "maintenance_until = '2100-01-01 00:00:00+00'")
    assert two("status", "--client", "beta").code == 1


def test_a_service_is_shown_with_its_maintenance_and_whether_it_flaps(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.DOWN})
    change_state(
        database, 1, "maintenance_until = '2100-01-01 12:00:00+00', flapping = true, flap_changes = 63"
    )
    state = two("service", "show", "acme/web", "--json").document["state"]
    assert (state["flapping"], state["flap_percent"]) == (True, 33.9)
    assert (state["status"], state["maintenance_until"]) == ("maintenance", "2100-01-01T12:00:00Z")
    shown = [" ".join(line.split()) for line in two("service", "show", "acme/web").lines]
    until = datetime(2100, 1, 1, 12, tzinfo=UTC).astimezone()
    assert f"Maintenance until {until:%Y-%m-%d %H:%M:%S}" in shown
    assert "Flapping 34 %" in shown


def test_degraded_exits_0(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.DEGRADED, 2: Status.UP})
    ended = two("status", "--json")
    assert (ended.code, ended.document["totals"]["degraded"]) == (0, 1)


def test_a_stale_status_is_unknown_and_exits_1(two: Ronda, database: Database) -> None:
    see(database, 600, {1: Status.UP, 2: Status.UP})
    two("service", "pause", "2")
    ended = two("status", "--json")
    assert ended.code == 1
    first = ended.document["services"][0]
    assert (first["status"], first["since"]) == ("unknown", None)
    assert ended.document["totals"]["paused"] == 1
    assert "stale" in two("status").lines[1]


def test_what_is_new_or_paused_is_no_bad_news(two: Ronda) -> None:
    two("service", "pause", "1")
    ended = two("status", "--json")
    assert ended.code == 0
    assert ended.document["totals"] == dict.fromkeys(TOTALS, 0) | {"paused": 1, "unknown": 1}


def test_people_see_a_table_the_totals_and_who_runs_the_checks(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    lead(database)
    lines = two("status").lines
    assert lines[0].split() == ["STATUS", "CLIENT", "SERVICE", "LATENCY", "24", "H", "AGE", "WHAT"]
    assert lines[1].split()[:5] == ["up", "Acme", "web", "12", "ms"]
    assert lines[2].startswith("down")
    assert lines[2].endswith("got 503, expected 200")
    assert lines[4:] == ["1 up  1 down", "The agent of olga on ops1 runs the checks, 1.5 a second."]


def test_an_empty_board_tells_what_to_do(ronda_db: Ronda) -> None:
    ended = ronda_db("status")
    assert ended.code == 0
    assert "ronda service add" in ended.lines[0]
    assert "ronda agent" in ended.lines[1]
    assert ronda_db("status", "--json").document["services"] == []


def test_an_unknown_client_exits_1(ronda_db: Ronda) -> None:
    assert ronda_db("status", "--client", "nobody").code == 1


def test_the_status_of_clients_counts_their_services(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    ended = two("client", "status", "--json")
    assert ended.code == 1
    assert [client["name"] for client in ended.document["clients"]] == ["Acme", "Beta"]
    assert list(ended.document["clients"][0]) == ["id", "name", "active", "totals"]
    assert ended.document["clients"][1]["totals"] == dict.fromkeys(TOTALS, 0) | {"down": 1}
    acme = two("client", "status", "acme")
    assert acme.code == 0
    assert acme.lines[1].split() == ["Acme", "1", "0", "0", "0", "0", "0", "0"]


def test_the_history_of_a_service_is_listed_newest_first(two: Ronda, database: Database) -> None:
    at = see(database, 5, {1: Status.UP, 2: Status.DOWN})
    document = two("service", "history", "beta/web", "--json").document
    assert document == {
        "service": {"id": 2, "client": "Beta", "name": "web"},
        "checks": [
            {
                "checked_at": at.isoformat().replace("+00:00", "Z"),
                "status": "down",
                "latency_ms": 7.0,
                "status_code": 503,
                "error": "status",
            }
        ],
    }
    assert two("service", "history", "2").lines[1].split()[2:] == [
        "down",
        "7.0",
        "ms",
        "503",
        "wrong",
        "status",
    ]


def test_health_without_a_leader_is_bad_news(ronda_db: Ronda) -> None:
    ended = ronda_db("health", "--json")
    assert ended.code == 1
    assert "No process runs the checks" in ended.err
    assert list(ended.document) == ["checked_at", "database", "worker", "workers"]
    assert (ended.document["worker"], ended.document["workers"]) == (None, [])
    assert ended.document["database"]["key_matches"] is True


def test_health_lists_the_processes(ronda_db: Ronda, database: Database) -> None:
    lead(database)
    ended = ronda_db("health", "--json")
    assert ended.code == 0
    assert ended.document["worker"] == ended.document["workers"][0]
    assert list(ended.document["worker"]) == WORKER_KEYS
    *_others, heads, row = (line.split() for line in ronda_db("health").lines)
    assert row[:4] == ["agent", "olga", "ops1", "42"]
    assert row[heads.index("LAGGED") - len(heads)] == "7"


MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("health", "uplink", "deadman"),
    [
        ({}, "not guarded: set RONDA_REFERENCES", "not pinged: set RONDA_DEADMAN_URL"),
        ({"references": 1, "pings": True}, "guarded by 1 reference", "not pinged yet"),
        (
            {"references": 3, "pings": True, "pinged_at": MOMENT, "ping_answered": True},
            "guarded by 3 references",
            "pinged ",
        ),
        (
            {"references": 3, "blind_since": MOMENT, "pings": True, "pinged_at": MOMENT},
            "blind for ",
            "the ping of ",
        ),
    ],
    ids=["off", "on", "well", "blind"],
)
def test_health_says_how_the_line_is_and_whether_somebody_would_notice(
    ronda_db: Ronda, database: Database, health: dict[str, Any], uplink: str, deadman: str
) -> None:
    lead(database, **health)
    lines = ronda_db("health").lines
    assert any(re.match(rf"uplink +{uplink}", line) for line in lines)
    assert any(re.match(rf"dead man +{deadman}", line) for line in lines)


def test_what_could_not_be_observed_is_blind_and_no_bad_news(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.UP, 2: Status.BLIND})
    lead(database, references=1, blind_since=MOMENT)
    ended = two("status", "--json")
    assert ended.code == 0
    assert ended.document["totals"] == dict.fromkeys(TOTALS, 0) | {"up": 1, "blind": 1}
    assert ended.document["worker"]["blind_since"] == "2026-03-01T12:00:00Z"
    lines = two("status").lines
    assert any("not observed: our own line is down" in line for line in lines)
    assert lines[-1].startswith("This side is blind for ")


def test_another_key_is_bad_news(
    ronda_db: Ronda, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(database)
    monkeypatch.setenv("RONDA_SECRET_KEY", "b" * 43 + "=")
    ended = ronda_db("health", "--json")
    assert (ended.code, ended.document["database"]["key_matches"]) == (1, False)
    assert "RONDA_SECRET_KEY" in ended.err
    refused = ronda_db("client", "add", "--name", "x")
    assert (refused.code, "RONDA_SECRET_KEY" in refused.err) == (2, True)


def test_stats_count_everything(two: Ronda, database: Database) -> None:
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    lead(database)
    document = two("stats", "--json").document
    assert document.pop("checked_at").endswith("Z")
    assert document == {
        "clients": 2,
        "services": 2,
        "totals": dict.fromkeys(TOTALS, 0) | {"up": 1, "down": 1},
        "checks_stored": 2,
        "checks_per_second": 1.5,
    }
    assert "checks stored      2" in two("stats").lines


def test_what_is_down_behind_another_service_says_so_and_stays_down(two: Ronda, database: Database) -> None:
    two("service", "edit", "Beta/web", "--parent", "Acme/web")
    see(database, 5, {1: Status.DOWN, 2: Status.DOWN})
    for arguments in ((), ("--client", "Beta")):
        board = two("status", *arguments)
        assert board.code == 1
        (row,) = [line for line in board.lines if " Beta " in line]
        assert row.endswith("behind Acme/web")
    document = two("status", "--json").document
    assert document["totals"]["down"] == 2
    assert [list(each) for each in document["services"]] == [KEYS, KEYS]
    assert document["services"][1]["detail"] == "got 503, expected 200"
    shown = [line.split(maxsplit=1) for line in two("service", "show", "Beta/web").lines]
    assert ["Behind", "Acme/web, which is down"] in shown


def test_a_service_whose_parent_is_up_says_what_was_seen_of_it(two: Ronda, database: Database) -> None:
    two("service", "edit", "Beta/web", "--parent", "Acme/web")
    see(database, 5, {1: Status.UP, 2: Status.DOWN})
    assert "behind" not in two("status").out
    assert "Behind" not in two("service", "show", "Beta/web").out
