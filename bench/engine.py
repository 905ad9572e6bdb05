"""CPU per check: Ronda's probe against plain httpx and blackbox_exporter, each check on a new connection.

All engines check the same target, a process of its own whose time does not count, in turns and at the
same pace: the groups in which the round starts checks. Only the time of the engine's own process
counts, user and system. Shares do not depend on how fast the machine is, so they are what to look at.

nginx is the target where it is installed, else a small server in Python; blackbox_exporter is left out
where it is not (Debian: ``prometheus-blackbox-exporter``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import httpx

from bench.targets import TEXT, free_port, make_certificate, running, scratch, target
from bench.usage import cpu_seconds, own_cpu_seconds
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import TlsProfile, Trust
from core.clock import SystemClock
from core.loop import run

PER_SECOND = 333
"""Checks a second: 10,000 services every 30 seconds."""
GROUP_SECONDS = 0.05
"""How far apart the round starts checks."""
CHECKS = int(os.environ.get("RONDA_BENCH_CHECKS", "1000"))
"""Checks in one run of an engine."""
WARM_UP = 100
"""Checks before the first run of an engine."""
ROUNDS = 3
"""Runs of each engine, taken in turns; the median counts."""
_EXPORTER = "prometheus-blackbox-exporter"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of check."""

    name: str
    url: str
    contains: str
    module: str
    """What blackbox_exporter calls it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that makes checks."""

    name: str
    check: Callable[[Kind], Awaitable[None]]
    """Raises if the check fails."""
    cpu_seconds: Callable[[], float]
    """CPU time of its process until now."""


def main() -> None:
    """Measure and print the table."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with scratch() as folder:
        certificate = make_certificate(folder)
        with target(folder, certificate) as here:
            kinds = (
                Kind("HTTP, status", f"http://127.0.0.1:{here.plain}/health", "", "status"),
                Kind("HTTP, status and text", f"http://127.0.0.1:{here.plain}/health", TEXT, "text"),
                Kind("HTTPS, status", f"https://localhost:{here.secure}/health", "", "status"),
            )
            costs = run(_measure(folder, certificate, kinds))
    _print(kinds, costs)


def _print(kinds: tuple[Kind, ...], costs: dict[str, list[float]]) -> None:
    ours = costs.pop("Ronda")
    print(f"CPU per check, new connection each, {PER_SECOND} a second, median of {ROUNDS} x {CHECKS}")
    print(f"{'check':<24}{'Ronda':>10}" + "".join(f"{name:>20}{'ratio':>7}" for name in costs))
    for number, kind in enumerate(kinds):
        line = f"{kind.name:<24}{ours[number]:>7.0f} us"
        for theirs in costs.values():
            line += f"{theirs[number]:>17.0f} us{ours[number] / theirs[number]:>7.2f}"
        print(line)
    if "blackbox_exporter" not in costs:
        print(f"blackbox_exporter is left out: this needs Linux and {_EXPORTER} on the PATH.")


async def _measure(folder: Path, certificate: Path, kinds: tuple[Kind, ...]) -> dict[str, list[float]]:
    """Give the microseconds of every engine for every kind."""
    async with AsyncExitStack() as stack:
        engines = [
            await stack.enter_async_context(_ronda(certificate)),
            await stack.enter_async_context(_plain_httpx(certificate)),
        ]
        if shutil.which(_EXPORTER) and sys.platform == "linux":
            engines.append(await stack.enter_async_context(_blackbox_exporter(folder, certificate)))
        costs: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for kind in kinds:
            for engine in engines:
                await _paced(engine, kind, WARM_UP)
            runs = [[await _paced(engine, kind, CHECKS) for engine in engines] for _round in range(ROUNDS)]
            for engine, column in zip(engines, zip(*runs, strict=True), strict=True):
                costs[engine.name].append(statistics.median(column))
    return costs


async def _paced(engine: Engine, kind: Kind, checks: int) -> float:
    """Give the CPU microseconds of one check, of so many that are started in groups."""
    before, started, begun = engine.cpu_seconds(), monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while begun < checks:
            due = min(checks, int((monotonic() - started) * PER_SECOND) + 1)
            for _number in range(begun, due):
                group.create_task(_checked(engine, kind))
            begun = due
            await asyncio.sleep(GROUP_SECONDS)
    return (engine.cpu_seconds() - before) / checks * 1e6


async def _checked(engine: Engine, kind: Kind) -> None:
    await engine.check(kind)


# The engines.


@asynccontextmanager
async def _ronda(certificate: Path) -> AsyncIterator[Engine]:
    prober = Prober(SystemClock(), trust=Trust(certificate))
    requests: dict[Kind, CheckRequest] = {}

    async def check(kind: Kind) -> None:
        request = requests.get(kind)
        if request is None:
            request = requests[kind] = CheckRequest(kind.url, contains=kind.contains)
        seen = await prober.check(request)
        if seen.error is not None:
            raise RuntimeError(f"{seen.error}: {seen.detail}")

    yield Engine("Ronda", check, own_cpu_seconds)
    await prober.close()


@asynccontextmanager
async def _plain_httpx(certificate: Path) -> AsyncIterator[Engine]:
    """The least that httpx needs for the same: a request, its deadline, its status and text."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    context = Trust(certificate).context(TlsProfile())
    async with httpx.AsyncClient(limits=limits, verify=context, trust_env=False, timeout=10) as client:

        async def check(kind: Kind) -> None:
            async with asyncio.timeout(10):
                response = await client.get(kind.url)
            if response.status_code != 200 or kind.contains not in response.text:
                raise RuntimeError(f"got {response.status_code}")

        yield Engine("plain httpx", check, own_cpu_seconds)


@asynccontextmanager
async def _blackbox_exporter(folder: Path, certificate: Path) -> AsyncIterator[Engine]:
    """A blackbox_exporter that is asked over connections which stay open, as Prometheus does."""
    port = free_port()
    config = folder / "blackbox.yml"
    config.write_text(_BLACKBOX_CONFIG.format(certificate=certificate, text=TEXT))
    options = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with running([_EXPORTER, *options], port) as process:
        idle: list[_Asker] = []

        async def check(kind: Kind) -> None:
            asker = idle.pop() if idle else await _Asker.connected(port)
            answer = await asker.ask(f"/probe?module={kind.module}&target={quote(kind.url, safe='')}")
            idle.append(asker)
            if "probe_success 1" not in answer:
                raise RuntimeError(answer)

        yield Engine("blackbox_exporter", check, lambda: cpu_seconds(process.pid))
        for asker in idle:
            asker.writer.transport.abort()


_BLACKBOX_CONFIG = """
modules:
  status: {{prober: http, timeout: 10s, http: &http
    {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {certificate}}}}}}}
  text: {{prober: http, timeout: 10s, http:
    {{preferred_ip_protocol: ip4, fail_if_body_not_matches_regexp: ["{text}"]}}}}
"""


@dataclass(slots=True)
class _Asker:
    """A connection to an HTTP server that is used again and again."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connected(cls, port: int) -> _Asker:
        """Connect to a server of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, path: str) -> str:
        """Give the body of an answer."""
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "transfer-encoding: chunked" in head:
            return (await self._chunks()).decode()
        length = head.partition("content-length:")[2].partition("\r\n")[0]
        return (await self.reader.readexactly(int(length))).decode()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return body


if __name__ == "__main__":
    main()
