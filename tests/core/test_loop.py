"""The event loop that a process runs on."""

from __future__ import annotations

import asyncio
import sys

import pytest

from core.loop import run


async def running() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not know this platform")
def test_a_process_that_stays_runs_on_the_quicker_loop() -> None:
    assert run(running()) == "uvloop"


def test_without_uvloop_asyncio_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run(running()) == "asyncio"


def test_what_ends_the_coroutine_ends_the_run() -> None:
    async def broken() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        run(broken())
