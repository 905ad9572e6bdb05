"""An agent as a child process: started by a console, and gone when the console is, however that one ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from core.logs import AGENT_LOG_FILE

END_SECONDS = 5.0
"""How long an agent that was let go may take to write what waits and to give the lead back."""
TERMINATION_SECONDS = 1.0
"""How long it may then take to heed a signal before it is killed."""
_PROGRAMS = Path(__file__).resolve().parents[2]
"""The folder that holds the packages."""


class ChildAgent:
    """An agent of this process's own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Give its process number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Give how it ended; None while it lives, negative if a signal ended it."""
        return self._process.returncode

    def let_go(self) -> None:
        """Tell it to end: its standard input is its lifeline."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def end(self) -> None:
        """See to it that it ends, in order if it can, by force after some seconds."""
        self.let_go()
        for seconds, harder in (
            (END_SECONDS, self._process.terminate),
            (TERMINATION_SECONDS, self._process.kill),
        ):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
            if self.exit_code is not None:
                return
            harder()
        await self._process.wait()


async def start_agent(settings: Mapping[str, str], log_dir: Path, console_id: str) -> ChildAgent:
    """Start an agent that ends with this process; raises OSError.

    ``settings`` are those of this process, by the names of the environment. They go by the pipe, since a
    command line and an environment can be read by others.
    """
    log = _opened_log(log_dir)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui", "agent", "--for-console", console_id),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl+C and its end are for the console
            cwd=_PROGRAMS,
        )
    finally:
        os.close(log)
    assert process.stdin is not None
    process.stdin.write(json.dumps(dict(settings)).encode() + b"\n")
    return ChildAgent(process)


def _opened_log(log_dir: Path) -> int:
    """Give where its stderr goes, which holds what it says before it has a log and what kills it."""
    log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(log_dir / AGENT_LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
