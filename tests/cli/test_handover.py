"""``ronda handover`` on a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.observations import ErrorKind, Observation, Status
from core.storage.database import Database
from tests.cli.support import Ronda
from tests.operations.support import record

KEYS = [
    "since",
    "until",
    "open",
    "acknowledged",
    "resolved",
    "flapping",
    "messages",
    "failed",
    "notes",
    "changes",
]
INCIDENT_KEYS = [
    "id",
    "client",
    "service",
    "severity",
    "started_at",
    "resolved_at",
    "detail",
    "acknowledged_by",
    "assignee",
]
NOTE_KEYS = ["incident_id", "at", "operator", "text"]


@pytest.fixture
def shift(ronda_db: Ronda, database: Database) -> Ronda:
    """Run commands after a night: the first service is down, the second one is known, the third is over."""
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://x.example")
    for name in ("api", "ping", "web"):
        ronda_db("service", "add", "--client", "Acme", "--name", name, "--endpoint", "/")
    began = datetime.now(UTC) - timedelta(minutes=5)
    down = Observation(began, Status.DOWN, error=ErrorKind.STATUS, detail="503 *where* 200 was expected")
    up = Observation(began + timedelta(seconds=30), Status.UP)

    async def check() -> None:
        await database.ensure_partitions(began.date())
        await record(database, {1: [down], 2: [down], 3: [down, up]})
        await database.close()

    asyncio.run(check())
    ids = {each["service"]: str(each["id"]) for each in listed(ronda_db)}
    assert ronda_db("incident", "acknowledge", ids["ping"], "--reason", "disk").code == 0
    assert ronda_db("incident", "note", ids["api"], "called the _provider_").code == 0
    return ronda_db


def listed(ronda: Ronda) -> list[dict[str, object]]:
    incidents = ronda("incident", "list", "--json").document["incidents"]
    assert isinstance(incidents, list)
    return incidents


def test_a_shift_is_told_in_its_parts(shift: Ronda) -> None:
    done = shift("handover")
    assert done.code == 0
    assert done.lines[0].startswith("Hand-over ")
    for title in ("Open (1)", "Acknowledged (1)", "Resolved (1)", "Notes (1)", "Not delivered (0)"):
        assert title in done.lines
    (open_line,) = [line for line in done.lines if "Acme/api" in line]
    assert open_line.startswith("  #")
    assert "503 *where* 200 was expected" in open_line
    assert "(disk)" in done.out


def test_as_markdown_what_came_from_outside_is_text(shift: Ronda) -> None:
    done = shift("handover", "--since", "1h", "--markdown")
    assert done.lines[0].startswith("## Hand-over ")
    assert "### Open (1)" in done.lines
    assert r"503 \*where\* 200 was expected" in done.out
    assert r"called the \_provider\_" in done.out


def test_as_json_it_has_the_documented_keys(shift: Ronda) -> None:
    document = shift("handover", "--json").document
    assert list(document) == KEYS
    assert [list(each) for part in ("open", "acknowledged", "resolved") for each in document[part]] == [
        INCIDENT_KEYS
    ] * 3
    assert [list(each) for each in document["notes"]] == [NOTE_KEYS]
    assert document["resolved"][0]["resolved_at"] is not None
    assert document["acknowledged"][0]["acknowledged_by"]
    assert document["messages"] == {"sent": 0, "waiting": 0, "failed": 0}


def test_what_was_over_before_is_not_told(shift: Ronda) -> None:
    document = shift("handover", "--since", "1m", "--json").document
    assert [len(document[part]) for part in ("open", "acknowledged", "resolved")] == [1, 1, 0]


@pytest.mark.parametrize("since", ["soon", "59s", "15d", "-1h", ""])
def test_a_span_that_cannot_be_is_refused(ronda_db: Ronda, since: str) -> None:
    done = ronda_db("handover", f"--since={since}", "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ronda: ")
    assert "Traceback" not in done.err
