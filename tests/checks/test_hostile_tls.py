"""Servers whose TLS or certificate is at fault in some way: each is told by its reason."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.certificates import DAY, Authority
from tests.checks.hostile import (
    NINE,
    OK,
    PROTOCOL,
    SHORT_SECONDS,
    TEXT,
    Case,
    by_name,
    expect_fault,
    expect_timeout,
    expect_up,
    observe,
)
from tests.checks.server import (
    Behaviour,
    Received,
    Server,
    Visitor,
    answers,
    says,
    says_then_hangs,
    says_then_resets,
    shakes_hands,
)

TLS = ErrorKind.TLS
BROKEN = "the connection was closed during the TLS handshake"
FAILED = "the TLS handshake failed"
NEEDLE = OK + b"Content-Length: 6\r\n\r\nneedle"


def alert(number: int, level: int = 2) -> bytes:
    """A TLS record that holds one alert (RFC 8446, section 6)."""
    return b"\x15\x03\x03\0\x02" + bytes([level, number])


def instead_of_a_handshake(name: str, behaviour: Behaviour, detail: str) -> Case:
    """Something else where a handshake should be."""
    return Case(name, behaviour, TLS, detail=detail, reads_request=False, scheme="https")


HANDSHAKES = [
    instead_of_a_handshake("a close", says(), BROKEN),
    instead_of_a_handshake("a reset", says_then_resets(), BROKEN),
    instead_of_a_handshake("half a record, then a close", says(b"\x16\x03\x03\x01\0abc"), BROKEN),
    instead_of_a_handshake("half a record, then a reset", says_then_resets(b"\x16\x03\x03"), BROKEN),
    instead_of_a_handshake("an answer in plain HTTP", says(NEEDLE), "does not speak TLS"),
    instead_of_a_handshake("the banner of SSH", says(b"SSH-2.0-OpenSSH_9.2\r\n"), "does not speak TLS"),
    instead_of_a_handshake("random bytes", says(bytes(range(7, 207))), "does not speak TLS"),
    instead_of_a_handshake("a record of no known type", says(b"\x63\x03\x03\0\x02ab"), FAILED),
    instead_of_a_handshake("a record that is too long", says(b"\x16\x03\x03\xff\xff" + bytes(99)), FAILED),
    instead_of_a_handshake("a hello that is garbage", says(b"\x16\x03\x03\0\x08\x02\0\0\x04abcd"), FAILED),
    instead_of_a_handshake("our own hello", says(b"\x16\x03\x01\0\x08\x01\0\0\x04abcd"), FAILED),
    instead_of_a_handshake("data before keys", says(b"\x17\x03\x03\0\x04abcd"), FAILED),
    instead_of_a_handshake("handshake_failure", says(alert(40)), "nothing in common"),
    instead_of_a_handshake("insufficient_security", says(alert(71)), "nothing in common"),
    instead_of_a_handshake("protocol_version", says(alert(70)), "only outdated TLS"),
    instead_of_a_handshake("internal_error", says(alert(80)), "broke down"),
    instead_of_a_handshake("access_denied", says(alert(49)), "denies access"),
    instead_of_a_handshake("unrecognized_name", says(alert(112)), "serves no such host"),
    instead_of_a_handshake("no_application_protocol", says(alert(120)), "does not offer HTTP/1.1"),
    instead_of_a_handshake("an alert of no known number", says(alert(199)), FAILED),
    instead_of_a_handshake("close_notify at once", says(alert(0, level=1)), BROKEN),
]

SILENT = [
    Case("silence", says_then_hangs(), detail="handshake did not end", reads_request=False, scheme="https"),
    Case(
        "half a hello",
        says_then_hangs(b"\x16\x03\x03\x01\0\x02"),
        detail="handshake did not end",
        reads_request=False,
        scheme="https",
    ),
]


@pytest.mark.parametrize("case", by_name(HANDSHAKES))
async def test_what_is_no_handshake_is_told_at_once(prober: Prober, case: Case) -> None:
    await expect_fault(prober, case)


@pytest.mark.parametrize("case", by_name(SILENT))
async def test_a_handshake_without_an_end_meets_the_deadline(prober: Prober, case: Case) -> None:
    await expect_timeout(prober, case)


def cuts_off(*pieces: bytes) -> Behaviour:
    """Send the pieces, then close the connection under TLS without saying so."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(*pieces)
        visitor.writer.transport.abort()

    return behave


