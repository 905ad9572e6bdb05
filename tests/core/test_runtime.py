"""Opening and closing of a whole process, on a database of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from core.bus import Bus
from core.checks.request import CheckRequest
from core.domain.clients import ClientSpec
from core.domain.events import StorageChanged, WorkersReported
from core.domain.operators import Role
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from core.domain.workers import WorkerKind, WorkerReport
from core.errors import ConfigError, Forbidden, StorageError, Unreachable
from core.operations.clients import add_client, list_clients
from core.operations.health import watchers
from core.runtime import Runtime, open_desk, open_runtime, open_server
from core.settings import Settings
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer
from core.worker.pulse import Pulse

PATIENCE_SECONDS = 20.0
really_close = Database.close


@pytest.fixture
def settings(shared_settings: Settings) -> Settings:
    """Give settings of a shared server whose database holds nothing."""
    return replace(shared_settings, check_interval_seconds=45.0)


def unreachable(settings: Settings) -> Settings:
    """Give the settings with a server that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(
        database_url=Secret(f"postgresql+psycopg://ronda:s3cret@127.0.0.1:{port}/ronda"),
        data_dir=settings.data_dir,
        config_dir=settings.config_dir,
        log_dir=settings.log_dir,
        secret_key=settings.secret_key,
    )


