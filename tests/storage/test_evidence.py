"""Evidence of failing checks: the first and the latest of each run, and no more of it than is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.evidence import Evidence, FailureEvidence
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.status import Policy, ServiceState, step
from core.storage.database import Database
from core.storage.evidence import KEPT_FOR, MOST_RUNS, ROWS_AT_ONCE, write_evidence
from core.storage.lead import Lead, Term
from core.storage.recording import Judged, Recording
from core.storage.session import Connection
from tests.storage.outages import fetch
from tests.storage.support import added_client, added_service, run

COUNT = "SELECT count(*) FROM ronda.check_evidence"
DOWN, UP = Status.DOWN, Status.UP


class Book:
    """Judges checks of services as they come, and writes them flush by flush."""

    def __init__(self, database: Database, recording: Recording, term: Term, start: datetime) -> None:
        self.database = database
        self.start = start
        self._recording = recording
        self._term = term
        self._number = term.flush
        self._states: dict[int, ServiceState] = {}

    def judged(self, service_id: int, second: int, status: Status = DOWN, word: str = "") -> Judged:
        """Judge a check; a failing one has evidence whose body is the word, or else the second."""
        evidence = Evidence("body", "192.0.2.7", "HTTP/1.1 503 No", word or str(second), truncated=True)
        seen = Observation(self.at(second), status, 12.5, 200)
        if status is DOWN:
            seen = replace(seen, error=ErrorKind.STATUS, detail="got 503", evidence=evidence)
        before = self._states.get(service_id, ServiceState())
        state = step(before, replace(seen, evidence=None), Policy(2, 1)).state
        self._states[service_id] = state
        return Judged(service_id, seen, state)

    async def write(self, *batch: Judged) -> None:
        self._number += 1
        await self._recording.flush(batch, self._term.epoch, self._number)

    async def append(self, *batch: Judged) -> None:
        await self._recording.append(batch)

    def at(self, second: int) -> datetime:
        return self.start + timedelta(seconds=second)

    def expected(self, began: int, second: int, *, is_first: bool) -> FailureEvidence:
        evidence = Evidence("body", "192.0.2.7", "HTTP/1.1 503 No", str(second), truncated=True)
        return FailureEvidence(
            self.at(began), self.at(second), ErrorKind.STATUS, "got 503", evidence, is_first
        )

    async def runs(self, service_id: int, limit: int = 100) -> tuple[FailureEvidence, ...]:
        async with self.database.unit() as unit:
            return await unit.evidence.runs(service_id, limit)

    async def latest_run(self, service_id: int) -> tuple[FailureEvidence, ...]:
        async with self.database.unit() as unit:
            return await unit.evidence.latest_run(service_id)


@pytest.fixture
async def book(database: Database) -> AsyncIterator[Book]:
    (row,) = await fetch(database, "SELECT date_trunc('day', now()) + interval '12 hours'")
    assert isinstance(row[0], datetime)
    await database.ensure_partitions(row[0].astimezone(UTC).date())
    lead, recording = Lead(database, "test", lease_seconds=60.0), Recording(database)
    term = await lead.try_take()
    assert term is not None
    yield Book(database, recording, term, row[0])
    await recording.close()
    await lead.release()


@pytest.fixture
async def web(database: Database) -> int:
    return (await added_service(database)).id


async def test_a_run_of_one_failure_has_its_first_only(book: Book, web: int) -> None:
    await book.write(book.judged(web, 0))
    await book.write(book.judged(web, 1, UP))
    assert await book.latest_run(web) == (book.expected(0, 0, is_first=True),)


async def test_of_a_run_the_first_and_the_latest_are_kept(book: Book, web: int) -> None:
    for second in range(4):
        await book.write(book.judged(web, second))
    assert await book.latest_run(web) == (
        book.expected(0, 0, is_first=True),
        book.expected(0, 3, is_first=False),
    )
    assert await fetch(book.database, COUNT) == [(2,)]


async def test_a_batch_with_several_failures_of_a_run_leaves_its_first_and_latest(
    book: Book, web: int
) -> None:
    await book.write(*(book.judged(web, second) for second in range(3)))
    await book.write(*(book.judged(web, second) for second in range(3, 6)))
    assert await book.latest_run(web) == (
        book.expected(0, 0, is_first=True),
        book.expected(0, 5, is_first=False),
    )


async def test_a_run_that_ends_and_one_that_begins_in_the_same_batch_are_told_apart(
    book: Book, web: int
) -> None:
    await book.write(book.judged(web, 0))
    statuses = [DOWN, UP, DOWN, DOWN]
    await book.write(*(book.judged(web, 1 + number, each) for number, each in enumerate(statuses)))
    assert await book.runs(web) == (
        book.expected(3, 3, is_first=True),
        book.expected(3, 4, is_first=False),
        book.expected(0, 0, is_first=True),
        book.expected(0, 1, is_first=False),
    )
    assert await book.runs(web, 1) == (await book.runs(web))[:2]
    assert await book.latest_run(web) == (await book.runs(web))[:2]


async def test_services_keep_their_own(book: Book, database: Database, web: int) -> None:
    client = await added_client(database, "Other")
    other = (await added_service(database, client)).id
    await book.write(book.judged(web, 0), book.judged(other, 0, word="other"), book.judged(web, 1))
    assert [failure.evidence.body for failure in await book.latest_run(web)] == ["0", "1"]
    assert [failure.evidence.body for failure in await book.latest_run(other)] == ["other"]
    assert await book.latest_run(other + 1) == ()


async def test_where_the_first_failure_left_no_evidence_the_next_one_stands_for_it(
    book: Book, web: int
) -> None:
    first = book.judged(web, 0)
    await book.write(replace(first, observation=replace(first.observation, evidence=None)))
    await book.write(book.judged(web, 1))
    await book.write(book.judged(web, 2))
    assert await book.latest_run(web) == (
        book.expected(0, 1, is_first=True),
        book.expected(0, 2, is_first=False),
    )


async def test_more_evidence_than_one_statement_takes_is_written_whole(
    book: Book, database: Database
) -> None:
    client = await added_client(database)
    ids = [
        (await added_service(database, client, f"service {number}")).id for number in range(ROWS_AT_ONCE + 1)
    ]
    batch = [book.judged(each, second) for second in range(2) for each in ids]
    await book.write(*batch)
    assert await fetch(book.database, COUNT) == [(2 * len(ids),)]


async def test_evidence_of_a_service_that_is_gone_does_not_stop_the_others(
    book: Book, database: Database, web: int
) -> None:
    await book.write(book.judged(999_999, 0), book.judged(web, 0), book.judged(999_999, 1))
    assert len(await book.latest_run(web)) == 1
    assert await fetch(database, COUNT) == [(1,)]


async def test_a_service_that_is_deleted_between_two_failures_takes_its_evidence_along(
    book: Book, database: Database, web: int
) -> None:
    await book.write(book.judged(web, 0))
    await run(database, "DELETE FROM ronda.services")
    await book.write(book.judged(web, 1), book.judged(web, 2))
    assert await fetch(database, COUNT) == [(0,)]


async def test_a_repeated_flush_writes_no_evidence_twice(book: Book, web: int) -> None:
    batch = [book.judged(web, second) for second in range(2)]
    await book.write(*batch)
    book._number -= 1
    await book.write(*batch)
    assert [failure.is_first for failure in await book.latest_run(web)] == [True, False]


async def test_late_observations_of_a_former_leader_come_without_evidence(book: Book, web: int) -> None:
    """The run that it would belong to is the present leader's to know."""
    late = replace(book.judged(web, 0), state=None)
    await book.append(late)
    await book.write(late, book.judged(web, 1, UP))
    assert await book.latest_run(web) == ()


