"""The life of an agent: it takes part in the round until a signal, or its console, ends it in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.bus import Bus
from core.domain.events import StorageChanged, WorkersReported
from core.domain.workers import WorkerKind
from core.memory import collect_rarely
from core.operations.health import leader_of
from core.runtime import open_runtime
from core.settings import Settings

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that end an agent in order."""

log = logging.getLogger(__name__)


async def serve_until_ended(settings: Settings, console_id: str = "") -> signal.Signals | None:
    """Take part until a signal comes; give it, once everything is closed.

    With the id of the console that started it, also until that one closes standard input; gives None then.
    """
    received: list[signal.Signals | None] = []
    serving = asyncio.create_task(_serve(settings, console_id))

    def end(number: signal.Signals | None) -> None:
        # A second one must not cut the closing short: systemd may send SIGTERM and SIGHUP together.
        if not received:
            log.info("Ending on %s", number.name if number else "the end of its console")
            serving.cancel()
        received.append(number)

    loop = asyncio.get_running_loop()
    for number in ENDINGS:
        loop.add_signal_handler(number, end, number)
    async with _lifeline(console_id, lambda: end(None)):
        await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()
    log.info("Ended")
    return received[0]


class _Lifeline(asyncio.Protocol):
    """Standard input of an agent that a console started: the kernel closes it with the console."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut

    def eof_received(self) -> None:
        """End too."""
        self._cut()


@asynccontextmanager
async def _lifeline(console_id: str, cut: Callable[[], None]) -> AsyncIterator[None]:
    """Have ``cut`` called when the console has ended, if there is one."""
    if not console_id:
        yield
        return
    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.connect_read_pipe(lambda: _Lifeline(cut), sys.stdin)
    try:
        yield
    finally:
        transport.close()


async def _serve(settings: Settings, console_id: str) -> None:
    bus = Bus()
    Teller(bus)
    async with open_runtime(
        settings, kind=WorkerKind.AGENT, may_lead=True, bus=bus, console_id=console_id
    ) as runtime:
        collect_rarely()
        runtime.desk.database.require_key()  # without it an agent could never lead, and would only sit there
        await asyncio.Event().wait()


class Teller:
    """Writes into the log who runs the checks, and when the database goes and comes."""

    def __init__(self, bus: Bus) -> None:
        self._leader_id: str | None = None
        bus.subscribe(WorkersReported, self._tell_leader)
        bus.subscribe(StorageChanged, self._tell_storage)

    def _tell_leader(self, event: WorkersReported) -> None:
        leader = leader_of(event.workers)
        if leader is None or leader.id == self._leader_id:
            return
        self._leader_id = leader.id
        if leader.id == event.own_id:
            log.info("This agent leads: it runs the checks")
        else:
            log.info(
                "The %s of %s on %s leads; this agent follows, and takes over when that one ends",
                leader.kind.value,
                leader.operator,
                leader.host,
            )

    def _tell_storage(self, event: StorageChanged) -> None:
        if event.online:
            log.info("The database is back")
        else:
            log.warning("The database is away: %s", event.detail)
