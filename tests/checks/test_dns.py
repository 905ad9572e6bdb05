"""DNS: what is asked of name servers, and what is expected of their answers."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import pytest

import core.checks.datagrams as datagrams
from core.checks.assertions import Verdict
from core.checks.dns import DnsProbe, name_servers
from core.checks.dns_messages import Query
from core.checks.exchange import Exchange, Peer
from core.checks.grading import Grading
from core.checks.prober import Prober
from core.checks.visit import Visit
from core.domain.kinds import RECORD_TYPES
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.conftest import TableResolver
from tests.checks.kinds import expect_down, expect_too_late, promptly, request
from tests.checks.name_server import (
    A,
    NameServer,
    Say,
    records,
    silent,
    target,
)
from tests.checks.server import closed_port


async def test_an_answer_is_enough_where_none_is_expected(prober: Prober) -> None:
    async with NameServer(records(A)) as server:
        seen = await promptly(prober, target(server))
    assert (seen.status, seen.error, seen.detail) == (Status.UP, None, None)
    assert (seen.address, seen.evidence) == ("127.0.0.1", None)
    assert seen.latency_ms is not None
    assert seen.phases.first_byte_ms is not None
    assert (seen.phases.dns_ms, seen.phases.connect_ms, seen.phases.tls_ms) == (None, None, None)


async def test_the_question_is_the_name_the_type_and_a_number_that_cannot_be_guessed(prober: Prober) -> None:
    async with NameServer(records()) as server:
        for _check in range(20):
            await promptly(prober, target(server, "www.Example.com."), record_type="AAAA")
    questions = [dns.message.from_wire(each) for each in server.asked]
    assert {str(each.question[0]) for each in questions} == {"www.Example.com. IN AAAA"}
    assert all(each.flags & dns.flags.RD for each in questions)
    assert len({each.id for each in questions}) > 15


async def test_a_name_of_other_letters_is_asked_for_as_dns_has_it(prober: Prober) -> None:
    async with NameServer(records()) as server:
        await promptly(prober, target(server, "_dmarc.münchen.test"), record_type="TXT")
    question = dns.message.from_wire(server.asked[0]).question[0]
    assert str(question.name) == "_dmarc.xn--mnchen-3ya.test."


async def test_the_name_of_an_address_is_asked_for_in_its_own_zone(prober: Prober) -> None:
    answer = records("7.2.0.192.in-addr.arpa. 60 IN PTR host.example.com.")
    async with NameServer(answer) as server:
        seen = await promptly(
            prober, target(server, "192.0.2.7"), record_type="PTR", expected_answers=("host.example.com",)
        )
    assert seen.status is Status.UP


async def test_a_server_may_be_named_by_its_host(prober: Prober, resolver: TableResolver) -> None:
    resolver.knows("ns.test", "127.0.0.1")
    async with NameServer(records(A)) as server:
        seen = await promptly(prober, f"dns://ns.test:{server.port}/example.com")
    assert (seen.status, seen.address, resolver.asked) == (Status.UP, "127.0.0.1", ["ns.test"])
    assert seen.phases.dns_ms is not None


async def test_the_answer_of_an_alias_counts(prober: Prober) -> None:
    answer = records("www.example.com. 60 IN CNAME example.com.", A)
    async with NameServer(answer) as server:
        seen = await promptly(prober, target(server, "www.example.com"), expected_answers=("192.0.2.1",))
    assert seen.status is Status.UP


EXPECTED = [
    ("A", "192.0.2.1", ("192.0.2.1",)),
    ("AAAA", "2001:db8::1", ("2001:DB8:0:0::0001",)),
    ("MX", "10 Mail.example.com.", ("10 mail.EXAMPLE.com",)),
    ("MX", "10 mail.example.com.", ("mail.example.com.",)),
    ("MX", "0 .", ("0 .",)),
    ("NS", "ns1.example.com.", ("ns1.example.com",)),
    ("TXT", '"v=spf1 " "-all"', ("v=spf1 -all",)),
    ("TXT", '"v=spf1 -all"', ('"V=spf1 -all"',)),
    ("SRV", "10 5 5060 sip.example.com.", ("10 5 5060 sip.example.com",)),
    ("CAA", '0 issue "letsencrypt.org"', ("0 issue letsencrypt.org",)),
    ("SOA", "ns1.a.test. hostmaster.a.test. 7 1 2 3 4", ("ns1.a.test hostmaster.a.test 7 1 2 3 4",)),
    ("CNAME", "other.example.com.", ("other.example.com",)),
]


@pytest.mark.parametrize(("record_type", "text", "expected"), EXPECTED)
async def test_an_expected_answer_is_found_however_it_is_spelt(
    prober: Prober, record_type: str, text: str, expected: tuple[str, ...]
) -> None:
    async with NameServer(records(f"example.com. 60 IN {record_type} {text}")) as server:
        seen = await promptly(prober, target(server), record_type=record_type, expected_answers=expected)
    assert (seen.status, seen.detail) == (Status.UP, None)


@pytest.mark.parametrize(
    ("record_type", "text", "expected"),
    [
        ("A", "192.0.2.1", "192.0.2.11"),
        ("AAAA", "2001:db8::1", "nonsense"),
        ("MX", "10 mail.example.com.", "20 mail.example.com"),
        ("MX", "10 mail.example.com.", "example.com"),
        ("TXT", '"v=spf1 -all"', "v=spf1"),
        ("SRV", "10 5 5060 sip.example.com.", "sip.example.com"),
    ],
)
async def test_an_expected_answer_that_is_missing_is_told(
    prober: Prober, record_type: str, text: str, expected: str
) -> None:
    async with NameServer(records(f"example.com. 60 IN {record_type} {text}")) as server:
        detail = f"“{expected}” is not among the answers: "
        await expect_down(
            prober,
            target(server),
            ErrorKind.CONTENT,
            detail,
            record_type=record_type,
            expected_answers=(expected,),
        )


async def test_all_that_came_is_shown_where_one_is_missing(prober: Prober) -> None:
    several = [f"example.com. 60 IN A 192.0.2.{number}" for number in (1, 2, 3)]
    answer = records("www.example.com. 60 IN CNAME example.com.", *several)
    async with NameServer(answer) as server:
        seen = await expect_down(
            prober,
            target(server, "www.example.com"),
            ErrorKind.CONTENT,
            "“192.0.2.4” is not among the answers: 192.0.2.1, 192.0.2.2, 192.0.2.3",
            expected_answers=("192.0.2.2", "192.0.2.4"),
        )
    assert seen.evidence is not None
    assert seen.evidence.body == "CNAME example.com\n192.0.2.1\n192.0.2.2\n192.0.2.3"
    assert seen.latency_ms is not None


async def test_nothing_in_an_answer_steers_a_terminal(prober: Prober) -> None:
    answer = records('example.com. 60 IN TXT "\\027[31mred"')
    async with NameServer(answer) as server:
        seen = await promptly(prober, target(server), record_type="TXT", expected_answers=("x",))
    assert seen.detail == "“x” is not among the answers: �[31mred"
    assert seen.evidence is not None
    assert seen.evidence.body == "�[31mred"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (records(), "example.com has no MX record"),
        (records("example.com. 60 IN CNAME a.test."), "a.test has no MX record"),
        (records(A), "example.com has no MX record"),
        (records("other.test. 60 IN MX 1 a.test."), "example.com has no MX record"),
    ],
    ids=["nothing", "an alias without", "another type", "another name"],
)
async def test_no_record_of_the_type_is_told(prober: Prober, answer: Say, detail: str) -> None:
    async with NameServer(answer) as server:
        await expect_down(prober, target(server), ErrorKind.CONTENT, detail, record_type="MX")


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("NXDOMAIN", "the name does not exist"),
        ("SERVFAIL", "the name server failed (SERVFAIL)"),
        ("REFUSED", "the name server refuses to answer (REFUSED)"),
        ("NOTIMP", "the name server does not answer such questions (NOTIMP)"),
        ("FORMERR", "the name server did not understand the question (FORMERR)"),
        ("NOTAUTH", "the name server answered NOTAUTH"),
    ],
)
async def test_a_name_server_that_says_no_is_told(prober: Prober, code: str, detail: str) -> None:
    async with NameServer(records(code=code)) as server:
        seen = await expect_down(prober, target(server), ErrorKind.DNS, detail)
    assert seen.detail == detail
    assert (seen.address, seen.latency_ms is not None) == ("127.0.0.1", True)


async def test_a_closed_port_is_told(prober: Prober) -> None:
    seen = await expect_down(
        prober, f"dns://127.0.0.1:{closed_port()}/example.com", ErrorKind.CONNECT, "connection refused"
    )
    assert (seen.latency_ms, seen.address) == (None, "127.0.0.1")


async def test_a_server_whose_name_is_unknown_is_told(prober: Prober) -> None:
    await expect_down(prober, "dns://ns.test/example.com", ErrorKind.DNS, "the host name does not exist")


async def test_a_server_whose_name_is_slow_runs_into_the_deadline(
    prober: Prober, resolver: TableResolver
) -> None:
    resolver.slow.add("ns.test")
    await expect_too_late(prober, "dns://ns.test/example.com", "the host name was still looked up")


@pytest.mark.parametrize("name", ["a..test", f"{'a' * 64}.test", ".".join(["a" * 50] * 6)])
async def test_what_can_be_no_name_is_told(prober: Prober, name: str) -> None:
    await expect_down(prober, f"dns://127.0.0.1/{name}", ErrorKind.DNS, "not valid")


async def test_a_slow_answer_is_degraded(prober: Prober) -> None:
    async with NameServer(records(A)) as server:
        seen = await promptly(prober, target(server), degraded_above_ms=0)
    assert seen.status is Status.DEGRADED


# The name servers of the machine.


def addressed(server: NameServer) -> Peer:
    return Peer(socket.AF_INET, ("127.0.0.1", server.port))


async def ask(servers: list[Peer], resolver: TableResolver) -> tuple[Verdict, Observation]:
    visit = Visit(request("dns://example.com"), datetime.now(UTC))
    probe = DnsProbe(resolver, Grading(lambda _seconds: False), lambda: servers)
    verdict = await probe(visit)
    return verdict, visit.observation(verdict)


@pytest.mark.parametrize(
    "first", [silent, records(code="SERVFAIL"), records(code="REFUSED")], ids=["silent", "broken", "refusing"]
)
async def test_a_server_that_is_of_no_use_gives_way_to_the_next(
    resolver: TableResolver, monkeypatch: pytest.MonkeyPatch, first: Say
) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.05)
    async with NameServer(first) as bad, NameServer(records(A)) as good:
        verdict, _seen = await ask([addressed(bad), addressed(good)], resolver)
    assert verdict.status is Status.UP
    assert (len(bad.asked), len(good.asked)) == (1, 1)


async def test_a_server_that_is_gone_gives_way_to_the_next_at_once(resolver: TableResolver) -> None:
    gone = Peer(socket.AF_INET, ("127.0.0.1", closed_port()))
    async with NameServer(records(A)) as good:
        verdict, seen = await ask([gone, addressed(good)], resolver)
    assert verdict.status is Status.UP
    assert (seen.latency_ms or 0) < 900


async def test_a_name_that_does_not_exist_is_not_asked_for_elsewhere(resolver: TableResolver) -> None:
    async with NameServer(records(code="NXDOMAIN")) as first, NameServer(records(A)) as second:
        verdict, _seen = await ask([addressed(first), addressed(second)], resolver)
    assert (verdict.error, len(second.asked)) == (ErrorKind.DNS, 0)


@pytest.mark.parametrize("other", [records(code="SERVFAIL"), None], ids=["broken too", "gone"])
async def test_where_no_server_is_of_use_the_last_word_is_told(
    resolver: TableResolver, other: Say | None
) -> None:
    async with NameServer(records(code="SERVFAIL")) as first, NameServer(other or silent) as second:
        last = addressed(second) if other else Peer(socket.AF_INET, ("127.0.0.1", closed_port()))
        verdict, _seen = await ask([addressed(first), last], resolver)
    assert (verdict.error, verdict.detail) == (ErrorKind.DNS, "the name server failed (SERVFAIL)")


async def test_an_answer_that_comes_late_still_counts(
    resolver: TableResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "RESEND_SECONDS", 0.02)
    async with NameServer(silent) as slow:

        def has_the_other_answer(_question: bytes) -> list[bytes]:
            slow.speak(*records(A)(slow.asked[0]))
            return []

        async with NameServer(has_the_other_answer) as other:
            verdict, _seen = await ask([addressed(slow), addressed(other)], resolver)
    assert (verdict.status, len(other.asked)) == (Status.UP, 1)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("search a.test\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"]),
        ("# nameserver 192.0.2.9\nnameserver\nnameserver nonsense\n  nameserver 192.0.2.2 #x", ["192.0.2.2"]),
        ("".join(f"nameserver 192.0.2.{n}\n" for n in range(1, 6)), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        ("options rotate\n", ["127.0.0.1"]),
    ],
)
def test_the_name_servers_of_the_machine_are_read(tmp_path: Path, text: str, servers: list[str]) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(text)
    assert [peer.sockaddr[0] for peer in name_servers(path)] == servers
    assert {peer.sockaddr[1] for peer in name_servers(path)} == {53}


def test_without_a_file_the_machine_itself_is_asked(tmp_path: Path) -> None:
    assert name_servers(tmp_path / "none") == [Peer(socket.AF_INET, ("127.0.0.1", 53))]


def test_dnspython_is_not_loaded_before_it_is_needed() -> None:
    code = "import core.checks.prober, sys; sys.exit('dns' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_every_type_that_can_be_chosen_is_one_of_dns() -> None:
    assert [dns.rdatatype.from_text(name).name for name in RECORD_TYPES] == list(RECORD_TYPES)


async def test_a_server_that_was_given_up_takes_no_other_with_it() -> None:
    """An error that comes late is of a question that somebody else is asked by now."""
    gone = Peer(socket.AF_INET, ("127.0.0.1", closed_port()))
    async with NameServer(records(A)) as good:
        with datagrams.Datagrams(lambda family: socket.socket(family, socket.SOCK_DGRAM)) as asking:
            asking._came.append((gone, errno.ECONNREFUSED))  # no server can be made to fail at this moment
            query = Query("example.com", "A")
            reply, peer = await asking.ask([addressed(good)], 1, query.datagram, query.reply, Exchange())
    assert (reply.answers, peer) == (("192.0.2.1",), addressed(good))
