"""The only place that wires: opens what a process needs in order, and closes it in reverse.

Each step of closing is bounded in time, so that a process ends even if what it closes does not
answer; whatever was open when an opening fails is closed too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.bus import Bus
from core.clock import SystemClock
from core.domain.events import StorageChanged
from core.domain.operators import Operator, Role
from core.domain.services import DEFAULT_INTERVAL_SECONDS
from core.domain.workers import WorkerKind
from core.errors import RondaError
from core.operations.desk import Desk
from core.secrets import load_cipher
from core.settings import Settings
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer

if TYPE_CHECKING:
    from core.worker.delegate import Delegate
    from core.worker.pulse import Pulse
    from core.worker.round import Round

CLOSE_SECONDS = 10.0
"""How long one step of closing may take."""
RESTART_SECONDS = 1.0
LONGEST_RESTART_SECONDS = 10.0
"""The waits between attempts to bring the embedded server back double from the first to the longest."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A process that takes part: its desk, and its part in the round."""

    desk: Desk
    round: Round


class _Closing:
    """What is to be closed, last opened first."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> _Closing:
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self._stack.aclose()

    def later(self, name: str, step: Callable[[], Awaitable[object]], seconds: float = CLOSE_SECONDS) -> None:
        """Have ``step`` run on leaving; one that takes too long or fails does not keep the others from it."""
        self._stack.push_async_callback(_bounded, name, step, seconds)


async def _bounded(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await step()
    except TimeoutError:
        log.warning("Closing %s took longer than %g s and was given up", name, seconds)
    except RondaError as error:
        log.warning("Closing %s failed: %s", name, error)


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[Database]:
    """Give the database, not opened yet; the embedded server is started if it is not running."""
    async with _Closing() as closing:
        yield await _database(settings, closing, Bus())


@asynccontextmanager
async def open_desk(settings: Settings, *, read_only: bool = False) -> AsyncIterator[Desk]:
    """Give a desk to a command: it takes no part in the round and hears no feed."""
    async with _Closing() as closing:
        yield await _desk(settings, closing, Bus(), read_only=read_only)


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    kind: WorkerKind,
    may_lead: bool,
    read_only: bool = False,
    bus: Bus | None = None,
    console_id: str = "",
) -> AsyncIterator[Runtime]:
    """Give a desk and a part in the round, which goes on until the block is left.

    Raises ConfigError or StorageError; nothing is left open then. A read-only process never leads.
    ``console_id`` names the console that this process ends with, if there is one.
    """
    # A command that takes no part in the round need not load it.
    from core.storage.feed import Feed
    from core.worker.gate import Limits
    from core.worker.outside import Outside
    from core.worker.pulse import Pulse
    from core.worker.round import Identity, Round

    bus = bus or Bus()
    async with _Closing() as closing:
        pulse = Pulse(SystemClock())
        desk = await _desk(settings, closing, bus, read_only=read_only, pulse=pulse)
        feed = Feed(desk.database, bus, desk.own_id)
        closing.later("the feed", feed.stop)
        await feed.start()
        identity = Identity(
            id=desk.own_id,
            kind=kind,
            operator=desk.operator.name,
            host=desk.operator.host,
            pid=os.getpid(),
            may_lead=may_lead and not read_only,
            ends_with=console_id,
        )
        limits = Limits(settings.max_checks, settings.max_checks_per_host)
        outside = Outside.of(settings.references, settings.deadman_url)
        round_ = Round(
            desk.database,
            bus,
            desk.clock,
            desk.prober,
            identity,
            limits,
            pulse=pulse,
            sender=desk.sender,
            outside=outside,
        )
        await _take_part(round_, _delegate(settings, kind, desk, round_), closing)
        yield Runtime(desk, round_)


async def _take_part(round_: Round, delegate: Delegate | None, closing: _Closing) -> None:
    """Start the round and what may delegate it; on leaving both end at the same time."""
    if delegate is not None:
        closing.later("the agent of this console", delegate.stop)
    closing.later("the round", round_.stop, 2 * CLOSE_SECONDS)
    await round_.start()
    if delegate is not None:
        closing.later("the word to the agent", delegate.let_go)
        delegate.start()


def _delegate(settings: Settings, kind: WorkerKind, desk: Desk, round_: Round) -> Delegate | None:
    """Give what has an agent run the checks when they are too many for a console; None: never here."""
    from core.worker.child import start_agent
    from core.worker.delegate import Delegate

    if settings.agent_above is None or kind is not WorkerKind.CONSOLE or not round_.may_lead:
        return None
    values, log_dir, own_id = settings.as_environment(), settings.log_dir, desk.own_id
    return Delegate(
        desk.bus,
        desk.clock,
        round_,
        own_id,
        settings.agent_above / DEFAULT_INTERVAL_SECONDS,
        lambda: start_agent(values, log_dir, own_id),
    )


async def _desk(
    settings: Settings, closing: _Closing, bus: Bus, *, read_only: bool, pulse: Pulse | None = None
) -> Desk:
    # These take a while to load, and `ronda db` neither checks nor tells.
    from core.checks.prober import Prober
    from core.notifications.sending import Senders

    database = await _database(settings, closing, bus)
    await database.open()
    clock = SystemClock()
    prober = Prober(clock) if pulse is None else Prober(clock, lagged_within=pulse.lagged_within)
    closing.later("the prober", prober.close)
    senders = Senders(clock)
    closing.later("the senders", senders.close)
    return Desk(
        database=database,
        bus=bus,
        clock=clock,
        operator=_operator(read_only=read_only),
        prober=prober,
        default_interval_seconds=settings.check_interval_seconds,
        own_id=str(uuid.uuid4()),
        sender=senders,
    )


async def _database(settings: Settings, closing: _Closing, bus: Bus) -> Database:
    cipher = load_cipher(settings)
    if settings.database_url is not None:
        url = settings.database_url.reveal()
    else:
        server = _Server(EmbeddedServer(settings.server_dir), bus)
        closing.later("the embedded server", server.close)
        url = await server.start()
    database = Database(url, cipher, SystemClock(), embedded=settings.embedded)
    closing.later("the database", database.close)
    return database


class _Server:
    """The embedded server on the event loop: it is brought back when it has died."""

    def __init__(self, server: EmbeddedServer, bus: Bus) -> None:
        self._server = server
        self._starting: asyncio.Future[str] | None = None
        self._bringing_back: asyncio.Task[None] | None = None
        self._away = False
        self._unsubscribe = bus.subscribe(StorageChanged, self._notice)

    async def start(self) -> str:
        """Start it in a thread, since that blocks; give its URL."""
        self._starting = asyncio.ensure_future(asyncio.to_thread(self._server.start))
        return await asyncio.shield(self._starting)

    async def close(self) -> None:
        """Wait for a start that is under way, then give up this process's share."""
        self._unsubscribe()
        if self._bringing_back is not None:
            await ended(self._bringing_back)
        if self._starting is not None:
            await asyncio.wait({self._starting})
            if not self._starting.cancelled():
                self._starting.exception()  # looked at, so that nobody complains that nobody did
        self._server.close()

    def _notice(self, event: StorageChanged) -> None:
        self._away = not event.online
        if self._away and (self._bringing_back is None or self._bringing_back.done()):
            self._bringing_back = in_background(self._bring_back(), "keeper of the embedded server")

    async def _bring_back(self) -> None:
        """Start it again and again: an outage is told once, and a start that failed gave up the share."""
        wait = RESTART_SECONDS
        while not await self._started() or self._away:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_RESTART_SECONDS)

    async def _started(self) -> bool:
        try:
            await self.start()
        except RondaError as error:
            log.warning("The embedded server could not be brought back: %s", error)
            return False
        return True


def _operator(*, read_only: bool) -> Operator:
    """Say who sits here: the OS user, this machine, the terminal if there is one."""
    return Operator(
        name=_user_name(),
        host=socket.gethostname(),
        terminal=_terminal(),
        role=Role.VIEWER if read_only else Role.ADMIN,
    )


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())  # a container may run as a number without a name


def _terminal() -> str:
    try:
        return os.ttyname(sys.stdin.fileno()) if sys.stdin and sys.stdin.isatty() else ""
    except (OSError, ValueError):
        return ""
