"""Name servers that misbehave: each is told by its reason, or heard no longer than the deadline."""

from __future__ import annotations

import contextlib
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core.checks.datagrams as datagrams
from core.checks.dns_messages import Query
from core.checks.exchange import ExchangeFailed
from core.checks.prober import Prober
from core.domain.observations import ErrorKind, Status
from tests.checks.kinds import expect_down, expect_too_late, promptly
from tests.checks.name_server import (
    A,
    NameServer,
    Say,
    framed,
    records,
    response,
    silent,
    target,
    truncated,
    with_id,
)

MALFORMED = "the answer of the name server breaks the rules of DNS"


async def test_a_name_server_that_knows_only_plain_questions_is_asked_one(prober: Prober) -> None:
    def plain_only(question: bytes) -> list[bytes]:
        extended = dns.message.from_wire(question).edns >= 0
        return (records(code="FORMERR") if extended else records(A))(question)

    async with NameServer(plain_only) as server:
        assert (await promptly(prober, target(server))).status is Status.UP
    assert len(server.asked) == 2


async def test_an_answer_that_does_not_fit_is_fetched_over_tcp(prober: Prober) -> None:
    many = [f"example.com. 60 IN TXT {number}{'x' * 200}" for number in range(100)]
    async with NameServer(truncated, framed(records(*many))) as server:
        seen = await promptly(prober, target(server), record_type="TXT", expected_answers=("99" + "x" * 200,))
    assert (seen.status, seen.detail) == (Status.UP, None)
    assert seen.phases.connect_ms is not None


async def test_what_is_cut_off_in_the_middle_of_a_record_is_fetched_over_tcp(prober: Prober) -> None:
    def cut(question: bytes) -> list[bytes]:
        wire = bytearray(response(question, A).to_wire())
        wire[2] |= 0x02
        return [bytes(wire[:40])]

    async with NameServer(cut, framed(records(A))) as server:
        assert (await promptly(prober, target(server))).status is Status.UP


OVER_TCP: list[Any] = [
    pytest.param(lambda _q: [], True, "broke its answer off", id="a close"),
    pytest.param(lambda _q: [b"\0"], True, "broke its answer off", id="half a length"),
    pytest.param(lambda _q: [b"\0\x63", b"abc"], True, "broke its answer off", id="half an answer"),
    pytest.param(lambda _q: [b"\0\0"], False, MALFORMED, id="an empty answer"),
    pytest.param(lambda _q: [b"\0\x14", bytes(20)], False, MALFORMED, id="an answer to somebody else"),
    pytest.param(framed(truncated), False, MALFORMED, id="truncated again"),
    pytest.param(lambda _q: [b"SSH-2.0-OpenSSH_9.2\r\n" * 2000], False, MALFORMED, id="a banner"),
]


@pytest.mark.parametrize(("over_tcp", "closes", "detail"), OVER_TCP)
async def test_misbehaviour_over_tcp_is_told(
    prober: Prober, over_tcp: Say, closes: bool, detail: str
) -> None:
    async with NameServer(truncated, over_tcp, closes) as server:
        await expect_down(prober, target(server), ErrorKind.PROTOCOL, detail)


async def test_silence_over_tcp_runs_into_the_deadline(prober: Prober) -> None:
    async with NameServer(truncated, silent) as server:
        await expect_too_late(prober, target(server), "the name server did not answer")


async def test_nobody_at_tcp_is_told(prober: Prober) -> None:
    async with NameServer(truncated) as server:
        assert server._server is not None
        server._server.close()
        await expect_down(prober, target(server), ErrorKind.CONNECT, "connection refused")


BROKEN = [
    pytest.param(lambda q: [with_id(q, b"\x81\x80" + b"\xff" * 30)], id="garbage"),
    pytest.param(lambda q: [with_id(q, b"\x81\x80\0\1\0\1\0\0\0\0")], id="only a head"),
    pytest.param(lambda q: [q], id="our own question"),
    pytest.param(lambda q: [with_id(q, response(b"\0\0" + q[2:]).to_wire()[2:18] + b"x")], id="cut off"),
    pytest.param(
        lambda q: [with_id(q, response(Query("other.test", "A").wire).to_wire()[2:])], id="another question"
    ),
    pytest.param(
        lambda q: [with_id(q, response(q).to_wire()[2:12] + b"\xc0\x0c\0\1\0\1")], id="a name that is itself"
    ),
    pytest.param(
        records("example.com. 60 IN CNAME a.test.", "a.test. 60 IN CNAME example.com."),
        id="aliases in a ring",
    ),
]


@pytest.mark.parametrize("say", BROKEN)
async def test_an_answer_that_breaks_the_rules_is_told(prober: Prober, say: Say) -> None:
    async with NameServer(say) as server:
        seen = await expect_down(prober, target(server), ErrorKind.PROTOCOL, MALFORMED)
    assert seen.latency_ms is None
    assert seen.evidence is not None
    assert seen.evidence.body


def wrong_id(question: bytes) -> list[bytes]:
    wire = records(A)(question)[0]
    return [bytes([wire[0] ^ 1]) + wire[1:]]


NOT_MEANT_FOR_US = [
    pytest.param(silent, id="silence"),
    pytest.param(wrong_id, id="a wrong number"),
    pytest.param(lambda q: [q[:2], b"", b"\0" * 11], id="too short to be anything"),
    pytest.param(lambda _q: [b"SSH-2.0-OpenSSH_9.2\r\n"] * 50, id="a flood of something else"),
]


@pytest.mark.parametrize("say", NOT_MEANT_FOR_US)
async def test_what_is_not_meant_for_us_is_no_answer(prober: Prober, say: Say) -> None:
    async with NameServer(say) as server:
        seen = await expect_too_late(prober, target(server), "the name server did not answer")
    assert seen.address == "127.0.0.1"


async def test_the_answer_is_taken_from_among_what_is_not_meant_for_us(prober: Prober) -> None:
    async with NameServer(lambda q: [b"x", *wrong_id(q), *records(A)(q)]) as server:
        assert (await promptly(prober, target(server))).status is Status.UP


async def test_a_question_that_gets_lost_is_asked_again(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.05)
    heard: list[bytes] = []

    def loses_the_first(question: bytes) -> list[bytes]:
        heard.append(question)
        return records(A)(question) if len(heard) > 1 else []

    async with NameServer(loses_the_first) as server:
        assert (await promptly(prober, target(server))).status is Status.UP
    assert len(set(heard)) == 1


async def test_a_silent_server_is_not_asked_for_ever(prober: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.01)
    async with NameServer(silent) as server:
        await expect_too_late(prober, target(server), "the name server did not answer")
    assert len(server.asked) == 3


# Whatever comes.


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_answer_breaks_the_reader(data: st.DataObject) -> None:
    record_type = data.draw(st.sampled_from(["A", "MX", "TXT", "SOA", "CAA", "SRV"]))
    query = Query("example.com", record_type)
    whole = response(query.wire, 'example.com. 60 IN TXT "a" "b"', A).to_wire()
    changed = bytearray(whole)
    for _change in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(2, len(changed) - 1))] = data.draw(st.integers(0, 255))
    answer = bytes(changed[: data.draw(st.integers(0, len(changed)))]) + data.draw(st.binary(max_size=40))
    with contextlib.suppress(ExchangeFailed):
        assert query.reply(answer) is None or len(answer) >= 12
