"""CPU per check: Ronda's probe against plain httpx, each check on a new connection.

Both run in turns in this process on the same server, which is a process of its own. Only this
process's CPU time counts, user and system; shares do not depend on how fast the machine is.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import resource
import ssl
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.checks.http import Prober
from core.checks.request import CheckRequest
from core.checks.tls import Trust
from core.clock import SystemClock

CHECKS = int(os.environ.get("RONDA_BENCH_CHECKS", "500"))
"""Checks in one run."""
IN_FLIGHT = 32
ROUNDS = 5
"""Runs of each engine, taken in turns; the median counts."""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\n"
    b'Content-Length: 15\r\nConnection: close\r\n\r\n{"status":"ok"}'
)

Check = Callable[[], Awaitable[None]]


class _Target(asyncio.Protocol):
    """Answers every request with the same 200 and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)
        self._transport.close()


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for 127.0.0.1 and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=100))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "target.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def serve(certificate: Path, ports: Connection) -> None:
    """Be the target until the process is ended; sends its two ports, plain and TLS."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        plain = await loop.create_server(_Target, "127.0.0.1", 0, backlog=1024)
        secure = await loop.create_server(_Target, "127.0.0.1", 0, ssl=context, backlog=1024)
        ports.send([server.sockets[0].getsockname()[1] for server in (plain, secure)])
        await asyncio.Event().wait()

    asyncio.run(forever())


async def cpu_per_check_us(check: Check) -> float:
    """Give the CPU microseconds of one check, ``IN_FLIGHT`` of them at a time."""
    left = iter(range(CHECKS))

    async def worker() -> None:
        for _number in left:
            await check()

    before = _cpu_seconds()
    await asyncio.gather(*(worker() for _number in range(IN_FLIGHT)))
    return (_cpu_seconds() - before) / CHECKS * 1e6


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def ronda(prober: Prober, request: CheckRequest) -> Check:
    """Give a check by the probe."""

    async def check() -> None:
        seen = await prober.check(request)
        if seen.error is not None:
            raise RuntimeError(f"{seen.error}: {seen.detail}")

    return check


def plain_httpx(client: httpx.AsyncClient, url: str) -> Check:
    """Give the least that httpx needs for the same: a request, its deadline and its status."""

    async def check() -> None:
        async with asyncio.timeout(10):
            response = await client.get(url)
        if response.status_code != 200:
            raise RuntimeError(f"got {response.status_code}")

    return check


async def measure(certificate: Path, ports: list[int]) -> list[tuple[str, float, float]]:
    """Give (name, httpx, Ronda) in microseconds for every kind of check."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    trust = Trust(certificate)
    prober = Prober(SystemClock(), trust=trust)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    plain, secure = f"http://127.0.0.1:{ports[0]}/health", f"https://localhost:{ports[1]}/health"
    rows = []
    async with httpx.AsyncClient(
        limits=limits, verify=trust.context(verify=True), trust_env=False, timeout=10
    ) as client:
        for name, url, contains in (
            ("HTTP, status", plain, ""),
            ("HTTP, status and text", plain, "ok"),
            ("HTTPS, status", secure, ""),
        ):
            request = CheckRequest(url, contains=contains)
            engines = plain_httpx(client, url), ronda(prober, request)
            runs = [[await cpu_per_check_us(engine) for engine in engines] for _round in range(ROUNDS)]
            theirs, ours = (statistics.median(column) for column in zip(*runs, strict=True))
            rows.append((name, theirs, ours))
    await prober.close()
    return rows


def main() -> None:
    """Measure and print the table."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        target = spawn.Process(target=serve, args=(certificate, sender), daemon=True)
        target.start()
        try:
            rows = asyncio.run(measure(certificate, receiver.recv()))
        finally:
            target.terminate()
            target.join()
    print(f"CPU per check, new connection each, {IN_FLIGHT} in flight, median of {ROUNDS} x {CHECKS}")
    print(f"{'check':<24}{'plain httpx':>14}{'Ronda':>12}{'ratio':>9}")
    for name, theirs, ours in rows:
        print(f"{name:<24}{theirs:>11.0f} us{ours:>9.0f} us{ours / theirs:>9.2f}")


if __name__ == "__main__":
    main()
