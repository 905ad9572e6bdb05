"""Many checks that succeed, fail and are cancelled, and what they leave behind: nothing.

The servers are a process of their own. What is left is counted after a first part, when every cache and
pool of threads is filled, and again at the end.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from bench.targets import Ports, free_port, listen_forever, make_certificate, scratch, serving
from bench.usage import resident_megabytes
from core.checks.exchange import Peer
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.resolver import SystemResolver
from core.checks.tls import Trust
from core.clock import SystemClock
from core.loop import run

CHECKS = int(os.environ.get("RONDA_SOAK_CHECKS", "100000"))
WARM_UP = 5_000
"""Checks before the first count."""
IN_FLIGHT = 64
CANCELLED = 0.2
"""The share of checks that are cancelled, at some moment within ``CANCEL_SECONDS``."""
CANCEL_SECONDS = 0.01
TIMEOUT_SECONDS = 0.1
SLOW_SECONDS = 0.2
"""What a slow lookup takes; it outlives its check."""
RSS_SLACK = 8.0
"""Megabytes that the allocator may come to hold without anything being left behind."""
_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_ANSWERS = {
    b"/right": _HEAD + b"Content-Length: 2\r\n\r\nok",
    b"/wrong": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    b"/empty": b"",
    b"/garbage": b"\x00\x01\x02 garbage\r\n\r\n",
    b"/half": _HEAD + b"Content-Length: 9\r\n\r\nhalf",
    b"/large": _HEAD + b"\r\n" + b"x" * 1_200_000,
    b"/damaged": _HEAD + b"Content-Encoding: gzip\r\n\r\nthis is not gzip",
    b"/round": b"HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n",
}
_HANGING = b"/hanging"


def main() -> None:
    """Soak and print what was there before and after; ends with an error if something grew."""
    with scratch() as folder:
        certificate = make_certificate(folder)
        with serving(_serve, certificate) as (ports, _pid):
            growth = run(_soak(certificate, ports))
    if growth:
        sys.exit(f"Something grew: {', '.join(growth)}.")


@dataclass(frozen=True, slots=True)
class Left:
    """What there is at a moment when nothing is under way."""

    sockets: int
    """Open files, sockets among them."""
    tasks: int
    threads: int
    objects: int
    """What the garbage collector looks after."""
    rss: float
    """Megabytes."""

    @classmethod
    def now(cls) -> Left:
        """Count."""
        gc.collect()
        return cls(
            len(os.listdir("/dev/fd")),
            len(asyncio.all_tasks()),
            threading.active_count(),
            len(gc.get_objects()),
            resident_megabytes(),
        )

    def line(self, name: str) -> str:
        """Give a line of the table."""
        return (
            f"{name:<8}{self.sockets:>8}{self.tasks:>7}{self.threads:>9}{self.objects:>9}{self.rss:>8.1f} MB"
        )

    def grown_to(self, later: Left) -> list[str]:
        """Name what there is more of later."""
        grown = {
            "sockets": later.sockets > self.sockets,
            "tasks": later.tasks > self.tasks,
            "threads": later.threads > self.threads,
            "objects": later.objects > self.objects + 200,
            "memory": later.rss > self.rss + RSS_SLACK,
        }
        return [name for name, is_more in grown.items() if is_more]


async def _soak(certificate: Path, ports: Ports) -> list[str]:
    prober = Prober(SystemClock(), resolver=SystemResolver(_lookup), trust=Trust(certificate))
    requests = _requests(*ports)
    await _run(prober, requests, WARM_UP)
    before = await _settled()
    began = monotonic()
    outcomes = await _run(prober, requests, CHECKS)
    seconds = monotonic() - began
    after = await _settled()
    await prober.close()
    print(f"{CHECKS:,} checks in {seconds:.0f} s, {IN_FLIGHT} in flight")
    print("  " + ", ".join(f"{name} {count:,}" for name, count in outcomes.most_common()))
    print(f"{'':<8}{'sockets':>8}{'tasks':>7}{'threads':>9}{'objects':>9}{'memory':>11}")
    print(before.line("before"))
    print(after.line("after"))
    return before.grown_to(after)


async def _settled() -> Left:
    """Count once what was cancelled is gone: lookups that nobody waits for end by themselves."""
    await asyncio.sleep(5 * SLOW_SECONDS)
    return Left.now()


async def _run(prober: Prober, requests: list[CheckRequest], checks: int) -> Counter[str]:
    chance = random.Random(1)
    outcomes: Counter[str] = Counter()
    left = iter(range(checks))

    async def work() -> None:
        for _number in left:
            outcomes[await _one(prober, chance.choice(requests), chance)] += 1

    await asyncio.gather(*(work() for _number in range(IN_FLIGHT)))
    return outcomes


async def _one(prober: Prober, request: CheckRequest, chance: random.Random) -> str:
    check = asyncio.create_task(prober.check(request))
    if chance.random() < CANCELLED:
        await asyncio.sleep(chance.random() * CANCEL_SECONDS)
        check.cancel()
    (outcome,) = await asyncio.gather(check, return_exceptions=True)
    if isinstance(outcome, asyncio.CancelledError):
        return "cancelled"
    if isinstance(outcome, BaseException):
        raise outcome
    return str(outcome.error or outcome.status)


def _requests(plain: int, secure: int) -> list[CheckRequest]:
    """Give checks of every kind of end."""
    paths = [path.decode() for path in [*_ANSWERS, _HANGING]]
    urls = [f"http://127.0.0.1:{plain}{path}" for path in paths]
    urls += [f"https://localhost:{secure}{path}" for path in paths]
    urls += [f"https://other.test:{secure}/right", f"https://localhost:{plain}/right"]
    urls += [f"http://two.test:{plain}/right", f"http://127.0.0.1:{free_port()}/", "http://nowhere.test/"]
    urls += [f"http://slow{number}.test/" for number in range(3)]
    return [
        CheckRequest(url, contains=contains, timeout_seconds=TIMEOUT_SECONDS)
        for url in urls
        for contains in ("", "ok")
    ]


def _lookup(host: str) -> list[Peer]:
    if host.startswith("slow"):
        sleep(SLOW_SECONDS)
    if host.startswith(("slow", "nowhere")):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    here = Peer(socket.AF_INET, ("127.0.0.1", 0))
    return [Peer(socket.AF_INET, ("127.0.0.2", 0)), here] if host == "two.test" else [here]


class _Misbehaving(asyncio.Protocol):
    """Answers by the path that it is asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1] if data.count(b" ") > 1 else b""
        if path != _HANGING:
            self._transport.write(_ANSWERS.get(path, b""))
            self._transport.close()


def _serve(certificate: Path, ports: Ports) -> None:
    """Be the servers until the process is ended."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_arguments: None)  # what clients do to it is not the matter
        await listen_forever(_Misbehaving, certificate, ports)

    asyncio.run(forever())


if __name__ == "__main__":
    main()
