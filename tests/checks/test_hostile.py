"""Whatever a server does, a check ends in time with the right status and error kind."""

from __future__ import annotations

import gzip
import sys
import zlib
from time import perf_counter

import pytest

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind
from tests.checks.hostile import (
    CHUNKED,
    NINE,
    OK,
    OVERRUN_SECONDS,
    PROTOCOL,
    SHORT_SECONDS,
    TEXT,
    Case,
    by_name,
    expect_fault,
    expect_timeout,
    expect_up,
    resets_at_once,
)
from tests.checks.server import (
    Behaviour,
    Server,
    answers,
    black_hole,
    closed_port,
    drips,
    floods,
    redirects,
    says,
    says_then_hangs,
    says_then_resets,
)


def zipped(body: bytes, coding: str = "gzip") -> Behaviour:
    return answers(body, f"Content-Encoding: {coding}")


def bare_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


BOMB = gzip.compress(bytes(64 * 1024 * 1024), compresslevel=9)

GOOD = [
    Case("content length", answers(b"a needle here"), code=200, check=TEXT),
    Case("chunked", says(CHUNKED + b"3\r\nnee\r\n3\r\ndle\r\n0\r\n\r\n"), code=200, check=TEXT),
    Case(
        "chunked with extensions and trailers",
        says(CHUNKED + b"6;a=b\r\nneedle\r\n0\r\nTrailer: x\r\n\r\n"),
        code=200,
        check=TEXT,
    ),
    Case(
        "every byte by itself",
        says(*(bytes([byte]) for byte in CHUNKED + b"6\r\nneedle\r\n0\r\n\r\n")),
        code=200,
        check=TEXT,
    ),
    Case("body until close", says(OK + b"\r\nthe need", b"le"), code=200, check=TEXT),
    Case("HTTP/1.0", says(b"HTTP/1.0 200 OK\r\n\r\nneedle"), code=200, check=TEXT),
    Case("no reason phrase", says(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), code=200),
    Case(
        "100 Continue first",
        says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\nneedle"),
        code=200,
        check=TEXT,
    ),
    Case(
        "103 Early Hints with headers first",
        says(b"HTTP/1.1 103 Early Hints\r\nContent-Encoding: br\r\n\r\n", OK + b"\r\nneedle"),
        code=200,
        check=TEXT,
    ),
    Case(
        "an offer to upgrade",
        says(OK + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\nneedle"),
        code=200,
        check=TEXT,
    ),
    Case(
        "101 that was expected",
        says(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\0\1\2"),
        code=101,
        check={"expected_status": "101"},
    ),
    Case(
        "204 with a wrong length",
        says_then_hangs(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"),
        code=204,
        check={"expected_status": "204", "not_contains": "x"},
    ),
    Case(
        "304",
        says_then_hangs(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        code=304,
        check={"expected_status": "304", "not_contains": "x"},
    ),
    Case(
        "HEAD with the length of GET",
        says_then_hangs(OK + b"Content-Length: 99\r\n\r\n"),
        code=200,
        check={"method": "HEAD", "not_contains": "x"},
    ),
    Case("headers are enough where the body is not asked for", floods(OK + b"\r\n", b"x" * 4096), code=200),
    Case("a broken body that is not asked for", says_then_resets(NINE + b"1"), code=200),
    Case("gzip", zipped(gzip.compress(b"a needle")), code=200, check=TEXT),
    Case("gzip in two members", zipped(gzip.compress(b"nee") + gzip.compress(b"dle")), code=200, check=TEXT),
    Case("gzip with padding", zipped(gzip.compress(b"needle") + bytes(512)), code=200, check=TEXT),
    Case("deflate", zipped(zlib.compress(b"needle"), "deflate"), code=200, check=TEXT),
    Case("bare deflate", zipped(bare_deflate(b"needle"), "deflate"), code=200, check=TEXT),
    Case("nothing in gzip", zipped(b""), code=200, check={"not_contains": "x"}),
    Case("a found text in an endless body", floods(OK + b"\r\nneedle", b"x" * 65_536), code=200, check=TEXT),
    Case(
        "a charset of its own",
        answers("nädel".encode("utf-16"), "Content-Type: text/plain; charset=utf-16"),
        code=200,
        check={"contains": "nädel"},
    ),
    Case(
        "an unknown charset",
        answers("nädel".encode(), "Content-Type: text/plain; charset=klingon"),
        code=200,
        check={"contains": "nädel"},
    ),
    Case(
        "a charset that is none",
        answers("nädel".encode(), "Content-Type: text/plain; charset=zlib"),
        code=200,
        check={"contains": "nädel"},
    ),
    Case(
        "60 000 bytes of headers",
        answers(b"", *(f"H{number}: {'x' * 600}" for number in range(100))),
        code=200,
    ),
]

SLOW = [
    Case("silence", says_then_hangs(), detail="the headers did not come"),
    Case("a head that drips", drips(OK + b"X: ", b"y"), detail="the headers did not come"),
    Case("interim answers that drip", drips(b"HTTP/1.1 100 Continue\r\nX: ", b"y"), detail="the headers"),
    Case("half a head", says_then_hangs(OK + b"Content-Len"), detail="the headers did not come"),
    Case("a body that drips", drips(OK + b"\r\n", b"y"), code=200, detail="the body did not end", check=TEXT),
    Case("half a body", says_then_hangs(NINE + b"1"), code=200, detail="the body", check=TEXT),
    Case("half a chunk", says_then_hangs(CHUNKED + b"9\r\n1"), code=200, detail="the body", check=TEXT),
    Case("chunks without an end", drips(CHUNKED, b"1\r\ny\r\n"), code=200, detail="the body", check=TEXT),
    Case(
        "half a gzip",
        says_then_hangs(OK + b"Content-Encoding: gzip\r\n\r\n" + BOMB[:9]),
        code=200,
        detail="the body",
        check=TEXT,
    ),
]

BAD = [
    Case("a reset at once", resets_at_once, PROTOCOL, detail="before the answer", reads_request=False),
    Case("a close at once", says(), PROTOCOL, detail="the connection was", reads_request=False),
    Case("a reset after the request", resets_at_once, PROTOCOL, detail="reset before the answer"),
    Case("a close after the request", says(), PROTOCOL, detail="closed without an answer"),
    Case("a close in the status line", says(b"HTTP/1.1 2"), PROTOCOL, detail="in the middle of the headers"),
    Case("a close in the headers", says(OK + b"X: y\r\n"), PROTOCOL, detail="in the middle of the headers"),
    Case("a reset in the headers", says_then_resets(OK + b"X: y"), PROTOCOL, detail="reset"),
    Case("a close in the body", says(NINE + b"1"), PROTOCOL, 200, "middle of the body", TEXT),
    Case("a reset in the body", says_then_resets(NINE + b"1"), PROTOCOL, 200, "body", TEXT),
    Case("a reset in a body until close", says_then_resets(OK + b"\r\n1"), PROTOCOL, 200, "body", TEXT),
    Case("a close in a chunk", says(CHUNKED + b"9\r\n1"), PROTOCOL, 200, "middle of the body", TEXT),
    Case(
        "a close before the last chunk",
        says(CHUNKED + b"1\r\n1\r\n"),
        PROTOCOL,
        200,
        "middle of the body",
        TEXT,
    ),
    Case("a chunk size that is no number", says(CHUNKED + b"zz\r\n"), PROTOCOL, 200, "body", TEXT),
    Case("a chunk longer than it says", says(CHUNKED + b"1\r\n123\r\n"), PROTOCOL, 200, "body", TEXT),
    Case("a huge chunk size", says(CHUNKED + b"f" * 40 + b"\r\n"), PROTOCOL, 200, "body", TEXT),
    Case("garbage", says(b"\x00\x01\x02\x03 garbage\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case(
        "the banner of SSH",
        says(b"SSH-2.0-OpenSSH_9.2\r\n"),
        PROTOCOL,
        detail="not HTTP",
        reads_request=False,
    ),
    Case(
        "the greeting of SMTP", says(b"220 mail ESMTP\r\n"), PROTOCOL, detail="not HTTP", reads_request=False
    ),
    Case("a page without a head", says(b"<html>needle</html>"), PROTOCOL, detail="not HTTP/1.1"),
    Case(
        "HTTP/2 frames", says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04"), PROTOCOL, detail="not HTTP/1.1"
    ),
    Case("a version from the future", says(b"HTTP/2.0 200 OK\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case("a status that is no number", says(b"HTTP/1.1 abc OK\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case("a header without a colon", says(OK + b"nonsense\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case("a NUL in a header", says(OK + b"X: a\0b\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case(
        "two lengths",
        says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12"),
        PROTOCOL,
        detail="not HTTP/1.1",
    ),
    Case("a negative length", says(OK + b"Content-Length: -1\r\n\r\n"), PROTOCOL, detail="not HTTP/1.1"),
    Case("a length beyond all numbers", says(OK + b"Content-Length: " + b"9" * 99 + b"\r\n\r\n"), PROTOCOL),
    Case("endless headers", floods(OK, b"X: y\r\n" * 100), PROTOCOL, detail="too many headers"),
    Case("an endless header", floods(OK + b"X: ", b"y" * 4096), PROTOCOL, detail="too large"),
    Case("an endless status line", floods(b"HTTP/1.1 200 ", b"O" * 4096), PROTOCOL, detail="too large"),
    Case(
        "headers too large in one piece",
        answers(b"", *(f"H{n}: {'x' * 700}" for n in range(150))),
        PROTOCOL,
        detail="too large",
    ),
    Case(
        "a flood of interim answers",
        floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        PROTOCOL,
        detail="interim",
    ),
    Case("bad gzip", zipped(b"this is not gzip"), PROTOCOL, 200, "compressed body is damaged", TEXT),
    Case("gzip that breaks off", zipped(gzip.compress(b"needle" * 99)[:-9]), PROTOCOL, 200, "damaged", TEXT),
    Case(
        "gzip with a wrong checksum",
        zipped(gzip.compress(b"needle")[:-8] + bytes(8)),
        PROTOCOL,
        200,
        "damaged",
        TEXT,
    ),
    Case("gzip in gzip", zipped(BOMB, "gzip, gzip"), PROTOCOL, 200, "not asked for", TEXT),
    Case("Brotli", zipped(b"x", "br"), PROTOCOL, 200, "coded as br", TEXT),
    Case(
        "gzip as a transfer coding",
        says(OK + b"Transfer-Encoding: gzip\r\n\r\nx"),
        PROTOCOL,
        200,
        "gzip",
        TEXT,
    ),
    Case("another status", answers(status="503 Gone"), ErrorKind.STATUS, 503, "got 503, expected 200"),
    Case("a status beyond 599", answers(status="999 Odd"), ErrorKind.STATUS, 999, "got 999, expected 200"),
    Case("a missing text", answers(b"hay"), ErrorKind.CONTENT, 200, "does not contain “needle”", TEXT),
    Case(
        "a text that must not be",
        answers(b"needle"),
        ErrorKind.CONTENT,
        200,
        "contains “needle”",
        {"not_contains": "needle"},
    ),
    Case(
        "an endless body",
        floods(OK + b"\r\n", b"x" * 65_536),
        ErrorKind.TOO_LARGE,
        200,
        "larger than 1024 KiB",
        TEXT,
    ),
    Case(
        "an endless body without the bad text",
        floods(CHUNKED, b"5\r\nxxxxx\r\n" * 999),
        ErrorKind.TOO_LARGE,
        200,
        "larger",
        {"not_contains": "needle"},
    ),
    Case("a gzip bomb", zipped(BOMB), ErrorKind.TOO_LARGE, 200, "larger", TEXT),
    Case(
        "gzip of empty blocks without end",
        floods(OK + b"Content-Encoding: deflate\r\n\r\n\x78\x9c", b"\0\0\0\xff\xff" * 999),
        ErrorKind.TOO_LARGE,
        200,
        "larger",
        TEXT,
    ),
    Case("a redirect to itself", redirects("/"), ErrorKind.REDIRECT, 302, "more than 10 redirects"),
    Case(
        "a redirect without a place",
        answers(status="302 Found"),
        ErrorKind.REDIRECT,
        302,
        "does not say where to",
    ),
    Case("a redirect to ftp", redirects("ftp://127.0.0.1/x"), ErrorKind.REDIRECT, 302, "to ftp, not http"),
    Case("a redirect to a file", redirects("file:///etc/passwd"), ErrorKind.REDIRECT, 302, "to something"),
    Case("a redirect to nonsense", redirects("http://[::bad/"), ErrorKind.REDIRECT, 302, "not a URL"),
    Case(
        "a redirect to a port that cannot be", redirects("http://127.0.0.1:99999/"), PROTOCOL, detail="valid"
    ),
    Case(
        "a redirect to a closed port",
        redirects(f"http://127.0.0.1:{closed_port()}/"),
        ErrorKind.CONNECT,
        detail="refused",
    ),
]


@pytest.mark.parametrize("case", by_name(GOOD))
async def test_odd_but_right_answers_are_up(prober: Prober, case: Case) -> None:
    await expect_up(prober, case)


@pytest.mark.parametrize("case", by_name(SLOW))
async def test_the_deadline_ends_whatever_does_not_end_by_itself(prober: Prober, case: Case) -> None:
    await expect_timeout(prober, case)


@pytest.mark.parametrize("case", by_name(BAD))
async def test_a_fault_is_named_at_once(prober: Prober, case: Case) -> None:
    await expect_fault(prober, case)


async def test_a_closed_port_is_a_refused_connection(prober: Prober) -> None:
    seen = await prober.check(CheckRequest(f"http://127.0.0.1:{closed_port()}/"))
    assert (seen.error, seen.detail) == (ErrorKind.CONNECT, "connection refused")
    assert seen.address is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when the queue is full")
async def test_a_black_hole_runs_into_the_deadline_while_connecting(prober: Prober) -> None:
    async with black_hole() as port:
        start = perf_counter()
        seen = await prober.check(CheckRequest(f"http://127.0.0.1:{port}/", timeout_seconds=SHORT_SECONDS))
        assert perf_counter() - start < SHORT_SECONDS + OVERRUN_SECONDS
    assert seen.error is ErrorKind.TIMEOUT
    assert seen.detail is not None
    assert "no connection was made" in seen.detail


async def test_a_server_that_never_reads_does_not_hold_a_large_request_up(prober: Prober) -> None:
    async with Server(says_then_hangs(), reads_request=False) as server:
        check = CheckRequest(server.url, method="POST", body="x" * 60_000, timeout_seconds=SHORT_SECONDS)
        start = perf_counter()
        seen = await prober.check(check)
        assert perf_counter() - start < SHORT_SECONDS + OVERRUN_SECONDS
    assert seen.error is ErrorKind.TIMEOUT
