"""Opens the demo: a throw-away database, the simulated services, and the round upon them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from core.demo.fleet import fleet
from core.domain.kinds import Kind
from core.domain.workers import WorkerKind
from core.errors import ConfigError
from core.i18n import _
from core.operations.beating import report_in
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.services import add_service
from core.runtime import Runtime, open_runtime
from core.settings import Settings
from core.storage.embedded import EmbeddedServer

DAY_SECONDS = 86_400.0
"""A job with so long an interval has reported in just before the demo begins; quicker ones are silent."""
START_SECONDS = 15.0
"""How long the simulated services may take to open their ports."""


@contextmanager
def demo_settings(settings: Settings) -> Iterator[Settings]:
    """Give settings of a world that is gone when the block is left: nothing of the operator's is touched."""
    folder = Path(tempfile.mkdtemp(prefix="ronda-demo-"))
    # The server's own account must get through to its folder when the console runs as root.
    folder.chmod(0o711)
    demo = replace(
        settings,
        database_url=None,
        secret_key=None,
        references=(),
        deadman_url=None,
        data_dir=folder / "data",
        config_dir=folder / "config",
        log_dir=folder / "log",
    )
    try:
        yield demo
    finally:
        if not demo.server_dir.exists() or EmbeddedServer(demo.server_dir).stop():
            shutil.rmtree(folder)


@asynccontextmanager
async def open_demo(settings: Settings) -> AsyncIterator[Runtime]:
    """Run the simulated services, fill a new database with them and start the round."""
    async with (
        _simulated_services(settings.data_dir.parent) as ports,
        open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True) as runtime,
    ):
        await _fill(runtime.desk, ports)
        yield runtime


async def _fill(desk: Desk, ports: Mapping[str, int]) -> None:
    for client_spec, service_specs in fleet(ports):
        client = await add_client(desk, client_spec)
        for spec in service_specs:
            service = await add_service(desk, client.id, spec)
            if spec.kind is Kind.HEARTBEAT and spec.interval_seconds >= DAY_SECONDS:
                await report_in(desk, service)


@asynccontextmanager
async def _simulated_services(folder: Path) -> AsyncIterator[Mapping[str, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "core.demo.targets",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # the terminal's Ctrl+C is for the console
        cwd=Path(__file__).parents[2],
    )
    assert process.stdin is not None
    try:
        yield await _ports(process)
    finally:
        # Its standard input is its lifeline.
        process.stdin.close()
        await process.wait()


async def _ports(process: asyncio.subprocess.Process) -> Mapping[str, int]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        raise ConfigError(_("The simulated services of the demo did not start."))
    ports: dict[str, int] = json.loads(line)
    return ports
