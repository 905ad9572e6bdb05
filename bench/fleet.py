"""The services that the benchmarks of the round watch, and how late a check of one is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from core.domain.clients import ClientSpec
from core.domain.services import ServiceSpec
from core.worker.rota import regular_moment_after

PER_CLIENT = 100
"""Services of one client."""
CLOCK_SECONDS = 0.01
"""How far the two clocks may drift apart in a run."""


def fleet(
    services: int, interval_seconds: float, port: int
) -> Iterator[tuple[ClientSpec, list[ServiceSpec]]]:
    """Give clients with so many services in all, each at a host of its own with one server behind them."""
    numbers = iter(range(services))
    while mine := list(islice(numbers, PER_CLIENT)):
        client = ClientSpec(f"client {mine[0] // PER_CLIENT}")
        yield (
            client,
            [
                ServiceSpec(f"service {number}", _url(number, port), interval_seconds=interval_seconds)
                for number in mine
            ],
        )


def _url(number: int, port: int) -> str:
    """Give an address in 127/8, above those that mean something on some systems."""
    host = (127 << 24) + (1 << 16) + 1 + number
    return f"http://{'.'.join(str(byte) for byte in host.to_bytes(4, 'big'))}:{port}/health"


def seconds_late(service_id: int, interval_seconds: float, began: float) -> float:
    """Give how long after its regular moment a check began, by the monotonic clock of this machine.

    A moment just ahead is the one that was meant: stored times are of the wall clock. A check that is a
    whole interval late looks like one in time; there are fewer checks than expected then.
    """
    ahead = regular_moment_after(service_id, interval_seconds, began) - began
    return -ahead if ahead < CLOCK_SECONDS else interval_seconds - ahead


def percentile(values: list[float], percent: float) -> float:
    """Give the value that so many percent of the sorted values do not exceed; 0 if there are none."""
    return values[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0
