"""Fixtures of the tests of whole processes."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from core.domain.secret import Secret
from core.settings import Settings
from core.storage.database import Database
from tests.conftest import SHARED, ServerForTests


@pytest.fixture
def shared_settings(database: Database, migrated: ServerForTests, tmp_path: Path) -> Settings:
    """Give settings of a shared server whose database holds nothing."""
    return Settings(
        database_url=Secret(migrated.url_of(SHARED)),
        data_dir=tmp_path / "data",
        config_dir=tmp_path / "config",
        log_dir=tmp_path / "log",
        secret_key=Secret(base64.b64encode(b"k" * 32).decode()),  # the one of the fixture's cipher
    )
