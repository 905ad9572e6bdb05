"""TCP: a connection, what is said over it, and the text that the peer must send."""

from __future__ import annotations

import socket

import pytest

from core.checks.prober import Prober
from core.checks.tcp import READ_LIMIT
from core.clock import SystemClock
from core.domain.observations import ErrorKind, Status
from tests.checks.conftest import TableResolver
from tests.checks.kinds import expect_down, expect_too_late, promptly
from tests.checks.server import (
    Behaviour,
    Received,
    Server,
    Visitor,
    black_hole,
    closed_port,
    drips,
    floods,
    says,
    says_then_hangs,
    says_then_resets,
)

LISTENS = says_then_hangs()


def tcp(behaviour: Behaviour = LISTENS, host: str = "127.0.0.1") -> Server:
    return Server(behaviour, host=host, reads_request=False)


async def test_a_connection_is_enough_where_nothing_is_expected(prober: Prober) -> None:
    async with tcp() as server:
        seen = await promptly(prober, f"tcp://localhost:{server.port}")
    assert (seen.status, seen.error, seen.detail, seen.address) == (Status.UP, None, None, "127.0.0.1")
    assert seen.latency_ms is not None
    assert seen.phases.connect_ms is not None
    assert seen.phases.dns_ms is not None
    assert (seen.phases.tls_ms, seen.phases.first_byte_ms) == (None, None)
    assert seen.latency_ms >= seen.phases.connect_ms


async def test_a_literal_address_is_not_looked_up(prober: Prober, resolver: TableResolver) -> None:
    async with tcp() as server:
        seen = await promptly(prober, f"tcp://127.0.0.1:{server.port}")
    assert (seen.status, seen.phases.dns_ms, resolver.asked) == (Status.UP, None, [])


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_ipv6_is_reached(prober: Prober) -> None:
    async with tcp(host="::1") as server:
        seen = await promptly(prober, f"tcp://[::1]:{server.port}")
    assert (seen.status, seen.address) == (Status.UP, "::1")


async def test_a_host_of_several_addresses_is_up_if_one_is(prober: Prober, resolver: TableResolver) -> None:
    resolver.knows("both.test", "127.0.0.2", "127.0.0.1")
    async with tcp() as server:
        seen = await promptly(prober, f"tcp://both.test:{server.port}")
    assert (seen.status, seen.address) == (Status.UP, "127.0.0.1")


async def test_a_host_of_other_letters_is_asked_for_as_dns_has_it(
    prober: Prober, resolver: TableResolver
) -> None:
    resolver.knows("xn--mnchen-3ya.test", "127.0.0.1")
    async with tcp() as server:
        assert (await promptly(prober, f"tcp://münchen.test:{server.port}")).status is Status.UP


@pytest.mark.parametrize("target", ["tcp://a\N{ZERO WIDTH JOINER}b.test:80", "tcp://ab--ü.test:80"])
async def test_a_host_that_can_be_no_name_is_told(prober: Prober, target: str) -> None:
    await expect_down(prober, target, ErrorKind.DNS, "the host name is not valid")


async def test_a_target_without_a_port_is_told(prober: Prober) -> None:
    await expect_down(prober, "tcp://localhost", ErrorKind.PROTOCOL, "the target is not valid")


async def test_what_is_to_be_said_is_said_as_it_is(prober: Prober) -> None:
    heard: list[bytes] = []

    async def echoes(visitor: Visitor, _received: Received) -> None:
        heard.append(await visitor.reader.readexactly(len("PING ü\r\n".encode())))
        await visitor.say(b"+PONG\r\n")

    async with tcp(echoes) as server:
        target = f"tcp://localhost:{server.port}"
        seen = await promptly(prober, target, body="PING ü\n", contains="+PONG")
    assert (seen.status, heard) == (Status.UP, ["PING ü\r\n".encode()])
    assert seen.phases.first_byte_ms is not None


async def test_what_is_said_needs_no_answer(prober: Prober) -> None:
    async with tcp() as server:
        assert (await promptly(prober, f"tcp://localhost:{server.port}", body="x")).status is Status.UP


FOUND = [
    pytest.param(says(b"220 mail.test ESMTP\r\n"), id="and then the end"),
    pytest.param(says_then_hangs(b"220 mail.test ESMTP\r\n"), id="and then silence"),
    pytest.param(says_then_resets(b"220 mail.test ESMTP\r\n"), id="and then a reset"),
    pytest.param(says(*(bytes([byte]) for byte in b"220 mail.test ESMTP\r\n")), id="a byte at a time"),
    pytest.param(floods(b"220 mail.test ESMTP\r\n", b"x" * 4096), id="and then no end"),
    pytest.param(says(b"\xff" * (READ_LIMIT - 5) + b"ESMTP"), id="at the very end of what is read"),
]


