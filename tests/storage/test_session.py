"""Connections of their own: bounded work, opened anew when they have failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from psycopg import sql

from core.errors import StorageError, Unreachable
from core.storage.database import Database
from core.storage.session import Connection, Session
from tests.conftest import ServerForTests
from tests.storage.outages import end_backends, outage


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    session = Session(
        database,
        "a test",
        settings={"idle_session_timeout": "77s"},
        prepare=sql.SQL("CREATE TEMPORARY TABLE made (number integer)").format(),
    )
    yield session
    await session.close()


async def value(connection: Connection, statement: str) -> object:
    row = await (await connection.execute(statement.encode())).fetchone()
    assert row is not None
    return row[0]


async def shown(session: Session, setting: str) -> object:
    return await session.run(lambda connection: value(connection, f"SHOW {setting}"), 5.0)


async def test_nothing_is_opened_before_it_is_needed(session: Session) -> None:
    assert not session.is_open
    assert await shown(session, "application_name") == "a test"
    assert session.is_open


async def test_every_new_connection_is_set_up(
    session: Session, database: Database, server: ServerForTests
) -> None:
    assert await shown(session, "idle_session_timeout") == "77s"
    await end_backends(server, database, "a test")
    with pytest.raises(Unreachable):
        await shown(session, "idle_session_timeout")
    assert not session.is_open
    assert await shown(session, "idle_session_timeout") == "77s"
    count = "SELECT count(*) FROM made"
    assert await session.run(lambda connection: value(connection, count), 5.0) == 0


async def test_a_server_that_does_not_answer_is_not_waited_for(session: Session) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unreachable, match=r"0\.2 s"):
        await session.run(lambda connection: value(connection, "SELECT pg_sleep(60)"), 0.2)
    assert asyncio.get_running_loop().time() - began < 5.0
    assert not session.is_open
    assert await shown(session, "application_name") == "a test"


async def test_work_that_is_cancelled_leaves_no_connection_in_an_unknown_state(session: Session) -> None:
    began = asyncio.Event()

    async def work(connection: Connection) -> object:
        began.set()
        return await value(connection, "SELECT pg_sleep(60)")

    task = asyncio.create_task(session.run(work, 60.0))
    await began.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert not session.is_open


async def test_a_refused_statement_costs_no_connection(session: Session) -> None:
    with pytest.raises(StorageError):
        await session.run(lambda connection: value(connection, "SELECT nonsense"), 5.0)
    assert session.is_open


async def test_a_database_that_cannot_be_reached_is_said(
    session: Session, database: Database, server: ServerForTests
) -> None:
    async with outage(server, database):
        with pytest.raises(Unreachable):
            await shown(session, "application_name")
