"""The demo's world is faultless where it should be, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.clock import SystemClock
from core.demo.fleet import fleet
from core.demo.targets import BEHAVIOURS
from core.demo.world import demo_settings
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Observation, Status
from core.settings import load_settings

PORTS = {"http": 1, "closed": 2, "expired": 3, "self-signed": 4, "mail": 5}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """Run the simulated services; give their ports."""
    command = [sys.executable, "-m", "core.demo.targets", str(tmp_path_factory.mktemp("certificates"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(timeout=10) == 0, "its standard input is its lifeline"


async def test_the_mail_server_greets(ports: Mapping[str, int]) -> None:
    seen = await observe(f"tcp://127.0.0.1:{ports['mail']}", kind=Kind.TCP, contains="220 ")
    assert (seen.status, seen.detail) == (Status.UP, None)


async def observe(url: str, **wanted: object) -> Observation:
    prober = Prober(SystemClock())
    try:
        return await prober.check(CheckRequest(url, timeout_seconds=2.0, **wanted))  # type: ignore[arg-type]  # by name
    finally:
        await prober.close()


def test_no_simulated_client_or_service_has_a_fault() -> None:
    for client, services in fleet(PORTS):
        assert client.faults() == ()
        for service in services:
            assert service.faults(client) == ()


def test_names_are_unique_so_that_the_demo_can_be_saved() -> None:
    companies = list(fleet(PORTS))
    assert len({client.name for client, _ in companies}) == len(companies)
    for _, services in companies:
        assert len({service.name for service in services}) == len(services)


@pytest.mark.parametrize(
    ("behaviour", "status", "error"),
    [
        ("up", Status.UP, None),
        ("moved", Status.UP, None),
        ("failing", Status.DOWN, ErrorKind.STATUS),
        ("hanging", Status.DOWN, ErrorKind.TIMEOUT),
        ("garbage", Status.DOWN, ErrorKind.PROTOCOL),
        ("circling", Status.DOWN, ErrorKind.REDIRECT),
        ("aborting", Status.DOWN, ErrorKind.PROTOCOL),
    ],
)
async def test_each_service_behaves_as_its_path_says(
    ports: Mapping[str, int], behaviour: str, status: Status, error: ErrorKind | None
) -> None:
    seen = await observe(f"http://127.0.0.1:{ports['http']}/acme/shop/{behaviour}")
    assert (seen.status, seen.error) == (status, error)


async def test_a_slow_service_is_degraded_and_an_empty_one_says_something_else(
    ports: Mapping[str, int],
) -> None:
    base = f"http://127.0.0.1:{ports['http']}/acme/shop"
    assert (await observe(f"{base}/slow", degraded_above_ms=400)).status is Status.DEGRADED
    assert (await observe(f"{base}/empty", contains="healthy")).error is ErrorKind.CONTENT


@pytest.mark.parametrize("name", ["expired", "self-signed"])
async def test_certificates_are_bad_in_their_own_way(ports: Mapping[str, int], name: str) -> None:
    seen = await observe(f"https://127.0.0.1:{ports[name]}/x/up")
    assert seen.error is ErrorKind.TLS
    assert seen.certificate is not None
    assert (seen.certificate.days_left(seen.checked_at) < 0) is (name == "expired")


def test_every_behaviour_that_the_fleet_names_exists() -> None:
    named = {
        service.endpoint.rsplit("/", 1)[-1]
        for _, services in fleet(PORTS)
        for service in services
        if service.endpoint.startswith("/")
    }
    assert named - {"paused"} <= set(BEHAVIOURS)


def test_the_settings_of_the_demo_touch_nothing_of_the_operator(tmp_path: Path) -> None:
    own = load_settings({"RONDA_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://h/d"}, checkout=None)
    with demo_settings(own) as settings:
        folder = settings.data_dir.parent
        assert folder.is_dir()
        assert settings.database_url is None
        for path in (settings.data_dir, settings.config_dir, settings.log_dir):
            assert path.parent == folder
    assert not folder.exists()