@pytest.mark.parametrize("behaviour", FOUND)
async def test_the_text_that_is_expected_is_found(prober: Prober, behaviour: Behaviour) -> None:
    async with tcp(behaviour) as server:
        seen = await promptly(prober, f"tcp://localhost:{server.port}", contains="ESMTP")
    assert (seen.status, seen.detail, seen.evidence) == (Status.UP, None, None)


async def test_the_end_without_the_text_is_told_with_what_came(prober: Prober) -> None:
    async with tcp(says(b"554 go \x1b[31maway\r\n")) as server:
        target = f"tcp://localhost:{server.port}"
        seen = await expect_down(
            prober, target, ErrorKind.CONTENT, "the peer did not send “220”", contains="220"
        )
    assert seen.latency_ms is not None
    assert seen.evidence is not None
    assert (seen.evidence.phase, seen.evidence.body) == ("answer", "554 go �[31maway\n")


async def test_a_peer_that_only_hangs_up_did_not_send_it(prober: Prober) -> None:
    async with tcp(says()) as server:
        target = f"tcp://localhost:{server.port}"
        seen = await expect_down(prober, target, ErrorKind.CONTENT, "the peer did not send", contains="220")
    assert seen.phases.first_byte_ms is None


async def test_endless_data_without_the_text_is_too_large(prober: Prober) -> None:
    async with tcp(floods(b"", b"x" * 4096)) as server:
        target = f"tcp://localhost:{server.port}"
        detail = "the peer sent more than 64 KiB without “220”"
        seen = await expect_down(prober, target, ErrorKind.TOO_LARGE, detail, contains="220")
    assert seen.evidence is not None
    assert (len(seen.evidence.body), seen.evidence.truncated) == (4096, True)


@pytest.mark.parametrize(
    "behaviour", [says_then_resets(), says_then_resets(b"22")], ids=["at once", "in the middle"]
)
async def test_a_reset_before_the_text_is_told(prober: Prober, behaviour: Behaviour) -> None:
    async with tcp(behaviour) as server:
        target = f"tcp://localhost:{server.port}"
        seen = await expect_down(
            prober, target, ErrorKind.PROTOCOL, "the connection was reset", contains="220"
        )
    assert seen.latency_ms is None


@pytest.mark.parametrize(
    ("behaviour", "came"), [(LISTENS, ""), (says_then_hangs(b"22"), "22")], ids=["silence", "the half of it"]
)
async def test_silence_instead_of_the_text_runs_into_the_deadline(
    prober: Prober, behaviour: Behaviour, came: str
) -> None:
    async with tcp(behaviour) as server:
        target = f"tcp://localhost:{server.port}"
        seen = await expect_too_late(prober, target, "connected, but “220” did not come", contains="220")
    assert seen.evidence is not None
    assert (seen.address, seen.evidence.body) == ("127.0.0.1", came)


async def test_drops_run_into_the_deadline(prober: Prober) -> None:
    async with tcp(drips(b"", b"x")) as server:
        target = f"tcp://localhost:{server.port}"
        await expect_too_late(prober, target, "connected, but “220” did not come", contains="220")


async def test_a_peer_that_does_not_listen_runs_into_the_deadline(prober: Prober) -> None:
    async def ignores(visitor: Visitor, _received: Received) -> None:
        visitor.writer.transport.pause_reading()  # type: ignore[attr-defined] # the stub knows no reading side
        await LISTENS(visitor, _received)

    async with tcp(ignores) as server:
        target = f"tcp://localhost:{server.port}"
        await expect_too_late(
            prober, target, "connected, but what it is told was not taken", body="x" * 32_000_000
        )


async def test_a_closed_port_is_told(prober: Prober) -> None:
    target = f"tcp://127.0.0.1:{closed_port()}"
    seen = await expect_down(prober, target, ErrorKind.CONNECT, "connection refused")
    assert (seen.latency_ms, seen.address) == (None, None)


async def test_a_name_that_is_unknown_is_told(prober: Prober) -> None:
    await expect_down(prober, "tcp://nowhere.test:1", ErrorKind.DNS, "the host name does not exist")


async def test_a_black_hole_runs_into_the_deadline(prober: Prober) -> None:
    async with black_hole() as port:
        await expect_too_late(prober, f"tcp://127.0.0.1:{port}", "no connection was made")


async def test_a_slow_name_runs_into_the_deadline(prober: Prober, resolver: TableResolver) -> None:
    resolver.slow.add("slow.test")
    await expect_too_late(prober, "tcp://slow.test:1", "the host name was still looked up")


@pytest.mark.parametrize(("lagged", "status"), [(False, Status.DEGRADED), (True, Status.UP)])
async def test_a_slow_connection_is_degraded_unless_this_process_was_slow(
    resolver: TableResolver, lagged: bool, status: Status
) -> None:
    async with tcp() as server:
        target = f"tcp://localhost:{server.port}"
        prober = Prober(SystemClock(), resolver=resolver, lagged_within=lambda _seconds: lagged)
        seen = await promptly(prober, target, degraded_above_ms=0)
    assert (seen.status, seen.lagged) == (status, lagged)
