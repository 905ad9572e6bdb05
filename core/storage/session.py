"""Connections of their own, outside the pool: for the lead's lock, the recorder and the feed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.sql import Composed
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from core.errors import Unreachable
from core.i18n import _
from core.storage.failures import mapped_errors

if TYPE_CHECKING:
    from core.storage.database import Database

SHUT_SECONDS = 1.0
"""How long work may take to notice that its socket was shut."""

Result = TypeVar("Result")
Connection = psycopg.AsyncConnection[tuple[object, ...]]


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated


def copy_types(table: Table, columns: Iterable[str]) -> list[str]:
    """Give the types of columns as a binary COPY wants them named."""
    return [table.c[name].type.compile(_DIALECT).lower() for name in columns]


class Session:
    """An autocommit connection that is opened when it is needed and dropped when it fails.

    Work is bounded in time without psycopg's own way of cancelling, which sends a cancel request over
    the network that may just have died: the socket is shut under the work instead.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        settings: Mapping[str, str] | None = None,
        prepare: Composed | None = None,
    ) -> None:
        self._database = database
        self._settings = {"application_name": name, **(settings or {})}
        self._prepare = prepare
        """Run on each new connection."""
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to have failed."""
        return self._connection is not None and not self._connection.closed

    async def run(self, work: Callable[[Connection], Awaitable[Result]], seconds: float) -> Result:
        """Do some work on the connection; ``StorageError`` if it fails or takes longer."""
        task = asyncio.create_task(self._on_connection(work))
        try:
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            await self._cut_off(task)
            raise
        if not task.done():
            await self._cut_off(task)
            raise Unreachable(_("The database has not answered for {seconds:g} s.").format(seconds=seconds))
        with mapped_errors(self._database.url):
            return task.result()

    def drop(self) -> None:
        """Close the socket at once, without a word to the server; the session ends there by itself."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _on_connection(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        if not self.is_open:
            await self._open()
        assert self._connection is not None
        return await work(self._connection)

    async def _open(self) -> None:
        connection = self._connection = await self._database.dedicated_connection()
        try:
            for name, value in self._settings.items():
                await connection.execute("SELECT set_config(%s, %s, false)", [name, value])
            if self._prepare is not None:
                await connection.execute(self._prepare)
        except psycopg.Error:
            self.drop()  # work must never run on a connection that is set up by half
            raise

    async def _cut_off(self, task: asyncio.Task[Result]) -> None:
        """End work that is under way.

        The socket is shut, so that the work fails, and closed after that: a new socket that got its number
        while the event loop still watches the old one would be refused by the loop, and a check with it.
        """
        try:
            if self._shut():
                await asyncio.wait({task}, timeout=SHUT_SECONDS)
        finally:
            self.drop()
            task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains that nobody did
        self.drop()

    def _shut(self) -> bool:
        """Shut the socket, which stays open; False if there is none."""
        if self._connection is None or self._connection.closed:
            return False
        with socket.socket(fileno=os.dup(self._connection.fileno())) as twin, suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)
        return True
