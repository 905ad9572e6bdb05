"""TLS alone: the handshake, the certificate, and what a peer says of a client's."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

import core.checks.handshake as handshake
from core.checks.exchange import ExchangeFailed, Peer
from core.checks.prober import Prober
from core.domain.observations import ErrorKind, Status
from tests.checks.certificates import DAY, Authority
from tests.checks.conftest import SettableClock, TableResolver
from tests.checks.hostile import resets_at_once
from tests.checks.kinds import expect_down, expect_too_late, promptly
from tests.checks.server import (
    Behaviour,
    Server,
    black_hole,
    closed_port,
    floods,
    says,
    says_then_hangs,
    says_then_resets,
    shakes_hands,
)

BROKEN = "the connection was closed during the TLS handshake"

GOOD = [
    pytest.param(says(), id="ends"),
    pytest.param(says_then_hangs(), id="waits for us"),
    pytest.param(says_then_hangs(b"220 mail.test ESMTP\r\n"), id="speaks first"),
    pytest.param(floods(b"", b"x" * 4096), id="speaks without end"),
    pytest.param(resets_at_once, id="resets afterwards"),
]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("behaviour", GOOD)
async def test_a_handshake_is_enough_whatever_the_protocol_does(
    prober: Prober, authority: Authority, behaviour: Behaviour, version: ssl.TLSVersion
) -> None:
    context = authority.server()
    context.minimum_version = context.maximum_version = version
    async with Server(behaviour, tls=context, reads_request=False) as server:
        seen = await promptly(prober, f"tls://localhost:{server.port}")
    assert (seen.status, seen.error, seen.detail, seen.address) == (Status.UP, None, None, "127.0.0.1")
    assert seen.certificate is not None
    assert seen.certificate.subject == "localhost"
    assert seen.latency_ms is not None
    assert seen.phases.tls_ms is not None
    assert seen.phases.first_byte_ms is None


async def test_a_peer_that_does_not_end_is_not_waited_for_long_nor_does_it_count(
    prober: Prober, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "FAREWELL_SECONDS", 0.2)
    async with shakes_hands(authority.server()) as port:  # it hangs up when we have
        start = perf_counter()
        seen = await promptly(prober, f"tls://localhost:{port}")
        elapsed_ms = (perf_counter() - start) * 1000
    assert (seen.status, seen.detail) == (Status.UP, None)
    assert seen.latency_ms is not None
    assert seen.latency_ms <= elapsed_ms - 190


async def test_no_protocol_is_offered_and_the_name_is(prober: Prober, authority: Authority) -> None:
    asked: list[str | None] = []
    chosen: list[str | None] = []
    context = authority.server()
    context.set_alpn_protocols(["http/1.1", "h2"])
    context.sni_callback = lambda _tls, name, _context: asked.append(name)

    async def behave(visitor: Any, _received: Any) -> None:
        chosen.append(visitor.writer.get_extra_info("ssl_object").selected_alpn_protocol())

    async with Server(behave, tls=context, reads_request=False) as server:
        assert (await promptly(prober, f"tls://localhost:{server.port}")).status is Status.UP
    assert (asked, chosen) == (["localhost"], [None])


async def test_a_host_of_other_letters_is_in_the_certificate_as_dns_has_it(
    prober: Prober, authority: Authority, resolver: TableResolver
) -> None:
    resolver.knows("xn--mnchen-3ya.test", "127.0.0.1")
    context = authority.server(["xn--mnchen-3ya.test"])
    async with Server(says(), tls=context, reads_request=False) as server:
        assert (await promptly(prober, f"tls://münchen.test:{server.port}")).status is Status.UP


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda ours, _: ours.server(ends_in=-DAY), "the certificate has expired"),
        (lambda ours, _: ours.server(["other.test"]), "the certificate is for another host"),
        (lambda ours, _: ours.server(self_signed=True), "the certificate is self-signed"),
        (lambda _, stranger: stranger.server(), "the certificate's issuer is not known"),
    ],
    ids=["expired", "wrong host", "self-signed", "unknown issuer"],
)
async def test_a_refused_certificate_is_told_with_the_reason(
    prober: Prober, authority: Authority, stranger: Authority, make: Any, detail: str
) -> None:
    async with Server(says(), tls=make(authority, stranger), reads_request=False) as server:
        seen = await expect_down(prober, f"tls://localhost:{server.port}", ErrorKind.TLS, detail)
    assert seen.certificate is not None
    assert seen.certificate.subject in {"localhost", "other.test"}
    assert seen.latency_ms is None


async def test_a_refused_certificate_is_seen_even_of_a_peer_that_does_not_speak_http(
    prober: Prober, stranger: Authority
) -> None:
    context = stranger.server()
    context.set_alpn_protocols(["imap"])
    async with Server(says(), tls=context, reads_request=False) as server:
        target = f"tls://localhost:{server.port}"
        seen = await expect_down(prober, target, ErrorKind.TLS, "issuer is not known")
    assert seen.certificate is not None


@pytest.mark.parametrize(
    ("days", "status", "detail"),
    [
        (14.5, Status.UP, None),
        (13.5, Status.DEGRADED, "the certificate ends in 13 days"),
        (1.5, Status.DEGRADED, "the certificate ends in 1 day"),
    ],
)
async def test_a_certificate_that_ends_soon_is_degraded(
    prober: Prober,
    authority: Authority,
    clock: SettableClock,
    days: float,
    status: Status,
    detail: str | None,
) -> None:
    clock.time += timedelta(days=90 - days)
    async with Server(says(), tls=authority.server(), reads_request=False) as server:
        seen = await promptly(prober, f"tls://localhost:{server.port}")
        unwarned = await promptly(prober, f"tls://localhost:{server.port}", tls_warn_days=None)
    assert (seen.status, seen.error, seen.detail) == (status, None, detail)
    assert unwarned.status is Status.UP


async def test_without_verification_the_certificate_is_shown_and_not_judged(
    prober: Prober, stranger: Authority
) -> None:
    context = stranger.server(["other.test"], ends_in=-DAY)
    async with Server(says(), tls=context, reads_request=False) as server:
        seen = await promptly(prober, f"tls://localhost:{server.port}", verify_tls=False)
    assert (seen.status, seen.detail) == (Status.UP, None)
    assert seen.certificate is not None
    assert seen.certificate.subject == "other.test"


def asking_for_a_certificate(authority: Authority, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = authority.server()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.cafile)
    return context


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_peer_that_wants_a_certificate_of_the_client_says_so(
    prober: Prober, authority: Authority, version: ssl.TLSVersion
) -> None:
    async with shakes_hands(asking_for_a_certificate(authority, version)) as port:
        seen = await promptly(prober, f"tls://localhost:{port}")
    assert (seen.status, seen.error, seen.latency_ms) == (Status.DOWN, ErrorKind.TLS, None)
    if version is ssl.TLSVersion.TLSv1_3:  # the older has no word for it
        assert seen.detail == "the peer asks for a client certificate"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_certificate_of_the_client_is_shown(
    prober: Prober, authority: Authority, version: ssl.TLSVersion
) -> None:
    async def shows(visitor: Any, _received: Any) -> None:
        shown.append(visitor.writer.get_extra_info("peercert"))

    shown: list[Any] = []
    cert = str(authority.client("ronda"))
    context = asking_for_a_certificate(authority, version)
    async with Server(shows, tls=context, reads_request=False) as server:
        seen = await promptly(prober, f"tls://localhost:{server.port}", client_cert=cert)
    assert seen.status is Status.UP
    assert shown[0]


async def test_a_certificate_of_the_client_that_is_missing_is_told_before_anybody_is_asked(
    prober: Prober, tmp_path: Path, authority: Authority
) -> None:
    async with Server(says(), tls=authority.server(), reads_request=False) as server:
        target = f"tls://localhost:{server.port}"
        missing = str(tmp_path / "no.pem")
        await expect_down(prober, target, ErrorKind.TLS, "cannot be used", client_cert=missing)
    assert server.connections == 0


INSTEAD = [
    pytest.param(says(), BROKEN, id="a close"),
    pytest.param(says_then_resets(), BROKEN, id="a reset"),
    pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), "the peer does not speak TLS", id="a banner"),
    pytest.param(floods(b"", b"x" * 4096), "the peer does not speak TLS", id="endless data"),
    pytest.param(says(bytes(range(7, 207))), "the peer does not speak TLS", id="garbage"),
    pytest.param(says(b"\x15\x03\x03\0\x02\x02\x28"), "nothing in common", id="an alert"),
]


@pytest.mark.parametrize(("behaviour", "detail"), INSTEAD)
async def test_what_is_no_handshake_is_told(prober: Prober, behaviour: Behaviour, detail: str) -> None:
    async with Server(behaviour, reads_request=False) as server:
        await expect_down(prober, f"tls://localhost:{server.port}", ErrorKind.TLS, detail)


async def test_silence_runs_into_the_deadline(prober: Prober) -> None:
    async with Server(says_then_hangs(), reads_request=False) as server:
        seen = await expect_too_late(
            prober, f"tls://localhost:{server.port}", "the TLS handshake did not end"
        )
    assert seen.address == "127.0.0.1"


async def test_a_black_hole_runs_into_the_deadline(prober: Prober) -> None:
    async with black_hole() as port:
        await expect_too_late(prober, f"tls://127.0.0.1:{port}", "no connection was made")


async def test_a_closed_port_is_told(prober: Prober) -> None:
    await expect_down(prober, f"tls://127.0.0.1:{closed_port()}", ErrorKind.CONNECT, "connection refused")


async def test_without_a_port_it_is_that_of_https(
    prober: Prober, resolver: TableResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[Peer]:
        asked.append((host, port))
        raise ExchangeFailed(ErrorKind.DNS, "unknown")

    monkeypatch.setattr(resolver, "resolve", resolve)
    await expect_down(prober, "tls://nobody.test", ErrorKind.DNS, "unknown")
    assert asked == [("nobody.test", 443)]
