"""Connections of their own: bounded work, opened anew when they have failed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from psycopg import sql

from core.errors import StorageError, Unreachable
from core.storage.database import Database
from core.storage.session import Connection, Session
from tests.conftest import ServerForTests
from tests.storage.outages import end_backends, outage
from tests.storage.support import run


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


async def test_a_connection_that_could_not_be_set_up_whole_is_not_used(database: Database) -> None:
    """A disk may be full for just that moment."""
    await run(database, "CREATE TABLE public.prepared (number integer)")
    prepare = sql.SQL("CREATE TEMPORARY TABLE made AS SELECT 1 / count(*) AS number FROM public.prepared")
    session = Session(database, "a test", prepare=prepare.format())
    try:
        with pytest.raises(StorageError):
            await shown(session, "application_name")
        assert not session.is_open
        await run(database, "INSERT INTO public.prepared VALUES (1)")
        assert await session.run(lambda connection: value(connection, "SELECT number FROM made"), 5.0) == 1
    finally:
        await session.close()
        await run(database, "DROP TABLE public.prepared")


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


async def test_a_socket_that_gets_the_number_of_one_that_was_cut_off_is_not_harmed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks open sockets all the time."""
    loop = asyncio.get_running_loop()
    numbers: list[int] = []
    new: list[socket.socket] = []
    really_drop = Session.drop

    def drop(dropped: Session) -> None:
        really_drop(dropped)
        while not new or (numbers[0] not in (each.fileno() for each in new) and len(new) < 500):
            new.append(socket.socket())
            loop.add_writer(new[-1], print)
            loop.remove_writer(new[-1])

    async def work(connection: Connection) -> object:
        numbers.append(connection.fileno())
        return await value(connection, "SELECT pg_sleep(60)")

    monkeypatch.setattr(Session, "drop", drop)
    try:
        with pytest.raises(Unreachable):
            await session.run(work, 0.2)
        assert numbers[0] in [each.fileno() for each in new]
    finally:
        for each in new:
            each.close()


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
