"""The walls between layers, as they stand at run time."""

from __future__ import annotations

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    """Give the top-level modules that a fresh interpreter has loaded after a statement."""
    loaded = "{name.split('.')[0] for name, module in sys.modules.items() if module is not None}"
    program = f"{statement}; import sys; print(*sorted({loaded}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import core.runtime, core.cli.main", {"textual", "rich", "alembic"}),
        (
            "import core.worker.round, core.checks.http",
            {"textual"},
        ),  # httpx loads rich where click is installed
        (
            "import core.domain.status, core.domain.services",
            {"sqlalchemy", "psycopg", "httpx", "gettext", "asyncio"},
        ),
        ("import core.notifications.sending", {"textual", "apprise", "requests"}),
        ("import tui.__main__", {"textual", "sqlalchemy", "alembic", "httpx", "apscheduler"}),
    ],
)
def test_importing_a_layer_loads_nothing_from_above_it(statement: str, absent: set[str]) -> None:
    assert modules_after(statement) & absent == set()