async def test_text_that_postgresql_cannot_hold_does_not_stop_the_batch(book: Book, web: int) -> None:
    odd = book.judged(web, 0)
    evidence = Evidence("body", "ad\0dress", "he\0ad \ud800", "bo\0dy")
    seen = replace(odd.observation, detail="de\0tail", evidence=evidence)
    await book.write(replace(odd, observation=seen))
    (kept,) = await book.latest_run(web)
    assert (kept.detail, kept.evidence) == ("detail", Evidence("body", "address", "head ?", "body"))


async def test_without_evidence_nothing_is_asked_of_the_server(book: Book, web: int) -> None:
    class Refusing:
        async def execute(self, *_arguments: object) -> None:
            raise AssertionError("a statement was sent")

    connection: Connection = Refusing()  # type: ignore[assignment]  # what must not be used needs no more
    await write_evidence(connection, [book.judged(web, 0, UP), book.judged(web, 1, UP)])
    with pytest.raises(AssertionError, match="a statement was sent"):
        await write_evidence(connection, [book.judged(web, 2)])


async def put_runs(database: Database, service_id: int, began: Sequence[datetime], lasted: timedelta) -> None:
    """Put runs with a first and a latest failure behind the back of the storage."""
    for began_at in began:
        for place, at in ((1, began_at), (2, began_at + lasted)):
            await run(
                database,
                "INSERT INTO ronda.check_evidence (service_id, began_at, place, checked_at, phase, head,"
                " body, truncated) VALUES (%s, %s, %s, %s, 'body', '', '', false)",
                [service_id, began_at, place, at],
            )


async def cleaned(database: Database, now: datetime) -> None:
    async with database.unit() as unit:
        await unit.evidence.clean(now)


async def test_the_newest_runs_of_each_service_are_kept_when_it_is_cleaned(
    book: Book, database: Database, web: int
) -> None:
    other = (await added_service(database, await added_client(database, "Other"))).id
    hours = [book.start + timedelta(hours=number) for number in range(MOST_RUNS + 2)]
    await put_runs(database, web, hours, timedelta(minutes=5))
    await put_runs(database, other, hours[:1], timedelta(minutes=5))
    await cleaned(database, hours[-1] + timedelta(hours=1))
    kept = await book.runs(web)
    assert sorted({failure.began_at for failure in kept}) == hours[2:]
    assert len(kept) == 2 * MOST_RUNS
    assert len(await book.runs(other)) == 2


async def test_runs_whose_latest_failure_is_long_past_are_cleared_away(
    book: Book, database: Database, web: int
) -> None:
    """One that began as long ago and goes on stays, its first failure too."""
    now = book.start
    ended, going_on = now - KEPT_FOR - timedelta(hours=2), now - KEPT_FOR - timedelta(hours=1)
    await put_runs(database, web, [ended], timedelta(minutes=5))
    await put_runs(database, web, [going_on], now - going_on)
    await cleaned(database, now)
    assert [failure.began_at for failure in await book.runs(web)] == [going_on, going_on]
