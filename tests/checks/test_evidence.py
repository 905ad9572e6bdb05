"""A check that fails keeps what it met: enough to see why, and nothing that it should not hold."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.evidence import EVIDENCE_LIMIT, Evidence
from core.domain.observations import ErrorKind, Observation
from core.domain.secret import MASK
from core.domain.text import has_control_characters
from tests.checks.conftest import TableResolver
from tests.checks.server import Received, Server, Visitor, closed_port, says, says_then_hangs

UNWELL = b"HTTP/1.1 503 Not Today\r\nServer: front\r\nContent-Length: 7\r\n\r\nno luck"


def evidence_of(seen: Observation) -> Evidence:
    assert seen.evidence is not None
    return seen.evidence


async def test_a_wrong_status_keeps_head_body_phase_and_address(prober: Prober) -> None:
    async with Server(says(UNWELL)) as server:
        evidence = evidence_of(await prober.check(CheckRequest(server.url)))
    assert evidence == Evidence(
        phase="body",
        address="127.0.0.1",
        head="HTTP/1.1 503 Not Today\nServer: front\nContent-Length: 7",
        body="no luck",
    )


async def test_a_check_that_passes_keeps_nothing(prober: Prober) -> None:
    async with Server(says(UNWELL)) as server:
        seen = await prober.check(CheckRequest(server.url, expected_status="503"))
    assert seen.evidence is None


async def test_a_missing_text_keeps_the_body_that_was_searched(prober: Prober) -> None:
    async with Server(says(UNWELL)) as server:
        check = CheckRequest(server.url, expected_status="503", contains="luck!")
        seen = await prober.check(check)
    assert (seen.error, evidence_of(seen).body) == (ErrorKind.CONTENT, "no luck")


async def test_of_a_long_body_the_beginning_is_kept(prober: Prober) -> None:
    body = b"a" * 100_000
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with Server(says(answer + body)) as server:
        evidence = evidence_of(await prober.check(CheckRequest(server.url)))
    assert evidence.body == "a" * EVIDENCE_LIMIT
    assert evidence.truncated


async def test_a_body_that_does_not_end_changes_no_verdict(prober: Prober) -> None:
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nso far"
    async with Server(says_then_hangs(answer)) as server:
        seen = await prober.check(CheckRequest(server.url, timeout_seconds=1.0))
    assert (seen.error, seen.detail) == (ErrorKind.STATUS, "got 500, expected 200")
    assert evidence_of(seen).body == "so far"
    assert seen.latency_ms is not None
    assert seen.latency_ms < 400  # the wait for the evidence is none of the service's


async def test_an_answer_that_is_cut_off_keeps_what_came(prober: Prober) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"
    async with Server(says(answer)) as server:
        seen = await prober.check(CheckRequest(server.url, contains="x"))
    assert (seen.error, evidence_of(seen).body) == (ErrorKind.PROTOCOL, "half of it")
    assert evidence_of(seen).head.startswith("HTTP/1.1 200 OK\n")


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail.acme.test ESMTP\r\n", b"HTTP/1.1 what\r\n\r\n"]
)
async def test_what_is_no_answer_is_kept_as_it_came(prober: Prober, garbage: bytes) -> None:
    async with Server(says(garbage), reads_request=False) as server:
        seen = await prober.check(CheckRequest(server.url))
    assert seen.error is ErrorKind.PROTOCOL
    assert evidence_of(seen).body.strip() == garbage.decode().replace("\r\n", "\n").strip()


@pytest.mark.parametrize(
    ("slow", "phase"), [(True, "lookup"), (False, "connect")], ids=["a slow name", "a closed port"]
)
async def test_a_check_that_reaches_nobody_tells_the_phase(
    prober: Prober, resolver: TableResolver, slow: bool, phase: str
) -> None:
    if slow:
        resolver.slow.add("localhost")
    check = CheckRequest(f"http://localhost:{closed_port()}/", timeout_seconds=0.2)
    assert evidence_of(await prober.check(check)) == Evidence(phase, None)


async def test_secrets_that_come_back_are_masked(prober: Prober) -> None:
    async def echo(visitor: Visitor, received: Received) -> None:
        token = received.headers["authorization"]
        body = f"you sent {token}, that is {token.split()[1]}".encode()
        head = f"HTTP/1.1 401 No\r\nX-Echo: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        await visitor.say(head.encode() + body)

    async with Server(echo) as server:
        check = CheckRequest(server.url, headers=(("Authorization", "Bearer hunter2"),))
        evidence = evidence_of(await prober.check(check))
    assert f"X-Echo: {MASK}" in evidence.head
    assert evidence.body == f"you sent {MASK}, that is {MASK}"


async def test_a_secret_across_the_end_of_what_is_kept_is_masked_too(prober: Prober) -> None:
    body = b"x" * (EVIDENCE_LIMIT - 4) + b"hunter2"
    answer = b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with Server(says(answer + body)) as server:
        check = CheckRequest(server.url, headers=(("X-Token", "hunter2"),))
        evidence = evidence_of(await prober.check(check))
    assert evidence.body == "x" * (EVIDENCE_LIMIT - 4) + MASK[:4]


async def test_nothing_in_it_steers_a_terminal(prober: Prober) -> None:
    body = b"\x1b]0;owned\x07\x1b[2J\r\nsecond\tline\x9b31m\xe2\x80\xae"
    answer = b"HTTP/1.1 500 \x1b[1mBad\r\nX: \x1b[31m\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with Server(says(answer + body)) as server:
        seen = await prober.check(CheckRequest(server.url))
    evidence = evidence_of(seen)
    for text in (evidence.head, evidence.body):
        assert not has_control_characters(text, allowed="\n\t")
    assert seen.error in {ErrorKind.STATUS, ErrorKind.PROTOCOL}
    assert "second\tline" in evidence.body


async def test_a_compressed_body_is_kept_as_text(prober: Prober) -> None:
    body = gzip.compress(b"the reason")
    answer = b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with Server(says(answer + body)) as server:
        assert evidence_of(await prober.check(CheckRequest(server.url))).body == "the reason"


async def test_the_last_of_several_hops_is_the_one_that_is_kept(prober: Prober) -> None:
    async def moved(visitor: Visitor, received: Received) -> None:
        if received.path == "/":
            await visitor.say(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 3\r\n\r\nold")
        else:
            await visitor.say(UNWELL)

    async with Server(moved) as server:
        evidence = evidence_of(await prober.check(CheckRequest(server.url)))
    assert (evidence.head.partition("\n")[0], evidence.body) == ("HTTP/1.1 503 Not Today", "no luck")


async def test_many_failing_checks_at_once_keep_their_own(prober: Prober) -> None:
    async def named(visitor: Visitor, received: Received) -> None:
        body = received.path.encode()
        await visitor.say(b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    async with Server(named) as server:
        checks = [prober.check(CheckRequest(f"{server.url}/{number}")) for number in range(20)]
        seen = await asyncio.gather(*checks)
    assert [evidence_of(each).body for each in seen] == [f"/{number}" for number in range(20)]


async def test_of_what_is_no_answer_no_part_of_a_secret_is_kept(prober: Prober) -> None:
    secret = "s3cr3t-" * 20
    noise = b"x" * (EVIDENCE_LIMIT - 30) + secret.encode()
    async with Server(says(noise)) as server:
        seen = await prober.check(CheckRequest(server.url, headers=(("X-Key", secret),)))
    assert seen.error is ErrorKind.PROTOCOL
    assert evidence_of(seen).body == "x" * (EVIDENCE_LIMIT - 30) + MASK


async def test_a_content_type_that_nobody_can_read_breaks_no_check(prober: Prober) -> None:
    answer = (
        b"HTTP/1.1 500 Oops\r\nContent-Type: a/b; charset*=x; charset*0*=y\r\nContent-Length: 2\r\n\r\nno"
    )
    async with Server(says(answer)) as server:
        seen = await prober.check(CheckRequest(server.url))
    assert (seen.error, evidence_of(seen).body) == (ErrorKind.STATUS, "no")
