"""The agent as a child process: how it is made to end."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from core.worker import child
from core.worker.child import ChildAgent, start_agent

HEEDS = "import sys; sys.stdin.read()"
"""Ends when its standard input is closed."""
IGNORES_ITS_INPUT = "import time; print('ready', flush=True); time.sleep(600)"
IGNORES_ALL = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {IGNORES_ITS_INPUT}"


async def running(program: str) -> ChildAgent:
    """Start a program in place of an agent, and wait for its word if it gives one."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    if "ready" in program:
        assert process.stdout is not None
        await process.stdout.readline()
    return ChildAgent(process)


async def test_an_agent_that_is_let_go_ends_by_itself() -> None:
    agent = await running(HEEDS)
    assert agent.exit_code is None
    agent.let_go()
    await agent.end()
    assert agent.exit_code == 0


@pytest.mark.parametrize(
    ("program", "number"), [(IGNORES_ITS_INPUT, signal.SIGTERM), (IGNORES_ALL, signal.SIGKILL)]
)
async def test_an_agent_that_does_not_heed_is_made_to_end(
    program: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "END_SECONDS", 0.05)
    monkeypatch.setattr(child, "TERMINATION_SECONDS", 2.0 if number is signal.SIGTERM else 0.05)
    agent = await running(program)
    await agent.end()
    assert agent.exit_code == -number


async def test_an_agent_that_cannot_begin_says_why_in_its_log(tmp_path: Path) -> None:
    settings = {
        "RONDA_DATA_DIR": "nowhere",
        "RONDA_LOG_DIR": str(tmp_path),
        "RONDA_CONFIG_DIR": str(tmp_path),
    }
    agent = await start_agent(settings, tmp_path / "log", "the console")
    await agent.end()
    assert agent.exit_code == 2
    log = tmp_path / "log" / "agent.log"
    assert log.read_text() == "ronda: RONDA_DATA_DIR must be an absolute path, not nowhere.\n"
    assert log.stat().st_mode & 0o777 == 0o600