def leaves_tls(plain: bytes) -> Behaviour:
    """Send something past TLS."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        os.write(visitor.writer.get_extra_info("socket").fileno(), plain)

    return behave


INSIDE = [
    Case("a close before the answer", says(), PROTOCOL, detail="closed without an answer"),
    Case("an end that was not announced before the answer", cuts_off(), PROTOCOL, detail="closed without"),
    Case("one in the headers", cuts_off(OK), PROTOCOL, detail="closed in the middle of the headers"),
    Case("one in the body", cuts_off(NINE + b"1"), PROTOCOL, 200, "middle of the body", TEXT),
    Case("one in a body until close", cuts_off(OK + b"\r\nhay"), PROTOCOL, 200, "middle of the body", TEXT),
    Case("a reset before the answer", says_then_resets(), PROTOCOL, detail="reset before the answer"),
    Case("a reset in the body", says_then_resets(NINE + b"1"), PROTOCOL, 200, "middle of the body", TEXT),
    Case("plain text past TLS", leaves_tls(NEEDLE), TLS, detail="broke off TLS"),
    Case("an alert past TLS", leaves_tls(alert(80)), TLS, detail="broke off TLS"),
    Case("a record past TLS", leaves_tls(b"\x17\x03\x03\0\x20" + bytes(32)), TLS, detail="broke off TLS"),
    Case("frames of HTTP/2", says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d"), PROTOCOL, detail="not HTTP"),
]

ENDS = [
    Case("a length and an end that was not announced", cuts_off(NEEDLE), code=200, check=TEXT),
    Case("a body until an end that was announced", says(OK + b"\r\nneedle"), code=200, check=TEXT),
    Case(
        "a body over many records", says(OK + b"\r\n", *[b"x" * 40_000] * 9, b"needle"), code=200, check=TEXT
    ),
]


@pytest.mark.parametrize("case", by_name(INSIDE))
async def test_what_breaks_inside_tls_is_told_at_once(
    prober: Prober, authority: Authority, case: Case
) -> None:
    await expect_fault(prober, replace(case, tls=authority.server()))


@pytest.mark.parametrize("case", by_name(ENDS))
async def test_ends_that_are_right_are_up(prober: Prober, authority: Authority, case: Case) -> None:
    await expect_up(prober, replace(case, tls=authority.server()))


async def test_plain_http_that_is_sent_to_tls_is_no_http(prober: Prober, authority: Authority) -> None:
    case = Case("", answers(), PROTOCOL, detail="", tls=authority.server(), scheme="http")
    await expect_fault(prober, case)


# Certificates beside those of test_tls.

MakeContext = Callable[[Authority, Path], ssl.SSLContext]


def child(authority: Authority, folder: Path, name: str, **options: object) -> Authority:
    return Authority(folder, name, parent=authority, **options)  # type: ignore[arg-type] # of the table below


CERTIFICATES: dict[str, tuple[MakeContext, str | None]] = {
    "a host below the wildcard": (lambda ours, _: ours.server(["*.localhost"]), "for another host"),
    "a name that merely looks the same": (
        lambda ours, _: ours.server(["localhost.test"]),
        "for another host",
    ),
    "names in the subject only": (lambda ours, _: ours.server(shows_hosts=False), "for another host"),
    "for clients only": (
        lambda ours, _: ours.server(usage=ExtendedKeyUsageOID.CLIENT_AUTH),
        "not meant for servers",
    ),
    "a short key": (lambda ours, _: ours.server(rsa_bits=1024), "too weak"),
    "an issuer that is not shown": (
        lambda ours, folder: child(ours, folder, "Hidden").server(),
        "issuer is not known",
    ),
    "an issuer that is shown": (
        lambda ours, folder: child(ours, folder, "Shown").server(shows_issuer=True),
        None,
    ),
    "an issuer that has expired": (
        lambda ours, folder: child(ours, folder, "Expired", ends_in=-DAY).server(shows_issuer=True),
        "has expired",
    ),
    "an issuer that may not issue": (
        lambda ours, folder: child(ours, folder, "Lay", may_issue=False).server(shows_issuer=True),
        "may not issue",
    ),
    "a root of its own": (
        lambda _, folder: Authority(folder, "Own-Root").server(shows_issuer=True),
        "issuer is not known",
    ),
    "an end in 30 days": (lambda ours, _: ours.server(ends_in=30 * DAY), None),
}


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_certificate_at_fault_is_shown_with_the_reason(
    prober: Prober, authority: Authority, tmp_path: Path, name: str
) -> None:
    make, detail = CERTIFICATES[name]
    seen, elapsed = await observe(prober, Case("", answers(), tls=make(authority, tmp_path)), 5.0)
    assert (seen.status, seen.error) == ((Status.UP, None) if detail is None else (Status.DOWN, TLS))
    assert (detail or "") in (seen.detail or "")
    assert seen.certificate is not None
    assert elapsed < 2.0


async def test_the_certificate_of_the_name_that_is_asked_for_counts(
    prober: Prober, authority: Authority
) -> None:
    right, wrong = authority.server(), authority.server(["other.test"])

    def choose(tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if name == "localhost":
            tls.context = right

    wrong.sni_callback = choose
    case = Case("", answers(), tls=wrong)
    assert (await observe(prober, case, 5.0))[0].status is Status.UP
    async with Server(answers(), tls=wrong) as server:  # an address sends no name
        seen = await prober.check(CheckRequest(server.url))
    assert (seen.error, seen.detail) == (TLS, "the certificate is for another host")


async def offered(prober: Prober, context: ssl.SSLContext, ciphers: str = "") -> Observation:
    if ciphers:
        context.set_ciphers(ciphers)
    async with shakes_hands(context) as port:
        return await prober.check(CheckRequest(f"https://localhost:{port}/"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_a_server_of_old_tls_only_is_outdated(
    prober: Prober, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = authority.server()
    context.minimum_version = context.maximum_version = version
    seen = await offered(prober, context, "ALL:@SECLEVEL=0")
    assert (seen.error, seen.detail) == (TLS, "the peer speaks only outdated TLS")


async def test_ciphers_that_nobody_else_has_are_nothing_in_common(
    prober: Prober, authority: Authority
) -> None:
    context = authority.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = await offered(prober, context, "PSK-AES128-CBC-SHA256:@SECLEVEL=0")
    assert (seen.error, seen.detail) == (TLS, "the peer found nothing in common for TLS")


async def test_a_server_of_tls_1_2_only_is_right(prober: Prober, authority: Authority) -> None:
    context = authority.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen, _elapsed = await observe(prober, Case("", answers(), tls=context), 5.0)
    assert seen.status is Status.UP
    assert seen.certificate is not None


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        (ssl.TLSVersion.TLSv1_2, "the peer found nothing in common for TLS"),  # it has no word of its own
        (ssl.TLSVersion.TLSv1_3, "the peer asks for a client certificate"),
    ],
)
async def test_a_server_that_asks_for_a_client_certificate_is_a_tls_error(
    prober: Prober, authority: Authority, version: ssl.TLSVersion, detail: str
) -> None:
    context = authority.server()
    context.load_verify_locations(authority.cafile)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    seen = await offered(prober, context)
    assert (seen.error, seen.detail) == (TLS, detail)


async def test_a_server_that_offers_only_http_2_is_no_http_1(prober: Prober, authority: Authority) -> None:
    context = authority.server()
    context.set_alpn_protocols(["h2"])
    frames = says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\0\xff\xff")
    seen, _elapsed = await observe(prober, Case("", frames, tls=context), 5.0)
    assert (seen.error, seen.detail) == (PROTOCOL, "the answer is not HTTP/1.1")


async def test_a_redirect_to_a_certificate_at_fault_is_told_of_the_last_hop(
    prober: Prober, authority: Authority, stranger: Authority
) -> None:
    async with Server(answers(), tls=stranger.server()) as there:
        location = f"https://localhost:{there.port}/"
        case = Case("", answers(b"", f"Location: {location}", status="302 Found"), tls=authority.server())
        seen, _elapsed = await observe(prober, case, 5.0)
    assert (seen.error, seen.redirects) == (TLS, (location,))
    assert seen.certificate is not None
    assert seen.certificate.issuer == "Ronda-Test-Stranger"


async def test_a_server_is_told_why_its_certificate_was_refused(prober: Prober, stranger: Authority) -> None:
    failures: list[str] = []
    async with shakes_hands(stranger.server(), failures) as port:
        await prober.check(CheckRequest(f"https://localhost:{port}/", timeout_seconds=SHORT_SECONDS))
    assert failures == ["TLSV1_ALERT_UNKNOWN_CA"]
