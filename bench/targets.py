"""What the benchmarks check: a server that answers 200 at every address of 127/8, and how one is run.

nginx is the target where it is installed, else a small server in Python. Every address of 127/8 is this
machine's own on Linux, so that ten thousand services are ten thousand hosts with one server behind them.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START_SECONDS = 10.0
"""How long a process may take to listen."""
TEXT = "ok"
"""What the body of every answer holds."""
_BODY = '{"status":"ok"}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\n"
    b"Content-Length: 15\r\nConnection: close\r\n\r\n" + _BODY.encode()
)

Ports = tuple[int, int]
"""Of a server without TLS and of one with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running target."""

    plain: int
    """Its port without TLS."""
    secure: int
    pid: int
    """Its first process."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone when the block is left; a server of another account gets into it."""
    with tempfile.TemporaryDirectory(prefix="ronda-bench-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@contextmanager
def target(folder: Path, certificate: Path) -> Iterator[Target]:
    """Run the target."""
    if shutil.which("nginx") is None:
        with serving(_serve, certificate) as (ports, pid):
            yield Target(*ports, pid)
        return
    ports = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX_CONFIG.format(folder=folder, plain=ports[0], secure=ports[1], body=_BODY))
    with running(["nginx", "-p", str(folder), "-c", str(config)], ports[1]) as process:
        yield Target(*ports, process.pid)


_NGINX_CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_timeout 0; default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; scgi_temp_path {folder}/scgi;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    server {{ listen 0.0.0.0:{plain} backlog=1024; return 200 '{body}'; }}
    server {{
        listen 0.0.0.0:{secure} ssl backlog=1024; return 200 '{body}';
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


def _serve(certificate: Path, ports: Ports) -> None:
    """Be the target until the process is ended."""
    asyncio.run(listen_forever(_Answering, certificate, ports, "0.0.0.0"))


async def listen_forever(
    protocol: Callable[[], asyncio.Protocol], certificate: Path, ports: Ports, host: str = "127.0.0.1"
) -> None:
    """Speak a protocol on both ports."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    await loop.create_server(protocol, host, ports[0], backlog=1024)
    await loop.create_server(protocol, host, ports[1], ssl=context, backlog=1024)
    await asyncio.Event().wait()


@contextmanager
def serving(serve: Callable[[Path, Ports], None], certificate: Path) -> Iterator[tuple[Ports, int]]:
    """Run servers of ours in a process of their own; give their ports and its number."""
    ports = free_port(), free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(certificate, ports))
    process.start()
    try:
        wait_until_it_listens(ports[1])
        assert process.pid is not None
        yield ports, process.pid
    finally:
        process.terminate()
        process.join()


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for a while, from the moment on that it listens."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_it_listens(port)
            yield process
        finally:
            process.terminate()
            process.wait()


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


def free_port() -> int:
    """Give a port on which nobody of this machine listens."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        return int(sock.getsockname()[1])


def wait_until_it_listens(port: int) -> None:
    """Wait until a server of this machine takes connections; RuntimeError if it never does."""
    give_up = monotonic() + START_SECONDS
    while monotonic() < give_up:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.1):
            return
    raise RuntimeError(f"nothing listens on port {port}")
