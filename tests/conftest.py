"""Fixtures that every test may use."""

from __future__ import annotations

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from core.domain.secret import Secret
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer
from tests.clock import FrozenClock

settings.register_profile("ronda", deadline=None)  # a deadline would be a timed assertion
settings.load_profile("ronda")

HURRIED = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
"""Settings for servers whose data nobody will miss."""


@dataclass(frozen=True)
class ServerForTests:
    """A running PostgreSQL of this test session."""

    embedded: EmbeddedServer
    _made: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Give the SQLAlchemy URL of the maintenance database, from which others are created."""
        return self.embedded.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Give the SQLAlchemy URL of another database of the server."""
        return self.embedded.url_of(database)

    def create(self, template: str | None = None) -> str:
        """Make another database, empty or as a copy, and give its SQLAlchemy URL."""
        name = f"made_{len(self._made)}"
        self._made.append(name)
        copy = f" TEMPLATE {template}" if template else ""
        self.run(f"CREATE DATABASE {name}{copy}")
        return self.url_of(name)

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of any transaction."""
        url = self.url_of(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Give a folder that the server's account can get into even when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="ronda-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(server_folder: Path) -> Iterator[ServerForTests]:
    """Run one embedded server for the whole session of this worker process."""
    embedded = EmbeddedServer(server_folder / "server", settings=HURRIED, idle_seconds=0.0)
    embedded.start()
    yield ServerForTests(embedded)
    assert embedded.stop(), "the server still runs"


SHARED = "shared"
"""The database that tests share, one after the other; also the template of migrated ones."""

_WIPE = """
    TRUNCATE ronda.clients, ronda.health_checks, ronda.workers, ronda.audit_log RESTART IDENTITY CASCADE;
    TRUNCATE ronda.channels, ronda.notification_rules, ronda.occasions, ronda.blind_intervals,
      ronda.operators
      RESTART IDENTITY CASCADE;
    INSERT INTO ronda.channels (name, kind, active, version, created_at, updated_at)
      VALUES ('consoles', 'terminal', true, 1, now(), now());
    UPDATE ronda.lead SET epoch = 0, flush = 0, backend_pid = NULL, holder = NULL, taken_at = NULL;
    UPDATE ronda.instance SET secret_fingerprint = NULL;
    DO $$
    DECLARE extra regclass;
    BEGIN
      FOR extra IN SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = 'ronda.health_checks'::regclass
          AND right(inhrelid::regclass::text, 8) NOT BETWEEN '20260228' AND '20260308'
      LOOP EXECUTE 'DROP TABLE ' || extra; END LOOP;
    END $$;
"""
"""Also drops the partitions that tests have made for days around other moments than the clock's."""


@pytest.fixture
def clock() -> FrozenClock:
    """Give the clock of the test's database: noon of a day whose partitions exist."""
    return FrozenClock()


@pytest.fixture
def cipher() -> Cipher:
    """Give the cipher of the test's database; its key is the same in every test."""
    return Cipher(Secret(base64.b64encode(b"k" * 32).decode()))


@pytest.fixture(scope="session")
def migrated(server: ServerForTests) -> ServerForTests:
    """Run the migrations once, in the shared database."""
    server.run(f"CREATE DATABASE {SHARED}")

    async def migrate() -> None:
        database = Database(
            server.url_of(SHARED), Cipher(Secret(base64.b64encode(bytes(32)).decode())), FrozenClock()
        )
        await database.open()
        await database.close()

    asyncio.run(migrate())
    return server


@pytest.fixture
async def database(migrated: ServerForTests, clock: FrozenClock, cipher: Cipher) -> AsyncIterator[Database]:
    """Give an open database with nothing in it."""
    migrated.run(_WIPE, SHARED)
    database = Database(migrated.url_of(SHARED), cipher, clock)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def scratch_home() -> Iterator[Path]:
    """Give an empty home that the server's account can get into; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ronda-home-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    server_dir = folder / "data" / "postgresql"
    if server_dir.exists():
        assert EmbeddedServer(server_dir).stop(), "the server still runs"
    shutil.rmtree(folder)
