"""ICMP: echoes, those that get lost, what is none, and machines that allow no ping.

Most of it is shown with sockets that send to a peer of the test instead of the kernel's ICMP.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from time import perf_counter

import pytest

import core.checks.datagrams as datagrams
from core.checks.exchange import ExchangeFailed
from core.checks.grading import Grading
from core.checks.icmp import IcmpProbe, checksum, ping_socket
from core.checks.prober import Prober
from core.checks.visit import Visit
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.conftest import TableResolver
from tests.checks.echo_host import EchoHost, Say, echo
from tests.checks.hostile import OVERRUN_SECONDS, SHORT_SECONDS
from tests.checks.kinds import expect_down, expect_too_late, promptly, request

NO_ECHO = "no echo came back"


@pytest.fixture
async def host() -> AsyncIterator[EchoHost]:
    async with EchoHost() as host:
        yield host


@pytest.fixture
def ping(prober: Prober, resolver: TableResolver, host: EchoHost) -> Iterator[Prober]:
    """A prober whose echo requests go to ``host``."""
    prober._probes[Kind.ICMP] = IcmpProbe(resolver, Grading(lambda _seconds: False), host.socket)
    yield prober
    assert len(host.closed) == len(host.families)


async def test_an_echo_is_enough(ping: Prober, host: EchoHost, resolver: TableResolver) -> None:
    seen = await promptly(ping, "icmp://192.0.2.7")
    assert (seen.status, seen.error, seen.detail, seen.address) == (Status.UP, None, None, "192.0.2.7")
    assert seen.latency_ms is not None
    assert seen.phases.first_byte_ms == seen.latency_ms
    assert (seen.phases.dns_ms, seen.phases.connect_ms, resolver.asked) == (None, None, [])
    assert host.families == [socket.AF_INET]


async def test_the_request_is_an_echo_request_with_a_right_checksum(ping: Prober, host: EchoHost) -> None:
    await promptly(ping, "icmp://192.0.2.7")
    kind, code, total, _identifier, number = struct.unpack_from("!BBHHH", host.asked[0])
    assert (kind, code, number, len(host.asked[0])) == (8, 0, 1, 64)
    assert total == checksum(host.asked[0][:2] + b"\0\0" + host.asked[0][4:])


async def test_no_two_checks_send_the_same(ping: Prober, host: EchoHost) -> None:
    await asyncio.gather(*(promptly(ping, "icmp://192.0.2.7") for _check in range(5)))
    assert len({asked[8:] for asked in host.asked}) == 5


async def test_ipv6_has_messages_of_its_own(ping: Prober, host: EchoHost) -> None:
    seen = await promptly(ping, "icmp://[2001:db8::7]")
    assert (seen.status, seen.address) == (Status.UP, "2001:db8::7")
    assert (host.asked[0][0], host.families) == (128, [socket.AF_INET6])


async def test_a_host_is_looked_up(ping: Prober, resolver: TableResolver) -> None:
    resolver.knows("xn--mnchen-3ya.test", "192.0.2.9")
    seen = await promptly(ping, "icmp://münchen.test")
    assert (seen.status, seen.address) == (Status.UP, "192.0.2.9")
    assert seen.phases.dns_ms is not None


async def test_the_header_that_macos_hands_over_is_skipped(ping: Prober, host: EchoHost) -> None:
    host.say = lambda asked: [b"\x45" + bytes(19) + echo(asked), b"\x46" + bytes(23) + echo(asked)]
    assert (await promptly(ping, "icmp://192.0.2.7")).status is Status.UP


async def test_an_echo_that_gets_lost_does_not_matter_nor_count(
    ping: Prober, host: EchoHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.2)
    host.say = lambda asked: [echo(asked)] if len(host.asked) > 1 else []
    start = perf_counter()
    seen = await promptly(ping, "icmp://192.0.2.7")
    elapsed_ms = (perf_counter() - start) * 1000
    assert seen.status is Status.UP
    assert seen.latency_ms is not None
    assert seen.latency_ms <= elapsed_ms - 190


async def test_three_requests_are_enough(
    ping: Prober, host: EchoHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.01)
    host.say = lambda _asked: []
    await expect_too_late(ping, "icmp://192.0.2.7", NO_ECHO)
    assert [int.from_bytes(asked[6:8], "big") for asked in host.asked] == [1, 2, 3]


def changed(asked: bytes, place: int) -> bytes:
    made = bytearray(echo(asked))
    made[place] ^= 1
    return bytes(made)


NO_ECHOES = [
    pytest.param(lambda _asked: [], id="silence"),
    pytest.param(lambda asked: [asked], id="our own request"),
    pytest.param(lambda asked: [changed(asked, 0)], id="another type"),
    pytest.param(lambda asked: [changed(asked, 1)], id="another code"),
    pytest.param(lambda asked: [changed(asked, 6)], id="a number that was not sent"),
    pytest.param(lambda asked: [changed(asked, 40)], id="changed data"),
    pytest.param(lambda asked: [echo(asked)[:-1]], id="cut off"),
    pytest.param(lambda asked: [echo(asked) + b"x"], id="more than was sent"),
    pytest.param(lambda _asked: [b"", b"\0", b"\x45", b"\x4f" * 30, bytes(8)] * 20, id="a flood of garbage"),
]


@pytest.mark.parametrize("say", NO_ECHOES)
async def test_what_is_no_echo_of_ours_does_not_count(ping: Prober, host: EchoHost, say: Say) -> None:
    host.say = say
    seen = await expect_too_late(ping, "icmp://192.0.2.7", NO_ECHO)
    assert seen.address == "192.0.2.7"
    assert seen.evidence is not None
    assert seen.evidence.phase == "answer"


async def test_an_echo_is_found_among_what_is_none(ping: Prober, host: EchoHost) -> None:
    host.say = lambda asked: [b"", changed(asked, 40), echo(asked)]
    assert (await promptly(ping, "icmp://192.0.2.7")).status is Status.UP


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (errno.EHOSTUNREACH, "the host cannot be reached"),
        (errno.ENETUNREACH, "the network cannot be reached"),
        (errno.ECONNREFUSED, "connection refused"),
    ],
)
async def test_a_host_that_cannot_be_reached_is_told(
    ping: Prober, host: EchoHost, code: int, detail: str
) -> None:
    host.fails_with = code
    seen = await expect_down(ping, "icmp://192.0.2.7", ErrorKind.CONNECT, detail)
    assert seen.latency_ms is None


async def test_an_unknown_host_is_told(ping: Prober) -> None:
    await expect_down(ping, "icmp://nowhere.test", ErrorKind.DNS, "the host name does not exist")


async def test_a_slow_name_runs_into_the_deadline(ping: Prober, resolver: TableResolver) -> None:
    resolver.slow.add("slow.test")
    await expect_too_late(ping, "icmp://slow.test", "the host name was still looked up")


async def test_a_slow_echo_is_degraded(ping: Prober) -> None:
    seen = await promptly(ping, "icmp://192.0.2.7", degraded_above_ms=0)
    assert seen.status is Status.DEGRADED


# Sockets that cannot be made, or that reach only some addresses.


async def seen_with(make: Callable[[int], socket.socket], resolver: TableResolver) -> Observation:
    visit = Visit(request("icmp://both.test"), datetime.now(UTC))
    verdict = await IcmpProbe(resolver, Grading(lambda _seconds: False), make)(visit)
    return visit.observation(verdict)


async def test_a_family_that_this_machine_does_not_have_gives_way_to_the_other(
    host: EchoHost, resolver: TableResolver
) -> None:
    def only_ipv4(family: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6")
        return host.socket(family)

    resolver.knows("both.test", "2001:db8::1", "192.0.2.1")
    seen = await seen_with(only_ipv4, resolver)
    assert (seen.status, seen.address) == (Status.UP, "192.0.2.1")


async def test_a_machine_that_ran_out_of_sockets_says_nothing_of_the_host(resolver: TableResolver) -> None:
    def exhausted(_family: int) -> socket.socket:
        raise OSError(errno.EMFILE, "too many")

    resolver.knows("both.test", "2001:db8::1", "192.0.2.1")
    with pytest.raises(OSError, match="Too many open files"):
        await seen_with(exhausted, resolver)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT])
async def test_a_machine_that_allows_no_ping_says_how_to_allow_it(
    prober: Prober, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuses(*_arguments: int) -> socket.socket:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("core.checks.icmp.socket.socket", refuses)
    seen = await expect_down(
        prober, "icmp://127.0.0.1", ErrorKind.INTERNAL, "This machine does not allow unprivileged ping"
    )
    assert 'sysctl -w net.ipv4.ping_group_range="0 2147483647"' in (seen.detail or "")


def refusal(family: int) -> str:
    """Why no ping is possible here, for the tests that make one."""
    try:
        with ping_socket(family) as sock:
            sock.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    except (ExchangeFailed, OSError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("target", "family"), [("icmp://127.0.0.1", socket.AF_INET), ("icmp://[::1]", socket.AF_INET6)]
)
async def test_loopback_answers(prober: Prober, target: str, family: int) -> None:
    if reason := refusal(family):
        pytest.skip(reason)
    for _check in range(5):
        seen = await promptly(prober, target)
        assert (seen.status, seen.detail) == (Status.UP, None)


async def test_an_address_that_nobody_has_is_not_up(prober: Prober) -> None:
    if reason := refusal(socket.AF_INET):
        pytest.skip(reason)
    start = perf_counter()
    seen = await prober.check(request("icmp://192.0.2.1", timeout_seconds=SHORT_SECONDS))
    assert perf_counter() - start < SHORT_SECONDS + OVERRUN_SECONDS
    assert seen.status is Status.DOWN
    assert seen.error in {ErrorKind.CONNECT, ErrorKind.TIMEOUT}


@pytest.mark.parametrize(
    ("message", "total"), [(bytes(8), 0xFFFF), (b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 0x220D)]
)
def test_the_checksum_is_that_of_rfc_1071(message: bytes, total: int) -> None:
    assert checksum(message) == total
