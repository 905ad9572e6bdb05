"""The database: opened, refused, worked with in units."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import quote

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.errors import SchemaMismatch, StorageError, Unreachable
from core.secrets import Cipher
from core.storage import database as database_module
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.conftest import SHARED, ServerForTests
from tests.storage.support import added_client, cipher_of, rows_of, run

PATIENCE_SECONDS = 20.0


@asynccontextmanager
async def opened(url: str, cipher: Cipher) -> AsyncIterator[Database]:
    database = Database(url, cipher, FrozenClock())
    try:
        await database.open()
        yield database
    finally:
        await database.close()


def with_options(url: str, options: str) -> str:
    return f"{url}&options={quote(options)}"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note every statement that SQLAlchemy sends."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_an_empty_database_is_made_fit_for_use(server: ServerForTests, cipher: Cipher) -> None:
    async with opened(server.create(), cipher) as database:
        assert database.key_matches
        await added_client(database)
        [(fingerprint,)] = await rows_of(database, "SELECT secret_fingerprint FROM ronda.instance")
    assert fingerprint == cipher.fingerprint


async def test_a_database_that_is_fit_is_opened_with_two_questions(
    database: Database, migrated: ServerForTests, cipher: Cipher
) -> None:
    with statements() as sent:
        async with opened(migrated.url_of(SHARED), cipher):
            pass
    assert len([statement for statement in sent if "ronda." in statement]) == 2


def test_a_start_on_a_current_schema_does_not_load_alembic(migrated: ServerForTests) -> None:
    script = """
import asyncio, base64, sys
from core.domain.secret import Secret
from core.secrets import Cipher
from core.storage.database import Database
from tests.clock import FrozenClock

async def start() -> None:
    cipher = Cipher(Secret(base64.b64encode(b"k" * 32).decode()))
    database = Database(sys.argv[1], cipher, FrozenClock())
    await database.open()
    await database.close()

asyncio.run(start())
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, migrated.url_of(SHARED)], check=True, timeout=60)


async def test_an_old_server_is_refused(
    migrated: ServerForTests, cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "OLDEST_SERVER", 99)
    with pytest.raises(StorageError, match="Ronda needs 99 or newer"):
        async with opened(migrated.url_of(SHARED), cipher):
            pass


