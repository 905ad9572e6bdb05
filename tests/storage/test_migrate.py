"""The schema: made from nothing, undone, and refused where it is not ours."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from core.errors import SchemaMismatch, StorageError
from core.secrets import Cipher
from core.storage import migrate
from core.storage.database import Database
from core.storage.rows import SCHEMA, Row
from tests.clock import FrozenClock
from tests.conftest import SHARED, ServerForTests

CATALOGUE = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           concat_ws(' ', a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'ronda'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
      AND NOT c.relispartition
    UNION ALL
    SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE connamespace = 'ronda'::regnamespace AND contype <> 'n'
      AND NOT (SELECT relispartition FROM pg_class WHERE pg_class.oid = conrelid)
    UNION ALL
    SELECT tablename, indexname, 'index', indexdef FROM pg_indexes
    WHERE schemaname = 'ronda' AND tablename NOT LIKE 'health_checks\\_%'
    UNION ALL
    SELECT relname, 'options', relkind::text, concat(reloptions, pg_get_partkeydef(oid)) FROM pg_class
    WHERE relnamespace = 'ronda'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY 1, 2, 3
"""
"""Columns, constraints, indexes and options; more than autogenerate compares."""

Catalogue = list[tuple[str, str, str, str]]


@pytest.fixture
async def engine(server: ServerForTests) -> AsyncIterator[AsyncEngine]:
    """Give an engine on an empty database."""
    engine = create_async_engine(server.create())
    yield engine
    await engine.dispose()


async def run(engine: AsyncEngine, work: Callable[[Connection], object]) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(work)


async def execute(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def catalogue(engine: AsyncEngine) -> Catalogue:
    async with engine.connect() as connection:
        rows = await connection.execute(text(CATALOGUE))
        return [tuple(row) for row in rows if row[0] != "alembic_version"]


def down(connection: Connection) -> None:
    command.downgrade(migrate.alembic_config(connection), "base")


def test_the_newest_revision_is_the_one_that_a_start_expects() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    assert scripts.get_heads() == [migrate.HEAD]
    assert migrate.HEAD in migrate.known_revisions()


async def test_the_migrations_make_what_the_rows_describe(
    engine: AsyncEngine, server: ServerForTests
) -> None:
    await run(engine, migrate.upgrade)
    described = create_async_engine(server.create())
    async with described.begin() as connection:
        await connection.execute(CreateSchema(SCHEMA))
        await connection.run_sync(Row.metadata.create_all)
    expected = await catalogue(described)
    await described.dispose()
    assert await catalogue(engine) == expected


async def test_autogenerate_finds_nothing_to_add_even_beside_partitions(migrated: ServerForTests) -> None:
    engine = create_async_engine(migrated.url_of(SHARED))
    await run(engine, lambda connection: command.check(migrate.alembic_config(connection)))
    await engine.dispose()


async def test_down_and_up_again_comes_to_the_same(engine: AsyncEngine) -> None:
    await run(engine, migrate.upgrade)
    before = await catalogue(engine)
    await run(engine, down)
    assert await catalogue(engine) == []
    await run(engine, migrate.upgrade)
    assert await catalogue(engine) == before


async def test_every_constraint_and_index_is_named_by_the_convention(engine: AsyncEngine) -> None:
    await run(engine, migrate.upgrade)
    kinds = {"p": "pk", "f": "fk", "c": "ck", "u": "uq", "index": "(ix|uq|pk)"}
    named = [row for row in await catalogue(engine) if row[2] in kinds and row[1] != "options"]
    assert len(named) > 30
    for table, name, kind, _definition in named:
        assert re.match(f"{kinds[kind]}_{table.removeprefix('ronda.')}", name), name


async def test_rows_that_are_there_once_are_there(engine: AsyncEngine) -> None:
    await run(engine, migrate.upgrade)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT id, epoch, flush FROM ronda.lead"))).all() == [
            (1, 0, 0)
        ]
        assert (await connection.execute(text("SELECT id FROM ronda.instance"))).all() == [(1,)]


async def test_several_starters_on_an_empty_database_all_succeed(
    server: ServerForTests, cipher: Cipher, clock: FrozenClock
) -> None:
    url = server.create()
    starters = [Database(url, cipher, clock) for _number in range(4)]
    await asyncio.gather(*(starter.open() for starter in starters))
    assert all(starter.key_matches for starter in starters)
    for starter in starters:
        await starter.close()


async def test_who_waits_for_another_starter_too_long_is_told(engine: AsyncEngine) -> None:
    async with engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrate.LOCK_KEY})
        with pytest.raises(StorageError, match="Another process has been bringing the database"):
            await migrate.bring_up(engine, patience_seconds=0)
    async with engine.connect() as connection:
        assert await migrate.current_revision(connection) is None


async def test_who_waits_migrates_when_the_other_has_gone_without(engine: AsyncEngine) -> None:
    async with engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrate.LOCK_KEY})
        waiting = asyncio.create_task(migrate.bring_up(engine))
        await asyncio.wait({waiting}, timeout=0.3)
        assert not waiting.done()
        await other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": migrate.LOCK_KEY})
        await waiting
    async with engine.connect() as connection:
        assert await migrate.current_revision(connection) == migrate.HEAD


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (["CREATE TABLE invoices (id int)"], r"\(public\.invoices\)"),
        (["CREATE SCHEMA ronda", "CREATE TABLE ronda.clients (id int)"], r"\(ronda\.clients\)"),
        (
            ["CREATE SCHEMA shop"] + [f"CREATE TABLE shop.t{n} (id int)" for n in range(5)],
            r"t0, shop\.t1, shop\.t2, …",
        ),
    ],
    ids=["in public", "in our schema", "many"],
)
async def test_another_program_s_tables_are_refused_and_left_alone(
    engine: AsyncEngine, made: list[str], named: str
) -> None:
    await execute(engine, *made)
    with pytest.raises(SchemaMismatch, match=f"tables of another program .*{named}"):
        await migrate.bring_up(engine)
    async with engine.connect() as connection:
        assert await migrate.current_revision(connection) is None


async def test_views_and_what_an_extension_brought_are_nobody_s_tables(engine: AsyncEngine) -> None:
    await execute(
        engine,
        "CREATE TABLE public.brought (id int)",
        "CREATE EXTENSION pg_trgm",
        "CREATE VIEW v AS SELECT 1 AS one",
    )
    await execute(engine, "ALTER EXTENSION pg_trgm ADD TABLE public.brought")
    await migrate.bring_up(engine)
    async with engine.connect() as connection:
        assert await migrate.current_revision(connection) == migrate.HEAD


async def test_an_empty_schema_that_an_administrator_made_is_used(engine: AsyncEngine) -> None:
    await execute(engine, "CREATE SCHEMA ronda")
    await migrate.bring_up(engine)


async def test_a_newer_schema_is_refused(engine: AsyncEngine) -> None:
    await migrate.bring_up(engine)
    await execute(engine, "UPDATE ronda.alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match=r"newer Ronda \(revision 9999; this one knows"):
        await migrate.bring_up(engine)


async def test_a_migration_that_fails_leaves_nothing_behind(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(connection: Connection) -> None:
        with connection.begin():
            connection.execute(text("CREATE SCHEMA ronda"))
            raise StorageError("no")

    monkeypatch.setattr(migrate, "upgrade", break_down)
    with pytest.raises(StorageError, match="no"):
        await migrate.bring_up(engine)
    monkeypatch.undo()
    await migrate.bring_up(engine)
