"""``ronda service show`` says why a service failed last."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.cli.figures import iso, local
from core.domain.evidence import Evidence
from core.domain.observations import ErrorKind, Observation, Status
from core.storage.database import Database
from tests.cli.support import Ronda
from tests.operations.support import record

KEYS = [
    "began_at",
    "checked_at",
    "place",
    "error",
    "detail",
    "phase",
    "address",
    "head",
    "body",
    "truncated",
]
REFUSED = Evidence("connect", "192.0.2.7")
ANSWERED = Evidence("body", "192.0.2.7", "HTTP/1.1 503 No\nServer: front", '{\n\t"ok": false\n}\n', True)


@pytest.fixture
def web(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows one service, id 1."""
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://x.example")
    ronda_db("service", "add", "--client", "Acme", "--name", "web", "--endpoint", "/")
    return ronda_db


def failures(database: Database, *seen: tuple[ErrorKind, str | None, Evidence]) -> list[datetime]:
    """Put failures of a run into the database, half a minute apart, and give their times."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    checks = [
        Observation(
            start + timedelta(seconds=30 * number), Status.DOWN, error=kind, detail=detail, evidence=met
        )
        for number, (kind, detail, met) in enumerate(seen)
    ]

    async def write() -> None:
        await database.ensure_partitions(start.date())
        await record(database, {1: checks})
        await database.close()

    asyncio.run(write())
    return [check.checked_at for check in checks]


def told(ronda: Ronda) -> list[str]:
    """Give the lines about failures, without their indent."""
    lines = ronda("service", "show", "web").lines
    begin = next((number for number, line in enumerate(lines) if line.startswith("Latest failure")), None)
    return [] if begin is None else [" ".join(line.split()) for line in lines[begin:]]


def test_a_service_that_never_failed_has_nothing_to_tell(web: Ronda) -> None:
    assert told(web) == []
    assert web("service", "show", "web", "--json").document["evidence"] == []


def test_first_and_latest_are_printed_where_they_differ(web: Ronda, database: Database) -> None:
    refused = (ErrorKind.CONNECT, None, REFUSED)
    first, _second, latest = failures(database, refused, refused, (ErrorKind.STATUS, "got 503", ANSWERED))
    assert told(web) == [
        f"Latest failure {local(latest)}",
        "got 503",
        "came as far as the body; address 192.0.2.7",
        "Answer HTTP/1.1 503 No",
        "Server: front",
        "Body {",
        '"ok": false',
        "}",
        "… and more that is not kept",
        f"First failure {local(first)}",
        "no connection",
        "came as far as the connection; address 192.0.2.7",
    ]
    documents = web("service", "show", "web", "--json").document["evidence"]
    assert [list(each) for each in documents] == [KEYS, KEYS]
    assert documents[1] == {
        "began_at": iso(first),
        "checked_at": iso(latest),
        "place": "latest",
        "error": "status",
        "detail": "got 503",
        "phase": "body",
        "address": "192.0.2.7",
        "head": "HTTP/1.1 503 No\nServer: front",
        "body": '{\n\t"ok": false\n}\n',
        "truncated": True,
    }
    assert (documents[0]["place"], documents[0]["error"], documents[0]["detail"]) == (
        "first",
        "connect",
        None,
    )


def test_failures_that_are_all_the_same_are_told_once(web: Ronda, database: Database) -> None:
    met = (ErrorKind.DNS, "the host name does not exist", Evidence("lookup", None))
    first, latest = failures(database, met, met)
    assert told(web) == [
        f"Latest failure {local(latest)}",
        "the host name does not exist",
        "came as far as the lookup of the name",
        f"First failure {local(first)}, just the same",
    ]


def test_a_single_failure_is_told_once(web: Ronda, database: Database) -> None:
    (only,) = failures(database, (ErrorKind.CONNECT, "refused", REFUSED))
    assert told(web)[0] == f"Latest failure {local(only)}"
    assert not any(line.startswith("First failure") for line in told(web))


def test_the_last_check_is_shown_with_its_reason(web: Ronda, database: Database) -> None:
    (only,) = failures(database, (ErrorKind.CONNECT, "refused", REFUSED))
    lines = [line.split(maxsplit=2) for line in web("service", "show", "web").lines]
    number = next(number for number, words in enumerate(lines) if words[:2] == ["Last", "check"])
    assert lines[number][2] == local(only)
    assert lines[number + 1] == ["refused"]


def test_nothing_that_is_printed_steers_the_terminal(web: Ronda, database: Database) -> None:
    odd = replace(ANSWERED, head="HTTP/1.1 500 \x1b[2J", body="a\x07b\x1b]0;title\x07c")
    failures(database, (ErrorKind.STATUS, "got 500", odd))
    printed = web("service", "show", "web").out
    assert "\x1b" not in printed
    assert "\x07" not in printed