def closed_port() -> str:
    """Give an address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


async def leading(runtime: Runtime, bus: Bus) -> WorkerReport:
    """Wait until the process reports that it leads."""
    reports: asyncio.Queue[WorkersReported] = asyncio.Queue()
    unsubscribe = bus.subscribe(WorkersReported, reports.put_nowait)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for report in (await reports.get()).workers:
                    if report.leading and report.id == runtime.desk.own_id:
                        return report
    finally:
        unsubscribe()


async def test_a_desk_knows_who_sits_there_and_takes_no_part_in_the_round(settings: Settings) -> None:
    async with open_desk(settings) as desk:
        assert desk.operator.host == socket.gethostname()
        assert desk.operator.name
        assert desk.operator.role is Role.ADMIN
        assert desk.default_interval_seconds == 45.0
        await add_client(desk, ClientSpec("Acme"))
        assert await watchers(desk) == ()


async def test_a_user_without_a_name_goes_by_the_number(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    async with open_desk(settings) as desk:
        assert desk.operator.name == "54321"


async def test_a_read_only_desk_may_look_and_nothing_more(settings: Settings) -> None:
    async with open_desk(settings, read_only=True) as desk:
        assert await list_clients(desk) == []
        with pytest.raises(Forbidden):
            await add_client(desk, ClientSpec("Acme"))


async def test_the_prober_asks_the_pulse_that_beats_whether_the_loop_was_late(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Pulse] = []
    monkeypatch.setattr(Pulse, "start", lambda pulse: started.append(pulse))  # bound, unlike append alone
    monkeypatch.setattr(Pulse, "lagged_within", lambda pulse, _seconds: pulse in started)
    request = CheckRequest.of(ClientSpec("Acme"), ServiceSpec("web", closed_port()))
    async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=False) as runtime:
        assert (await runtime.desk.prober.check(request)).lagged
    async with open_desk(settings) as desk:
        assert not (await desk.prober.check(request)).lagged


async def test_two_processes_have_ids_of_their_own(settings: Settings) -> None:
    async with open_desk(settings) as one, open_desk(settings) as other:
        assert one.own_id != other.own_id


async def test_an_agent_leads_and_leaves_no_trace_on_the_list(settings: Settings) -> None:
    bus = Bus()
    async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=True, bus=bus) as runtime:
        report = await leading(runtime, bus)
        assert (report.kind, report.pid, report.operator) == (
            WorkerKind.AGENT,
            os.getpid(),
            runtime.desk.operator.name,
        )
    async with open_desk(settings) as desk:
        assert await watchers(desk) == ()


@pytest.mark.parametrize(("may_lead", "read_only"), [(False, False), (True, True)])
async def test_a_process_that_only_watches_never_leads(
    settings: Settings, may_lead: bool, read_only: bool
) -> None:
    async with open_runtime(
        settings, kind=WorkerKind.CONSOLE, may_lead=may_lead, read_only=read_only
    ) as runtime:
        assert not runtime.round.may_lead


async def test_the_lead_passes_on_when_a_process_is_closed(settings: Settings) -> None:
    bus = Bus()
    async with open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True, bus=bus) as first:
        await leading(first, bus)
        async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=True) as second:
            assert not second.round.leads
    async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=True, bus=bus) as third:
        await leading(third, bus)


async def test_a_database_that_cannot_be_reached_is_said_without_its_password(settings: Settings) -> None:
    with pytest.raises(Unreachable) as failure:
        async with open_desk(unreachable(settings)):
            pytest.fail("there is no such database")
    assert "s3cret" not in str(failure.value)


async def test_a_shared_server_needs_a_key(settings: Settings) -> None:
    keyless = Settings(settings.database_url, settings.data_dir, settings.config_dir, settings.log_dir)
    with pytest.raises(ConfigError, match="RONDA_SECRET_KEY"):
        async with open_desk(keyless):
            pytest.fail("there is no key")


async def test_what_was_open_is_closed_when_an_opening_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def refuse(_feed: object) -> None:
        raise StorageError("the feed cannot be heard")

    async def close(database: Database) -> None:
        closed.append("database")
        await really_close(database)

    monkeypatch.setattr("core.storage.feed.Feed.start", refuse)
    monkeypatch.setattr(Database, "close", close)
    with pytest.raises(StorageError, match="cannot be heard"):
        async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=True):
            pytest.fail("it must not open")
    assert closed == ["database"]


async def test_a_step_of_closing_that_hangs_or_fails_does_not_keep_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    async def hang(_round: object, _grace_seconds: float = 0.0) -> None:
        steps.append("round")
        await asyncio.Event().wait()

    async def fail(_prober: object) -> None:
        steps.append("prober")
        raise StorageError("no answer")

    async def close(database: Database) -> None:
        steps.append("database")
        await really_close(database)

    monkeypatch.setattr("core.runtime.CLOSE_SECONDS", 0.01)
    monkeypatch.setattr("core.worker.round.Round.start", close_nothing)
    monkeypatch.setattr("core.worker.round.Round.stop", hang)
    monkeypatch.setattr("core.checks.prober.Prober.close", fail)
    monkeypatch.setattr(Database, "close", close)
    with caplog.at_level(logging.WARNING, logger="core.runtime"):
        async with open_runtime(settings, kind=WorkerKind.AGENT, may_lead=True):
            pass
    assert steps == ["round", "prober", "database"]
    assert "the round took longer" in caplog.text
    assert "the prober failed: no answer" in caplog.text


async def close_nothing(_round: object) -> None:
    """Start nothing that would have to be stopped."""


class Starts:
    """Stands in for the embedded server's start: counts the calls, and fails as often as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = 0
        self.ended: asyncio.Queue[int] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._count = 0
        monkeypatch.setattr(EmbeddedServer, "start", lambda _server: self._start())
        monkeypatch.setattr("core.runtime.RESTART_SECONDS", 0.0)

    async def reach(self, count: int) -> None:
        """Wait until so many starts have ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.ended.get() < count:
                pass

    def _start(self) -> str:
        self._count += 1
        self._loop.call_soon_threadsafe(self.ended.put_nowait, self._count)
        if self._count > 1 and self.failures:
            self.failures -= 1
            raise StorageError("the disk is full")
        return "postgresql+psycopg://ronda@/ronda?host=/nowhere"


@pytest.fixture
def embedded(settings: Settings, server_folder: Path) -> Settings:
    """Give settings of an embedded server."""
    return Settings(None, server_folder / "own", settings.config_dir, settings.log_dir)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    """Give the bus of what is opened."""
    bus = Bus()
    monkeypatch.setattr("core.runtime.Bus", lambda: bus)
    return bus


async def test_the_embedded_server_is_brought_back_however_often_that_fails(
    embedded: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    starts = Starts(monkeypatch)
    async with open_server(embedded) as database:
        assert database.is_embedded
        starts.failures = 2
        bus.publish(StorageChanged(online=False))
        await starts.reach(4)
    assert caplog.text.count("could not be brought back: the disk is full") == 2


async def test_a_server_that_is_back_is_left_alone(
    embedded: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = Starts(monkeypatch)
    async with open_server(embedded):
        bus.publish(StorageChanged(online=True))
        assert keepers() == []
        bus.publish(StorageChanged(online=False))
        bus.publish(StorageChanged(online=False))
        (keeper,) = keepers()
        await starts.reach(3)  # it may die again before anybody has heard of it
        bus.publish(StorageChanged(online=True))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait({keeper})
        assert not keeper.cancelled()


def keepers() -> list[asyncio.Task[object]]:
    """Give the tasks that bring a server back."""
    return [task for task in asyncio.all_tasks() if task.get_name() == "keeper of the embedded server"]
