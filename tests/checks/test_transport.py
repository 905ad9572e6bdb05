"""The transport works under httpx's own client, and its protocol whatever the event loop does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from core.checks.exchange import RECORD, Exchange, ExchangeFailed, Phase
from core.checks.tls import Trust
from core.checks.transport import OneShotTransport
from core.checks.wire import BUFFER_LIMIT, Wire
from core.domain.observations import ErrorKind
from tests.checks.certificates import Authority
from tests.checks.conftest import TableResolver
from tests.checks.server import Server, answers, floods, says, says_then_hangs


@pytest.fixture
def transport(resolver: TableResolver, trust: Trust) -> OneShotTransport:
    return OneShotTransport(resolver, trust)


@pytest.fixture
async def client(transport: OneShotTransport) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        yield client


async def test_httpx_reads_whole_responses_over_it(client: httpx.AsyncClient, authority: Authority) -> None:
    async with Server(answers(b"x" * 3_000_000, "X-A: b"), tls=authority.server()) as server:
        response = await client.post(f"https://localhost:{server.port}/path", content=b"body")
    assert (response.status_code, response.headers["x-a"], len(response.content)) == (200, "b", 3_000_000)
    assert server.requests[0].body == b"body"
    exchange = response.extensions[RECORD]
    assert isinstance(exchange, Exchange)
    assert exchange.tls_ms is not None
    assert exchange.phase is Phase.BODY


async def test_httpx_follows_redirects_and_decodes_over_it(client: httpx.AsyncClient) -> None:
    async with Server(answers(b"", "Location: /there", status="302 Found")) as server:
        response = await client.get(server.url)
        assert response.next_request is not None
        assert response.next_request.url == f"{server.url}/there"


async def test_its_failures_are_transport_errors_of_httpx(client: httpx.AsyncClient) -> None:
    async with Server(says(b"garbage\r\n\r\n")) as server:
        with pytest.raises(httpx.TransportError, match="not HTTP") as failed:
            await client.get(server.url)
    assert isinstance(failed.value, ExchangeFailed)


async def test_a_streamed_body_is_sent(transport: OneShotTransport) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async with Server(answers()) as server:
        headers = {"Content-Length": "4"}
        request = httpx.Request("POST", server.url, content=pieces(), headers=headers)
        response = await transport.handle_async_request(request)
        await response.aclose()
    assert server.requests[0].body == b"abcd"


async def test_a_peer_that_sends_more_than_is_taken_is_slowed_down(transport: OneShotTransport) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    async with Server(floods(head, b"x" * 65_536)) as server:
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        taken = 0
        async for piece in response.stream:
            taken += len(piece)
            if taken > 20 * BUFFER_LIMIT:
                break
        await response.aclose()
    assert taken > 20 * BUFFER_LIMIT


async def test_a_phase_that_was_cut_off_has_no_time(transport: OneShotTransport) -> None:
    exchange = Exchange()
    async with Server(says_then_hangs()) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await transport.send(httpx.Request("GET", server.url), exchange)
    assert exchange.phase is Phase.ANSWER
    assert exchange.connect_ms is not None
    assert exchange.phases().first_byte_ms is None


class FakeTransport(asyncio.Transport):
    """Records what a protocol asks of its connection."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def write(self, data: Any) -> None:
        self.calls.append("write")

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def abort(self) -> None:
        self.calls.append("abort")


@pytest.fixture
def connection() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def wire(connection: FakeTransport) -> Wire:
    wire = Wire()
    wire.connection_made(connection)
    return wire


CHUNK = b"%x\r\n%s\r\n" % (BUFFER_LIMIT, b"x" * BUFFER_LIMIT)


async def test_reading_pauses_while_nobody_takes_the_body(wire: Wire, connection: FakeTransport) -> None:
    wire.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await wire.ask("GET", b"request")
    wire.data_received(CHUNK)
    assert connection.calls == ["write"]
    wire.data_received(CHUNK)
    wire.data_received(CHUNK)
    assert connection.calls == ["write", "pause"]
    assert len(await wire.piece()) == 3 * BUFFER_LIMIT
    waiting = asyncio.create_task(wire.piece())
    await asyncio.sleep(0)
    assert connection.calls == ["write", "pause", "resume"]
    wire.data_received(b"0\r\n\r\n")
    assert await waiting == b""


async def test_tls_that_the_peer_breaks_off_later_is_a_tls_error(wire: Wire) -> None:
    wire.connection_lost(ssl.SSLError(1, "certificate required"))
    with pytest.raises(ExchangeFailed) as failed:
        await wire.ask("GET", b"request")
    assert failed.value.kind is ErrorKind.TLS


async def test_an_answer_before_the_request_is_taken_without_writing_to_a_dead_connection(
    wire: Wire, connection: FakeTransport
) -> None:
    wire.data_received(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    wire.connection_lost(None)
    await wire.ask("GET", b"request")
    assert (wire.status, await wire.piece()) == (400, b"")
    assert connection.calls == []


async def test_what_comes_after_the_end_is_not_looked_at(wire: Wire) -> None:
    wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx garbage")
    wire.data_received(b"more garbage")
    await wire.ask("GET", b"request")
    assert [await wire.piece(), await wire.piece()] == [b"x", b""]


def test_a_closed_wire_takes_nothing_more(wire: Wire, connection: FakeTransport) -> None:
    wire.close()
    wire.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    wire.connection_lost(None)
    wire.close()
    assert connection.calls == ["abort"]
    assert (wire.status, cast("list[object]", wire.headers)) == (0, [])