async def test_a_newer_schema_is_refused_at_the_door(server: ServerForTests, cipher: Cipher) -> None:
    url = server.create()
    async with opened(url, cipher) as database:
        await run(database, "UPDATE ronda.alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="newer Ronda"):
        async with opened(url, cipher):
            pass


async def test_a_server_that_is_not_there_is_named_without_the_password(cipher: Cipher) -> None:
    with pytest.raises(Unreachable, match=r"ronda on 127\.0\.0\.1:1 cannot be reached") as raised:
        async with opened("postgresql+psycopg://ronda:hunter2@127.0.0.1:1/ronda", cipher):
            pass
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is not None


async def test_a_database_that_does_not_exist_is_named(server: ServerForTests, cipher: Cipher) -> None:
    with pytest.raises(Unreachable, match='database "nowhere" does not exist'):
        async with opened(server.url_of("nowhere"), cipher):
            pass


async def test_the_printed_url_has_no_password(cipher: Cipher) -> None:
    database = Database("postgresql+psycopg://ronda:hunter2@db.example/ronda", cipher, FrozenClock())
    assert str(database.url) == "postgresql+psycopg://ronda:***@db.example/ronda"
    assert not database.is_embedded


async def test_a_role_without_rights_is_named(migrated: ServerForTests, cipher: Cipher) -> None:
    migrated.run("DROP ROLE IF EXISTS guest")
    migrated.run("CREATE ROLE guest")
    url = with_options(migrated.url_of(SHARED), "-c role=guest")
    with pytest.raises(StorageError, match="may not do that in the database shared"):
        async with opened(url, cipher):
            pass


async def test_a_read_only_server_is_said_to_be_one(server: ServerForTests, cipher: Cipher) -> None:
    url = with_options(server.create(), "-c default_transaction_read_only=on")
    with pytest.raises(StorageError, match="is read-only"):
        async with opened(url, cipher):
            pass


async def test_the_first_key_is_recorded_and_another_one_is_noticed(
    server: ServerForTests, cipher: Cipher
) -> None:
    url = server.create()
    async with opened(url, cipher):
        pass
    async with opened(url, cipher_of(b"x")) as other:
        assert not other.key_matches
        assert await rows_of(other, "SELECT secret_fingerprint FROM ronda.instance") == [
            (cipher.fingerprint,)
        ]


async def test_of_two_keys_at_once_one_is_the_database_s(server: ServerForTests) -> None:
    url = server.create()
    pair = [Database(url, cipher_of(letter), FrozenClock()) for letter in (b"a", b"b")]
    await asyncio.gather(*(database.open() for database in pair))
    assert sorted(database.key_matches for database in pair) == [False, True]
    for database in pair:
        await database.close()


async def test_a_unit_is_kept_whole_or_not_at_all(database: Database) -> None:
    client = await added_client(database, "kept")

    async def remove_and_fail() -> None:
        async with database.unit() as unit:
            await unit.clients.bin(client.id, NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await remove_and_fail()
    async with database.unit() as unit:
        assert await unit.clients.find("kept") is not None


async def test_a_connection_that_was_cut_is_unreachable_once_and_then_replaced(database: Database) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ronda'"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def work_through_the_cut() -> None:
        async with database.unit() as unit:
            await unit.clients.all()
            await run(database, cut)
            await unit.clients.all()

    with pytest.raises(Unreachable):
        await work_through_the_cut()
    async with database.unit() as unit:
        assert await unit.clients.all() == []


async def test_idle_connections_that_were_cut_are_not_noticed(database: Database) -> None:
    async with database.unit() as unit:
        await unit.clients.all()
    await run(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()",
    )
    async with database.unit() as unit:
        assert await unit.clients.all() == []


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[asyncio.Task[str]]:
    """Hear the next notice on the feed."""
    async with await database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")

        async def hear() -> str:
            async for notice in connection.notifies(timeout=PATIENCE_SECONDS):
                return notice.payload
            raise AssertionError("nothing was heard")

        yield asyncio.create_task(hear())


async def test_an_announcement_is_heard_after_the_commit(database: Database) -> None:
    async with listening(database) as heard:
        async with database.unit() as unit:
            await unit.announce({"services": [1, 2]})
        assert json.loads(await heard) == {"services": [1, 2]}


async def test_what_is_rolled_back_is_not_announced(database: Database) -> None:
    async def announce_and_fail() -> None:
        async with database.unit() as unit:
            await unit.announce({"clients": [1]})
            raise ZeroDivisionError

    async with listening(database) as heard:
        with pytest.raises(ZeroDivisionError):
            await announce_and_fail()
        async with database.unit() as unit:
            await unit.announce({"clients": [2]})
        assert json.loads(await heard) == {"clients": [2]}


async def test_an_announcement_too_long_for_a_notice_says_that_anything_changed(database: Database) -> None:
    async with listening(database) as heard:
        async with database.unit() as unit:
            await unit.announce({"services": list(range(100_000, 105_000))})
        assert json.loads(await heard) == {"services": []}


async def test_connections_speak_utc_and_say_who_they_are(database: Database) -> None:
    query = "SELECT current_setting('TimeZone'), current_setting('application_name')"
    assert await rows_of(database, query) == [("UTC", "ronda")]


async def test_what_the_url_asks_for_wins(migrated: ServerForTests, cipher: Cipher) -> None:
    url = with_options(f"{migrated.url_of(SHARED)}&application_name=bench", "-c work_mem=12MB")
    async with opened(url, cipher) as database:
        query = (
            "SELECT current_setting(name) FROM unnest(ARRAY['TimeZone', 'work_mem', 'application_name']) name"
        )
        assert await rows_of(database, query) == [("UTC",), ("12MB",), ("bench",)]


async def test_a_dedicated_connection_commits_at_once_and_stands_outside_the_pool(database: Database) -> None:
    async with await database.dedicated_connection() as connection:
        assert connection.autocommit
        await database.close()
        cursor = await connection.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)
