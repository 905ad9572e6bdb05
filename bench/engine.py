"""CPU per check: Ronda's probe against plain httpx and blackbox_exporter, each check on a new connection.

All engines check the same target, a process of its own whose time does not count, in turns and at the
same pace: the groups in which the round starts checks. Only the time of the engine's own process
counts, user and system. Shares do not depend on how fast the machine is, so they are what to look at.

nginx is the target where it is installed, else a small server in Python; blackbox_exporter is left out
where it is not (Debian: ``prometheus-blackbox-exporter``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.checks.http import Prober
from core.checks.request import CheckRequest
from core.checks.tls import Trust
from core.clock import SystemClock

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
START_SECONDS = 10.0
"""How long a process may take to listen."""
TEXT = "ok"
"""What the checks for a text look for."""
BODY = '{"status":"ok"}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\n"
    b"Content-Length: 15\r\nConnection: close\r\n\r\n" + BODY.encode()
)
_EXPORTER = "prometheus-blackbox-exporter"
_TICKS = os.sysconf("SC_CLK_TCK")


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
    with tempfile.TemporaryDirectory(prefix="ronda-bench-", dir="/tmp") as folder:
        certificate = make_certificate(Path(folder))
        with _target(Path(folder), certificate) as (plain, secure):
            kinds = (
                Kind("HTTP, status", f"http://127.0.0.1:{plain}/health", "", "status"),
                Kind("HTTP, status and text", f"http://127.0.0.1:{plain}/health", TEXT, "text"),
                Kind("HTTPS, status", f"https://localhost:{secure}/health", "", "status"),
            )
            costs = asyncio.run(_measure(Path(folder), certificate, kinds))
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


def own_cpu_seconds() -> float:
    """Give the CPU time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


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
    context = Trust(certificate).context(verify=True)
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
    with _running([_EXPORTER, *options], port) as process:
        idle: list[_Asker] = []

        async def check(kind: Kind) -> None:
            asker = idle.pop() if idle else await _Asker.connected(port)
            answer = await asker.ask(f"/probe?module={kind.module}&target={quote(kind.url, safe='')}")
            idle.append(asker)
            if "probe_success 1" not in answer:
                raise RuntimeError(answer)

        yield Engine("blackbox_exporter", check, lambda: _cpu_seconds_of(process.pid))
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


def _cpu_seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime, fields 14 and 15 of proc(5)


# The target.


@contextmanager
def _target(folder: Path, certificate: Path) -> Iterator[tuple[int, int]]:
    """Give the ports of a running target, plain and TLS."""
    ports = free_port(), free_port()
    if shutil.which("nginx") is None:
        target = multiprocessing.get_context("spawn").Process(target=_serve, args=(certificate, ports))
        target.start()
        try:
            wait_until_it_listens(ports[1])
            yield ports
        finally:
            target.terminate()
            target.join()
        return
    config = folder / "nginx.conf"
    config.write_text(_NGINX_CONFIG.format(folder=folder, plain=ports[0], secure=ports[1], body=BODY))
    with _running(["nginx", "-p", str(folder), "-c", str(config)], ports[1]):
        yield ports


_NGINX_CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_timeout 0; default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; scgi_temp_path {folder}/scgi;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    server {{ listen 127.0.0.1:{plain} backlog=1024; return 200 '{body}'; }}
    server {{
        listen 127.0.0.1:{secure} ssl backlog=1024; return 200 '{body}';
        ssl_certificate {folder}/target.pem; ssl_certificate_key {folder}/target.pem;
    }}
}}
"""


class _Answering(asyncio.Protocol):
    """Answers every request with the same 200 and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER)
        self._transport.close()


def _serve(certificate: Path, ports: tuple[int, int]) -> None:
    """Be the target until the process is ended."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        await loop.create_server(_Answering, "127.0.0.1", ports[0], backlog=1024)
        await loop.create_server(_Answering, "127.0.0.1", ports[1], ssl=context, backlog=1024)
        await asyncio.Event().wait()

    asyncio.run(forever())


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for localhost and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=100))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "target.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@contextmanager
def _running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for a while, from the moment on that it listens."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_it_listens(port)
            yield process
        finally:
            process.terminate()


def free_port() -> int:
    """Give a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until_it_listens(port: int) -> None:
    """Wait until a server of this machine takes connections; RuntimeError if it never does."""
    give_up = monotonic() + START_SECONDS
    while monotonic() < give_up:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.1):
            return
    raise RuntimeError(f"nothing listens on port {port}")


if __name__ == "__main__":
    main()
