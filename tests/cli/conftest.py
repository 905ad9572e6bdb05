"""The ``ronda`` command, in this process, without and with a database."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import SETTINGS, load_settings
from core.storage.database import Database
from tests.cli.support import Ronda, Target, ronda_with
from tests.conftest import SHARED, ServerForTests


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set only what keeps commands away from this user's own folders; give the folder instead of those."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setattr(load_settings, "__kwdefaults__", {"checkout": None})
    for name in ("DATA", "CONFIG", "LOG"):
        monkeypatch.setenv(f"RONDA_{name}_DIR", str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """Run a server whose paths answer in different ways."""
    with Target() as running:
        yield running


@pytest.fixture
def ronda(capsys: pytest.CaptureFixture[str]) -> Ronda:
    """Run commands that need no database, or are not to find one."""
    return ronda_with(capsys)


@pytest.fixture
def ronda_db(
    ronda: Ronda, database: Database, migrated: ServerForTests, monkeypatch: pytest.MonkeyPatch
) -> Ronda:
    """Run commands on an empty database."""
    monkeypatch.setenv("DATABASE_URL", migrated.url_of(SHARED))
    monkeypatch.setenv("RONDA_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
    return ronda
