"""Fixtures that every test may use."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.storage.embedded import EmbeddedServer

HURRIED = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
"""Settings for servers whose data nobody will miss."""


@dataclass(frozen=True)
class ServerForTests:
    """A running PostgreSQL of this test session."""

    embedded: EmbeddedServer

    @property
    def url(self) -> str:
        """Give the SQLAlchemy URL of the maintenance database, from which others are created."""
        return self.embedded.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Give the SQLAlchemy URL of another database of the server."""
        return self.embedded.url_of(database)


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
