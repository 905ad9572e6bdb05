"""Embedded servers for a test to start, share and kill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.embedded import EmbeddedServer
from tests.conftest import HURRIED
from tests.storage.embedded.servers import MakeServer


@pytest.fixture
def place(server_folder: Path) -> Iterator[Path]:
    """Give an empty folder that the server's account can get into."""
    folder = Path(tempfile.mkdtemp(dir=server_folder))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def used(server_folder: Path) -> Path:
    """Give the folder of a stopped server that has its data, to save the time of making it."""
    server = EmbeddedServer(server_folder / "used", settings=HURRIED, idle_seconds=0.0)
    server.start()
    assert server.stop()
    return server.layout.root


@pytest.fixture
def make(place: Path, used: Path) -> Iterator[MakeServer]:
    """Give a maker of servers' shares that are all given up, and the servers stopped, at the end.

    Without a name it is the server that has been used before.
    """
    made: list[EmbeddedServer] = []

    def maker(name: str = "", *, settings: dict[str, str] | None = None) -> EmbeddedServer:
        root = place / name if name else used
        made.append(EmbeddedServer(root, settings=HURRIED | (settings or {}), idle_seconds=0.05))
        return made[-1]

    yield maker
    for server in made:
        server.close()
    for server in made:
        assert not server.layout.root.is_dir() or server.stop()
        if (folder := server._sockets) and not folder.is_relative_to(server.layout.root):
            shutil.rmtree(folder, ignore_errors=True)  # shares of one server have one folder
