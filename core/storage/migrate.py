"""Brings the schema to this program's revision, once, whoever starts at the same time.

A session advisory lock is tried again and again on an autocommit connection: one that waits inside
``pg_advisory_lock()`` holds a snapshot, and an index built concurrently by the winner would wait for it
for ever.
"""

from __future__ import annotations

import asyncio
import time
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import SchemaMismatch, StorageError
from core.i18n import _
from core.storage.failures import place_of
from core.storage.rows import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest revision among the migrations; kept here so that a start need not read them."""

PATIENCE_SECONDS = 120.0
"""How long to wait for another process that migrates."""

VERSION_TABLE = f"{SCHEMA}.alembic_version"

_POLL_SECONDS = 0.1
LOCK_KEY = 0x726F6E64_6D696772
"""Advisory lock of whoever migrates ("rondmigr")."""
_TABLES_NAMED = 3

_FOREIGN_TABLES = text(
    """
    SELECT format('%s.%s', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND NOT c.relispartition
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname
    """
)


async def current_revision(connection: AsyncConnection) -> str | None:
    """Give the revision of the schema; None if it was never made, or undone."""
    if (await connection.execute(text(f"SELECT to_regclass('{VERSION_TABLE}')"))).scalar() is None:
        return None
    return (await connection.execute(text("SELECT version_num FROM ronda.alembic_version"))).scalar()


async def bring_up(engine: AsyncEngine, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Migrate to ``HEAD`` unless another process does or did.

    ``SchemaMismatch`` if a newer Ronda has been here or the tables are somebody else's, before
    anything is written; ``StorageError`` if the other process does not end.
    """
    async with engine.connect() as connection:
        guard = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await refuse_foreign(guard)
        await _take_lock(guard, patience_seconds)
        try:
            if await current_revision(guard) != HEAD:
                await refuse_foreign(guard)
                await _upgrade(engine)
        finally:
            await guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})


async def refuse_foreign(connection: AsyncConnection) -> None:
    """Refuse a database that holds other tables than ours, or ours in a newer form."""
    revision = await current_revision(connection)
    if revision is not None:
        if revision not in known_revisions():
            raise SchemaMismatch(
                _(
                    "The database {place} was made by a newer Ronda (revision {revision}; this one knows "
                    "{head}). Update Ronda, or name another database."
                ).format(place=place_of(connection.engine.url), revision=revision, head=HEAD)
            )
        return
    foreign = [name for name in await _tables(connection) if name != VERSION_TABLE]
    if foreign:
        raise SchemaMismatch(
            _(
                "The database {place} holds tables of another program ({tables}). Give Ronda an empty "
                "database of its own; nothing was written."
            ).format(place=place_of(connection.engine.url), tables=_some(foreign))
        )


async def _tables(connection: AsyncConnection) -> list[str]:
    return list((await connection.execute(_FOREIGN_TABLES)).scalars())


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_TABLES_NAMED])
    return shown if len(names) <= _TABLES_NAMED else f"{shown}, …"


async def _take_lock(connection: AsyncConnection, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    statement = text("SELECT pg_try_advisory_lock(:key)")
    while not (await connection.execute(statement, {"key": LOCK_KEY})).scalar():
        if time.monotonic() > deadline:
            raise StorageError(
                _(
                    "Another process has been bringing the database {place} up to date for {seconds:.0f} s. "
                    "Start again when it is done."
                ).format(place=place_of(connection.engine.url), seconds=patience_seconds)
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _upgrade(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to ``revision``, all in one transaction."""
    from alembic import command  # only a start that migrates pays for the import

    command.upgrade(alembic_config(connection), revision)


def known_revisions() -> frozenset[str]:
    """Give every revision that this program has a migration for."""
    from alembic.script import ScriptDirectory  # as above

    scripts = ScriptDirectory.from_config(alembic_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


def alembic_config(connection: Connection | None = None) -> Config:
    """Give Alembic's configuration: the migrations as installed, no file, the connection handed over."""
    from alembic.config import Config  # as above

    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
