"""The database: opened once per process, refused if it is not ours, worked with in units."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import URL, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from core.clock import Clock
from core.errors import StorageError
from core.i18n import _
from core.storage import migrate
from core.storage.audit import Audit
from core.storage.blind import BlindIntervals
from core.storage.clients import Clients
from core.storage.evidence import EvidenceStore
from core.storage.failures import mapped_errors, place_of
from core.storage.heartbeats import Heartbeats
from core.storage.history import History
from core.storage.incidents import Incidents
from core.storage.mapping import Vault
from core.storage.named import channels, rules
from core.storage.outbox import Outbox
from core.storage.partitions import make_partitions, missing_partitions, wanted_partitions
from core.storage.rows import INSTANCE
from core.storage.services import Services
from core.storage.standing import Standing, standing_of
from core.storage.states import States
from core.storage.subjects import Subjects
from core.storage.windows import Windows
from core.storage.workers import Workers

if TYPE_CHECKING:
    from core.secrets import Cipher

FEED_CHANNEL = "ronda_feed"
"""Where changes are announced, as JSON."""
NOTICE_BYTES = 7_000
"""The longest announcement; PostgreSQL takes 7,999 bytes."""
OLDEST_SERVER = 15

CONNECTION_SETTINGS: Mapping[str, Any] = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6_000,
    "application_name": "ronda",
    "options": "-c timezone=UTC -c jit=off",
}
"""What every connection asks for: a dead network is noticed in seconds, times are UTC, and no time goes
into compiling queries that take milliseconds."""


class Unit:
    """One unit of work: everything done through it is committed together, or not at all."""

    def __init__(self, session: AsyncSession, vault: Vault, clock: Clock) -> None:
        self._session = session
        self.clients = Clients(session, vault)
        self.services = Services(session, vault)
        self.states = States(session)
        self.history = History(session, clock)
        self.audit = Audit(session)
        self.workers = Workers(session)
        self.heartbeats = Heartbeats(session)
        self.evidence = EvidenceStore(session)
        self.windows = Windows(session, clock)
        self.incidents = Incidents(session)
        self.channels = channels(session, vault)
        self.rules = rules(session)
        self.outbox = Outbox(session)
        self.subjects = Subjects(session)
        self.blind = BlindIntervals(session)

    async def announce(self, payload: Mapping[str, Any]) -> None:
        """Tell every process on this database, this one too, once the unit is committed.

        Lists of ids too long for one notice go out empty, which means that anything may have changed.
        """
        notice = json.dumps(payload, separators=(",", ":"))
        if len(notice) > NOTICE_BYTES:
            notice = json.dumps({name: [] for name in payload})
        await self._session.execute(select(func.pg_notify(FEED_CHANNEL, notice)))


class Database:
    """One PostgreSQL database that is Ronda's own; opens a few connections when it is used.

    Whatever the driver raises inside is raised as ``StorageError`` or one of its kinds.
    """

    def __init__(self, url: str, cipher: Cipher, clock: Clock, *, embedded: bool = False) -> None:
        self.url = make_url(url)
        """Where it is; printed without its password."""
        self.is_embedded = embedded
        """Whether it is this user's own server, which no other machine can reach."""
        self._clock = clock
        self._cipher = cipher
        self._vault = Vault(cipher, cipher.fingerprint)
        self._engine = _engine(self.url)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @property
    def key_matches(self) -> bool:
        """Whether this process holds the secret key that the database was written with.

        With another one secrets read as if there were none, and clients and services cannot be saved.
        """
        return self._vault.key_matches

    def require_key(self) -> None:
        """Refuse with ``KeyMismatch`` what cannot be done with another key than the database's."""
        self._vault.require_key()

    async def open(self) -> None:
        """Make the database fit for use, in two round trips if it is so already.

        Raises ``Unreachable``; ``SchemaMismatch`` if its tables are somebody else's or a newer Ronda's;
        ``StorageError`` if the server is too old. All three before anything is written.
        """
        with mapped_errors(self.url):
            found = await self._look()
            if found.server_major < OLDEST_SERVER:
                raise StorageError(
                    _("PostgreSQL {found} serves {place}; Ronda needs {needed} or newer.").format(
                        found=found.server_major, place=place_of(self.url), needed=OLDEST_SERVER
                    )
                )
            if found.revision != migrate.HEAD:
                await migrate.bring_up(self._engine)
                found = await self._look()
            if found.missing_partitions:
                await self.ensure_partitions(self._clock.now().date())
            recorded = found.secret_fingerprint or await self._record_fingerprint()
            self._vault = Vault(self._cipher, recorded)

    async def revision(self) -> str | None:
        """Give the revision of the schema as it is, opened or not; None if there is none of ours."""
        with mapped_errors(self.url):
            return (await self._look()).revision

    async def close(self) -> None:
        """Close the pooled connections; the database may be used again, and opens new ones then."""
        await self._engine.dispose()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """Do one unit of work: committed on leaving, rolled back by an exception."""
        with mapped_errors(self.url):
            async with self._sessions.begin() as session:
                yield Unit(session, self._vault, self._clock)

    async def ensure_partitions(self, today: date) -> None:
        """Make the partitions around a UTC day; done daily, by any number of processes at once."""
        with mapped_errors(self.url):
            async with self._engine.begin() as connection:
                if await missing_partitions(connection, list(wanted_partitions(today))):
                    await make_partitions(connection, today)

    async def dedicated_connection(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """Open an autocommit connection outside the pool; whoever asks closes it."""
        _nothing, settings = self._engine.dialect.create_connect_args(self.url)
        with mapped_errors(self.url):
            return await psycopg.AsyncConnection.connect(
                **{**settings, **_settings_for(self.url)}, autocommit=True
            )

    async def _look(self) -> Standing:
        async with self._engine.connect() as connection:
            at_once = await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await standing_of(at_once, wanted_partitions(self._clock.now().date()))

    async def _record_fingerprint(self) -> str:
        """Write this key's fingerprint into a database that has none; the first process wins."""
        async with self._engine.begin() as connection:
            await connection.execute(
                INSTANCE.update()
                .where(INSTANCE.c.secret_fingerprint.is_(None))
                .values(secret_fingerprint=self._cipher.fingerprint)
            )
            recorded = (await connection.execute(select(INSTANCE.c.secret_fingerprint))).scalar_one()
            return str(recorded)


def _engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        connect_args=_settings_for(url),
        pool_size=4,
        max_overflow=2,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1_800,
        hide_parameters=True,
        use_native_hstore=False,
    )


def _settings_for(url: URL) -> dict[str, Any]:
    """Give what a connection asks for beside its URL; what the URL says itself wins."""
    settings = {name: value for name, value in CONNECTION_SETTINGS.items() if name not in url.query}
    if "options" in url.query:
        settings["options"] = f"{CONNECTION_SETTINGS['options']} {url.query['options']}"
    return settings
