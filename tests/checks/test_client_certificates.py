"""Checks that show a certificate of their own (mTLS)."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

import pytest

from core.checks.exchange import ExchangeFailed
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import TlsProfile, Trust
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.certificates import Authority
from tests.checks.server import Server, answers, shakes_hands


@pytest.fixture
def demanding(authority: Authority) -> ssl.SSLContext:
    """A server's context that wants to see a certificate of the authority."""
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.cafile)
    return context


async def checked(prober: Prober, context: ssl.SSLContext, cert: str = "", key: str = "") -> Observation:
    async with Server(answers(), tls=context) as server:
        check = CheckRequest(f"https://localhost:{server.port}/", client_cert=cert, client_key=key)
        return await prober.check(check)


async def test_a_check_shows_its_certificate(
    prober: Prober, authority: Authority, demanding: ssl.SSLContext
) -> None:
    seen = await checked(prober, demanding, str(authority.client("watchman")))
    assert (seen.status, seen.detail) == (Status.UP, None)


async def test_certificate_and_key_may_be_two_files(
    prober: Prober, authority: Authority, demanding: ssl.SSLContext, tmp_path: Path
) -> None:
    both = authority.client("watchman").read_text()
    begin = both.index("-----BEGIN PRIVATE KEY")
    (tmp_path / "cert.pem").write_text(both[:begin])
    (tmp_path / "key.pem").write_text(both[begin:])
    seen = await checked(prober, demanding, str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    assert seen.status is Status.UP


async def test_without_one_the_peer_says_what_it_wants(prober: Prober, demanding: ssl.SSLContext) -> None:
    async with shakes_hands(demanding) as port:
        seen = await prober.check(CheckRequest(f"https://localhost:{port}/"))
    assert (seen.status, seen.error) == (Status.DOWN, ErrorKind.TLS)
    assert seen.detail == "the peer asks for a client certificate"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("nonsense", "it does not hold a certificate and a key without password, both in PEM"),
        ("locked", "it does not hold a certificate and a key without password, both in PEM"),
        ("others", "key and certificate do not belong together"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    prober: Prober, authority: Authority, tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / "own.pem"
    key = ""
    if content == "nonsense":
        path.write_text(content)
    elif content == "locked":
        shutil.copy(authority.client("watchman", b"secret"), path)
    elif content == "others":
        shutil.copy(authority.client("watchman"), path)
        key = str(authority.client("another"))
    seen = await checked(prober, authority.server(), str(path), key)
    assert (seen.status, seen.error) == (Status.DOWN, ErrorKind.TLS)
    assert seen.detail == f"the client certificate {path} cannot be used: {reason}"


async def test_a_certificate_that_was_renewed_is_shown_from_then_on(
    prober: Prober, authority: Authority, stranger: Authority, demanding: ssl.SSLContext, tmp_path: Path
) -> None:
    path = tmp_path / "own.pem"
    shutil.copy(stranger.client("watchman"), path)
    assert (await checked(prober, demanding, str(path))).status is Status.DOWN
    shutil.copy(authority.client("watchman"), path)
    assert (await checked(prober, demanding, str(path))).status is Status.UP


async def test_no_check_shows_the_certificate_of_another(
    prober: Prober, authority: Authority, demanding: ssl.SSLContext
) -> None:
    assert (await checked(prober, demanding, str(authority.client("watchman")))).status is Status.UP
    assert (await checked(prober, demanding)).status is Status.DOWN


def test_a_certificate_that_is_no_file_is_not_even_opened(tmp_path: Path) -> None:
    """Whoever opens a pipe waits for the other end, and with it every check."""
    os.mkfifo(tmp_path / "pipe.pem")
    with pytest.raises(ExchangeFailed) as raised:
        Trust().context(TlsProfile(cert=str(tmp_path / "pipe.pem")))
    assert raised.value.kind is ErrorKind.TLS
    assert "both in PEM" in raised.value.detail
