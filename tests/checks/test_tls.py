"""TLS: the reason of every refused handshake, and what the certificate says even then."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest

import core.checks.tls as tls
from core.checks.exchange import Exchange, Peer
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import CertificateLooks, TlsProfile, Trust, handshake_failure, read_certificate
from core.domain.observations import ErrorKind, Status
from tests.checks.certificates import DAY, Authority
from tests.checks.conftest import SettableClock, TableResolver
from tests.checks.server import Server, answers, closed_port, says_then_hangs

MakeContext = Callable[[Authority, Authority], ssl.SSLContext]


async def test_a_good_certificate_is_told(prober: Prober, authority: Authority) -> None:
    async with Server(answers(), tls=authority.server()) as server:
        seen = await prober.check(CheckRequest(f"https://localhost:{server.port}/"))
    assert (seen.status, seen.detail) == (Status.UP, None)
    assert seen.certificate is not None
    assert (seen.certificate.subject, seen.certificate.issuer) == ("localhost", "Ronda-Test-Authority")
    assert abs(seen.certificate.expires_at - (datetime.now(UTC) + 90 * DAY)) < timedelta(minutes=5)
    assert seen.phases.tls_ms is not None


REFUSED = [
    pytest.param(lambda ours, _: ours.server(ends_in=-DAY), "the certificate has expired", id="expired"),
    pytest.param(lambda ours, _: ours.server(begins_in=DAY), "the certificate is not valid yet", id="early"),
    pytest.param(
        lambda ours, _: ours.server(["other.test"]), "the certificate is for another host", id="wrong host"
    ),
    pytest.param(
        lambda ours, _: ours.server(self_signed=True), "the certificate is self-signed", id="self-signed"
    ),
    pytest.param(
        lambda _, stranger: stranger.server(), "the certificate's issuer is not known", id="unknown issuer"
    ),
]


@pytest.mark.parametrize(("context", "detail"), REFUSED)
async def test_a_refused_certificate_is_told_with_the_reason(
    prober: Prober, authority: Authority, stranger: Authority, context: MakeContext, detail: str
) -> None:
    async with Server(answers(), tls=context(authority, stranger)) as server:
        seen = await prober.check(CheckRequest(f"https://localhost:{server.port}/"))
    assert (seen.status, seen.error, seen.detail) == (Status.DOWN, ErrorKind.TLS, detail)
    assert seen.certificate is not None
    assert seen.certificate.subject in {"localhost", "other.test"}
    assert server.requests == []


async def test_an_address_must_be_in_the_certificate(prober: Prober, authority: Authority) -> None:
    async with Server(answers(), tls=authority.server(["localhost"])) as server:
        seen = await prober.check(CheckRequest(server.url))
    assert (seen.error, seen.detail) == (ErrorKind.TLS, "the certificate is for another host")


async def test_an_address_in_the_certificate_is_right(prober: Prober, authority: Authority) -> None:
    async with Server(answers(), tls=authority.server(["127.0.0.1"])) as server:
        assert (await prober.check(CheckRequest(server.url))).status is Status.UP


async def test_the_last_dot_of_a_name_does_not_matter(
    prober: Prober, authority: Authority, resolver: TableResolver
) -> None:
    resolver.knows("localhost.", "127.0.0.1")
    async with Server(answers(), tls=authority.server()) as server:
        seen = await prober.check(CheckRequest(f"https://localhost.:{server.port}/"))
    assert seen.status is Status.UP


async def test_without_verification_any_certificate_will_do_and_its_age_is_not_judged(
    prober: Prober, stranger: Authority
) -> None:
    async with Server(answers(), tls=stranger.server(["other.test"], ends_in=-DAY)) as server:
        seen = await prober.check(CheckRequest(server.url, verify_tls=False))
    assert (seen.status, seen.detail) == (Status.UP, None)
    assert seen.certificate is not None
    assert seen.certificate.subject == "other.test"


@pytest.mark.parametrize(
    ("days_before_end", "status", "detail"),
    [
        (14.5, Status.UP, None),
        (13.5, Status.DEGRADED, "the certificate ends in 13 days"),
        (1.5, Status.DEGRADED, "the certificate ends in 1 day"),
        (-1, Status.DEGRADED, "the certificate has expired"),
    ],
)
async def test_a_certificate_that_ends_soon_makes_the_service_degraded(
    prober: Prober,
    authority: Authority,
    clock: SettableClock,
    days_before_end: float,
    status: Status,
    detail: str | None,
) -> None:
    clock.time += timedelta(days=90 - days_before_end)
    async with Server(answers(), tls=authority.server()) as server:
        seen = await prober.check(CheckRequest(f"https://localhost:{server.port}/"))
    assert (seen.status, seen.error, seen.detail) == (status, None, detail)


async def test_a_silent_handshake_runs_into_the_deadline(prober: Prober) -> None:
    async with Server(says_then_hangs(), reads_request=False) as server:
        start = perf_counter()
        url = f"https://127.0.0.1:{server.port}/"
        seen = await prober.check(CheckRequest(url, timeout_seconds=0.3))
        assert perf_counter() - start < 0.55
    assert (seen.error, seen.address) == (ErrorKind.TIMEOUT, "127.0.0.1")
    assert seen.detail == "no answer within 0.3 s: the TLS handshake did not end"


async def test_names_are_sent_and_only_http_1_1_is_offered(prober: Prober, authority: Authority) -> None:
    asked: list[str | None] = []
    context = authority.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.sni_callback = lambda _tls, name, _context: asked.append(name)
    chosen: list[str | None] = []

    async def behave(visitor: Any, _received: Any) -> None:
        chosen.append(visitor.writer.get_extra_info("ssl_object").selected_alpn_protocol())

    async with Server(behave, tls=context) as server:
        await prober.check(CheckRequest(f"https://localhost:{server.port}/"))
    assert (asked, chosen) == (["localhost"], ["http/1.1"])


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic seconds that looks go by, to be changed in place."""
    now = [1000.0]
    monkeypatch.setattr(tls, "monotonic", lambda: now[0])
    return now


