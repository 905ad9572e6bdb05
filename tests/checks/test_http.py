"""The probe says what it saw, and nothing breaks it."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter

import httptools
import pytest

from core.checks.exchange import Exchange, ExchangeFailed, Peer
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import Trust
from core.checks.tunnel import Tunnel
from core.checks.wire import Wire
from core.domain.observations import ErrorKind, Status
from core.domain.text import has_control_characters
from tests.checks.certificates import Authority
from tests.checks.conftest import SettableClock, TableResolver
from tests.checks.server import (
    Received,
    Server,
    Visitor,
    answers,
    closed_port,
    says,
    says_then_hangs,
)


async def test_an_observation_tells_what_was_met_and_how_long_it_took(
    prober: Prober, clock: SettableClock
) -> None:
    async with Server(answers()) as server:
        seen = await prober.check(CheckRequest(f"http://localhost:{server.port}/health"))
    phases = seen.phases
    assert (seen.status, seen.status_code, seen.address) == (Status.UP, 200, "127.0.0.1")
    assert seen.checked_at == clock.time
    assert phases.dns_ms is not None
    assert phases.connect_ms is not None
    assert phases.first_byte_ms is not None
    assert phases.tls_ms is None
    assert seen.latency_ms is not None
    assert seen.latency_ms >= phases.dns_ms + phases.connect_ms + phases.first_byte_ms


async def test_an_address_needs_no_lookup(prober: Prober, resolver: TableResolver) -> None:
    async with Server(answers()) as server:
        seen = await prober.check(CheckRequest(server.url))
    assert seen.phases.dns_ms is None
    assert resolver.asked == []


async def test_the_request_goes_out_as_it_was_asked_for(prober: Prober) -> None:
    async with Server(answers()) as server:
        check = CheckRequest(
            f"{server.url}/a%20b/ü?q=1",
            method="PATCH",
            headers=(("X-Api-Key", "k€y"), ("Accept", "application/json")),
            body='{"ü": 1}',
        )
        await prober.check(check)
    (received,) = server.requests
    assert (received.method, received.path) == ("PATCH", "/a%20b/%C3%BC?q=1")
    assert json.loads(received.body) == {"ü": 1}
    assert received.headers["x-api-key"].encode("latin-1").decode() == "k€y"
    assert received.headers["accept"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["connection"] == "close"
    assert received.headers["user-agent"].startswith("ronda/")
    assert received.headers["host"] == f"127.0.0.1:{server.port}"


async def test_every_check_makes_a_connection_of_its_own(prober: Prober) -> None:
    async with Server(answers()) as server:
        check = CheckRequest(server.url)
        assert [(await prober.check(check)).status for _number in range(3)] == [Status.UP] * 3
    assert server.connections == 3


async def test_the_same_request_may_run_twice_at_once(prober: Prober) -> None:
    async with Server(answers(b"fine")) as server:
        check = CheckRequest(server.url, contains="fine")
        seen = await asyncio.gather(*(prober.check(check) for _number in range(10)))
    assert {one.status for one in seen} == {Status.UP}


async def test_proxies_and_credentials_of_the_environment_do_not_matter(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    async with Server(answers()) as server:
        assert (await prober.check(CheckRequest(server.url))).status is Status.UP


async def test_a_slow_answer_is_degraded_and_says_by_how_much(prober: Prober) -> None:
    async with Server(answers()) as server:
        seen = await prober.check(CheckRequest(server.url, degraded_above_ms=0.001))
        fast = await prober.check(CheckRequest(server.url, degraded_above_ms=60_000))
    assert (seen.status, seen.error) == (Status.DEGRADED, None)
    assert seen.detail is not None
    assert "degraded above" in seen.detail
    assert (fast.status, fast.detail) == (Status.UP, None)


async def test_a_wrong_answer_is_down_however_slow(prober: Prober) -> None:
    async with Server(answers(status="500 Oops")) as server:
        seen = await prober.check(CheckRequest(server.url, degraded_above_ms=0.001))
    assert (seen.status, seen.error) == (Status.DOWN, ErrorKind.STATUS)
    assert seen.latency_ms is not None


async def test_an_unknown_name_is_a_dns_error(prober: Prober) -> None:
    seen = await prober.check(CheckRequest("http://nowhere.invalid/"))
    assert (seen.status, seen.error) == (Status.DOWN, ErrorKind.DNS)
    assert seen.detail == "the host name does not exist"
    assert seen.latency_ms is None


async def test_a_slow_lookup_does_not_hold_the_check_past_its_deadline(
    prober: Prober, resolver: TableResolver
) -> None:
    resolver.slow.add("slow.test")
    start = perf_counter()
    seen = await prober.check(CheckRequest("http://slow.test/", timeout_seconds=0.1))
    assert perf_counter() - start < 0.35
    assert (seen.error, seen.phases.dns_ms) == (ErrorKind.TIMEOUT, None)
    assert seen.detail == "no answer within 0.1 s: the host name was still looked up"


async def test_an_international_name_is_looked_up_in_its_wire_form(
    prober: Prober, resolver: TableResolver
) -> None:
    resolver.knows("xn--mnchen-3ya.test", "127.0.0.1")
    async with Server(answers()) as server:
        seen = await prober.check(CheckRequest(f"http://MÜNCHEN.test:{server.port}/"))
    assert seen.status is Status.UP
    assert server.requests[0].headers["host"] == f"xn--mnchen-3ya.test:{server.port}"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://ü ü.test/", ErrorKind.DNS),
        ("ftp://127.0.0.1/", ErrorKind.PROTOCOL),
        ("http:///path", ErrorKind.PROTOCOL),
        ("http://127.0.0.1:99999/", ErrorKind.PROTOCOL),
        ("http://.bad..name/", ErrorKind.DNS),
    ],
)
async def test_a_url_that_cannot_be_checked_is_an_observation_too(
    prober: Prober, url: str, error: ErrorKind
) -> None:
    seen = await prober.check(CheckRequest(url))
    assert (seen.status, seen.error) == (Status.DOWN, error)


async def test_what_breaks_in_ronda_itself_is_told_and_logged_without_secrets(
    clock: SettableClock, trust: Trust, caplog: pytest.LogCaptureFixture
) -> None:
    class BrokenResolver(TableResolver):
        async def resolve(self, host: str, port: int) -> list[Peer]:
            raise KeyError(host)

    prober = Prober(clock, resolver=BrokenResolver(), trust=trust)
    seen = await prober.check(CheckRequest("http://shop.test/?token=hunter2"))
    assert (seen.status, seen.error) == (Status.DOWN, ErrorKind.INTERNAL)
    assert seen.detail == "Ronda itself failed: KeyError"
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "hunter2" not in record.getMessage()


async def test_a_machine_out_of_files_does_not_call_the_service_down_by_connect(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_files(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "__init__", no_more_files)
    seen = await prober.check(CheckRequest("http://127.0.0.1/"))
    assert seen.error is ErrorKind.INTERNAL


async def test_a_cancelled_check_is_cancelled_and_drops_its_connection(prober: Prober) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def behave(visitor: Visitor, _received: Received) -> None:
        asked.set()
        await visitor.reader.read()
        gone.set()

    async with Server(behave) as server:
        check = asyncio.create_task(prober.check(CheckRequest(server.url)))
        async with asyncio.timeout(5):
            await asked.wait()
            check.cancel()
            with pytest.raises(asyncio.CancelledError):
                await check
            await gone.wait()


async def test_details_hold_no_control_characters(prober: Prober) -> None:
    async with Server(answers(b"x", "Content-Encoding: \x80\x9b31mevil")) as server:
        seen = await prober.check(CheckRequest(server.url, contains="\x1b[31mred"))
    assert seen.detail is not None
    assert "evil" in seen.detail
    assert not has_control_characters(seen.detail)


async def test_nothing_is_logged_for_an_ordinary_check(
    prober: Prober, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with Server(answers()) as server:
        await prober.check(CheckRequest(server.url))
        await prober.check(CheckRequest(server.url, expected_status="500"))
    assert caplog.records == []


async def test_closing_lets_the_resolver_go(prober: Prober, resolver: TableResolver) -> None:
    await prober.close()
    assert resolver.is_closed


@pytest.mark.parametrize("contains", ["", "fine", "missing"])
async def test_a_check_leaves_nothing_to_the_garbage_collector(
    prober: Prober, resolver: TableResolver, authority: Authority, stranger: Authority, contains: str
) -> None:
    resolver.knows("two.test", "127.0.0.1", "127.0.0.1")

    def left_over() -> list[object]:
        ours = (Wire, Tunnel, Exchange, ExchangeFailed, httptools.HttpResponseParser)
        causes = (ConnectionRefusedError, ssl.SSLCertVerificationError)  # the servers leave others themselves
        return [thing for thing in gc.get_objects() if isinstance(thing, ours + causes)]

    async with (
        Server(answers(b"fine")) as good,
        Server(says(b"garbage\r\n\r\n")) as bad,
        Server(says_then_hangs()) as silent,
        Server(answers(b"fine"), tls=authority.server()) as secure,
        Server(answers(b"fine"), tls=stranger.server()) as strange,
    ):
        check = CheckRequest(good.url, contains=contains)
        port = closed_port()
        bad_tls = [f"https://localhost:{server.port}" for server in (bad, silent)]
        urls = [
            bad.url,
            silent.url,
            secure.url,
            strange.url,
            *bad_tls,
            f"http://127.0.0.1:{port}",
            f"http://two.test:{port}",
        ]
        others = [replace(check, url=url, timeout_seconds=0.1) for url in urls]
        await asyncio.gather(*(prober.check(one) for one in [check, *others]))
        gc.collect()
        gc.disable()
        try:
            await asyncio.gather(*(prober.check(one) for one in [check, *others] * 3))
            await _until(lambda: not left_over())
        finally:
            gc.enable()


async def _until(fact: Callable[[], bool]) -> None:
    """Let the loop go round until something is true; it is a matter of a few turns."""
    for _turn in range(100):
        if fact():
            return
        await asyncio.sleep(0)
    assert fact()


async def test_what_is_expected_of_headers_and_body_is_looked_at(prober: Prober) -> None:
    async with Server(answers(b'{"queue": {"depth": 12}}', "X-Node: b")) as server:
        check = partial(CheckRequest, server.url)
        passing = check(
            matches=r"\bdepth\b", json_conditions=("$.queue.depth < 100",), expected_headers=("X-Node: b",)
        )
        assert (await prober.check(passing)).status is Status.UP
        for failing, detail in (
            (check(matches="height"), "the answer does not match “height”"),
            (check(json_conditions=("$.queue.depth < 10",)), "$.queue.depth is 12, expected < 10"),
            (check(expected_headers=("X-Node: a",)), "the header X-Node is “b”, expected “a” in it"),
        ):
            seen = await prober.check(failing)
            assert (seen.error, seen.detail) == (ErrorKind.CONTENT, detail)
            assert seen.evidence is not None
            assert seen.evidence.body == '{"queue": {"depth": 12}}'


def _never(_seconds: float) -> bool:
    return False


def _always(_seconds: float) -> bool:
    return True


async def test_a_slow_answer_is_not_held_against_a_service_while_this_process_was_slow(
    clock: SettableClock, resolver: TableResolver, trust: Trust
) -> None:
    for lagged_within, status in ((_always, Status.UP), (_never, Status.DEGRADED)):
        prober = Prober(clock, resolver=resolver, trust=trust, lagged_within=lagged_within)
        async with Server(answers()) as server:
            seen = await prober.check(CheckRequest(server.url, degraded_above_ms=0.001))
        assert (seen.status, seen.lagged) == (status, lagged_within is _always)
        await prober.close()