def refused_at(port: int) -> Exchange:
    exchange = Exchange()
    exchange.reached(Peer(socket.AF_INET, ("127.0.0.1", port)))
    exchange.server_name = "localhost"
    return exchange


async def test_a_refused_certificate_is_looked_at_once_an_hour_and_reason(
    trust: Trust, stranger: Authority, now: list[float]
) -> None:
    hellos: list[str | None] = []
    context = stranger.server()
    context.sni_callback = lambda _tls, name, _context: hellos.append(name)
    looks = CertificateLooks(trust)
    async with Server(answers(), tls=context) as server:
        for code, seconds, handshakes in ((20, 0, 1), (20, 3599, 1), (10, 0, 2), (10, 3601, 3)):
            now[0] += seconds
            certificate = await looks.look(refused_at(server.port), code)
            assert certificate is not None
            assert certificate.subject == "localhost"
            assert len(hellos) == handshakes
    assert server.requests == []


async def test_a_look_that_fails_is_not_repeated_at_once(
    trust: Trust, authority: Authority, now: list[float]
) -> None:
    looks = CertificateLooks(trust)
    port = closed_port()
    assert await looks.look(refused_at(port), 20) is None
    async with Server(answers(), tls=authority.server(), port=port):
        assert await looks.look(refused_at(port), 20) is None
        now[0] += 61
        assert await looks.look(refused_at(port), 20) is not None


async def test_the_memory_of_looks_is_bounded(
    trust: Trust, authority: Authority, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "SEEN_LIMIT", 1)
    looks = CertificateLooks(trust)
    port = closed_port()
    assert await looks.look(refused_at(port), 20) is None
    assert await looks.look(refused_at(closed_port()), 20) is None
    async with Server(answers(), tls=authority.server(), port=port):
        assert await looks.look(refused_at(port), 20) is not None


async def test_a_look_that_does_not_end_ends_with_the_deadline(
    prober: Prober, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_arguments: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(CertificateLooks, "look", never)
    async with Server(answers(), tls=stranger.server()) as server:
        url = f"https://localhost:{server.port}/"
        start = perf_counter()
        seen = await prober.check(CheckRequest(url, timeout_seconds=0.3))
        assert perf_counter() - start < 0.55
    assert (seen.error, seen.certificate) == (ErrorKind.TLS, None)


async def test_nothing_is_looked_at_where_nothing_was_reached(trust: Trust) -> None:
    assert await CertificateLooks(trust).look(Exchange(), 20) is None


def test_contexts_are_made_once_for_each_mode(authority: Authority) -> None:
    trust = Trust(authority.cafile)
    verifying, trusting = trust.context(TlsProfile()), trust.context(TlsProfile(verify=False))
    assert trust.context(TlsProfile()) is verifying
    assert trust.context(TlsProfile(verify=False)) is trusting
    assert (verifying.verify_mode, verifying.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (trusting.verify_mode, trusting.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize("machine_has_authorities", [True, False])
def test_without_a_file_the_machines_authorities_count_or_those_of_httpx(
    monkeypatch: pytest.MonkeyPatch, machine_has_authorities: bool
) -> None:
    monkeypatch.setattr(tls, "_machine_has_authorities", lambda: machine_has_authorities)
    context = Trust().context(TlsProfile())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert bool(context.get_ca_certs()) or machine_has_authorities


def test_an_unknown_tls_error_is_still_a_tls_error() -> None:
    error = ssl.SSLError(1, "odd")
    error.reason = "ODD"
    failure = handshake_failure(error)
    assert (failure.kind, failure.detail) == (ErrorKind.TLS, "the TLS handshake failed")


def test_a_certificate_that_is_none_is_not_shown() -> None:
    assert read_certificate(b"nonsense") is None
