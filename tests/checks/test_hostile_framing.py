"""Answers that are framed wrongly, or so that two readers could take them for different things."""

from __future__ import annotations

import pytest

from core.checks.prober import Prober
from core.domain.observations import ErrorKind
from tests.checks.hostile import (
    CHUNKED,
    OK,
    PROTOCOL,
    TEXT,
    Case,
    by_name,
    expect_fault,
    expect_timeout,
    expect_up,
)
from tests.checks.server import answers, drips, floods, redirects, says, says_then_hangs

SIX = b"6\r\nneedle\r\n0\r\n\r\n"
NOT_HTTP = "the answer is not HTTP/1.1"
RULES = "the body of the answer breaks the rules of HTTP/1.1"
CODED = "which was not asked for"


def bad_head(name: str, head: bytes, rest: bytes = b"needle") -> Case:
    """An answer whose head is refused, whatever it says."""
    return Case(name, says(head + b"\r\n\r\n" + rest), PROTOCOL, detail=NOT_HTTP, check=TEXT)


def bad_body(name: str, body: bytes, detail: str = RULES) -> Case:
    """A chunked answer whose body is refused."""
    return Case(name, says(CHUNKED + body), PROTOCOL, 200, detail, TEXT)


def bad_coding(name: str, coding: bytes) -> Case:
    """An answer in a transfer coding that is refused."""
    return Case(
        name, says(OK + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + SIX), PROTOCOL, 200, CODED, TEXT
    )


LENGTHS = [
    bad_head("a length, then chunks", OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked", SIX),
    bad_head("chunks, then a length", OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5", SIX),
    bad_head("the same length twice", OK + b"Content-Length: 6\r\nContent-Length: 6"),
    bad_head("a list of lengths", OK + b"Content-Length: 6, 6"),
    bad_head("a length with a sign", OK + b"Content-Length: +6"),
    bad_head("a length in hexadecimal", OK + b"Content-Length: 0x6"),
    bad_head("an empty length", OK + b"Content-Length:"),
    bad_head("a length on the next line", OK + b"Content-Length:\r\n 6"),
    bad_head("a space before the colon", OK + b"Transfer-Encoding : chunked", SIX),
    bad_coding("chunked twice", b"chunked\r\nTransfer-Encoding: chunked"),
    bad_coding("chunked, then identity", b"chunked, identity"),
    bad_coding("gzip, then chunked", b"gzip, chunked"),
    bad_coding("nearly chunked", b"xchunked"),
    Case(
        "less than its length in one more packet",
        says(OK + b"Content-Length: 7\r\n\r\n", b"needle"),
        PROTOCOL,
        200,
        "in the middle of the body",
        TEXT,
    ),
    Case(
        "more than its length",
        says(OK + b"Content-Length: 3\r\n\r\nhayneedle"),
        ErrorKind.CONTENT,
        200,
        "",
        TEXT,
    ),
    Case(
        "more than its chunks",
        says(CHUNKED + b"3\r\nhay\r\n0\r\n\r\nneedle"),
        ErrorKind.CONTENT,
        200,
        "",
        TEXT,
    ),
    Case(
        "a second answer behind the first",
        says(OK + b"Content-Length: 3\r\n\r\nhayHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nneedle"),
        ErrorKind.CONTENT,
        200,
        "",
        TEXT,
    ),
    Case(
        "a body of 204",
        says(b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nneedle"),
        ErrorKind.CONTENT,
        204,
        "",
        {"expected_status": "204", **TEXT},
    ),
]

CHUNKS = [
    bad_body("chunks with bare line feeds", b"6\nneedle\n0\n\n"),
    bad_body("a negative chunk", b"-6\r\nneedle\r\n0\r\n\r\n"),
    bad_body("a chunk size with 0x", b"0x6\r\nneedle\r\n0\r\n\r\n"),
    bad_body("a chunk size with a space", b"6 \r\nneedle\r\n0\r\n\r\n"),
    bad_body("a chunk shorter than it says", b"9\r\nneedle\r\n0\r\n\r\n"),
    bad_body("an empty chunk size", b"\r\nneedle\r\n"),
    bad_body("a close after the last chunk", b"6\r\nneedle\r\n0\r\n", "in the middle of the body"),
    bad_body("a close in the trailers", b"6\r\nneedle\r\n0\r\nX: y\r\n", "in the middle of the body"),
    bad_body("a NUL in a trailer", b"6\r\nneedle\r\n0\r\nX: a\0b\r\n\r\n"),
    Case("an endless chunk extension", floods(CHUNKED + b"6;", b"a" * 4096), PROTOCOL, 200, RULES, TEXT),
    Case("endless trailers", floods(CHUNKED + SIX[:-2], b"X: y\r\n" * 99), PROTOCOL, 200, RULES, TEXT),
    Case("an endless trailer", floods(CHUNKED + SIX[:-2] + b"X: ", b"y" * 4096), PROTOCOL, 200, RULES, TEXT),
    Case(
        "an extension a hundred times its chunk",
        floods(CHUNKED, b"1;" + b"a" * 100 + b"\r\nx\r\n"),
        PROTOCOL,
        200,
        RULES,
        TEXT,
    ),
    Case(
        "a million chunks of one byte",
        floods(CHUNKED, b"1\r\nx\r\n" * 9_999),
        ErrorKind.TOO_LARGE,
        200,
        "larger",
        TEXT,
        within=4.0,
    ),
]

HEADS = [
    bad_head("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 6\n\n"),
    bad_head("bare carriage returns", b"HTTP/1.1 200 OK\rContent-Length: 6\r\r"),
    bad_head("one bare line feed", OK + b"Content-Length: 6\n"),
    bad_head("a folded header", OK + b"X: a\r\n b"),
    bad_head("a first header that is folded", OK + b" X: a"),
    bad_head("a NUL in a header's name", OK + b"X\0: a"),
    bad_head("a header without a name", OK + b": a"),
    bad_head("a space in a header's name", OK + b"X Y: a"),
    bad_head("a header's name in Latin-1", OK + b"X\xff: a"),
    bad_head("an escape sequence in a header", OK + b"X: \x1b[31m"),
    bad_head("a carriage return in a header", OK + b"X: a\rb"),
    bad_head("a space before all", b" HTTP/1.1 200 OK"),
    bad_head("a protocol in small letters", b"http/1.1 200 OK"),
    bad_head("HTTP/0.9 with a status", b"HTTP/0.9 200 OK"),
    bad_head("HTTP/1.2", b"HTTP/1.2 200 OK"),
    bad_head("a protocol of old radio stations", b"ICY 200 OK"),
    bad_head("RTSP", b"RTSP/1.0 200 OK"),
    bad_head("a status of 0", b"HTTP/1.1 000 Odd"),
    bad_head("a status of 99", b"HTTP/1.1 099 Odd"),
    bad_head("a status of two digits", b"HTTP/1.1 99 Odd"),
    bad_head("a status of four digits", b"HTTP/1.1 2000 Odd"),
    bad_head("a negative status", b"HTTP/1.1 -200 OK"),
    bad_head("no space after the status", b"HTTP/1.1 200OK"),
    bad_head("two spaces before the status", b"HTTP/1.1  200 OK"),
    bad_head("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM"),
    bad_head("our own request", b"GET / HTTP/1.1\r\nHost: localhost"),
    bad_head("an alert of TLS", b"\x15\x03\x03\0\x02\x02\x28"),
    Case("nothing but NULs", floods(b"", b"\0" * 4096), PROTOCOL, detail=NOT_HTTP),
    Case(
        "RTSP byte by byte",
        says(b"R", b"T", b"S", b"P", b"/", b"1.0 200 OK\r\n\r\n"),
        PROTOCOL,
        detail=NOT_HTTP,
    ),
    Case("empty lines without end", floods(b"", b"\r\n" * 2000), PROTOCOL, detail="too large"),
    Case("a single letter", says(b"H"), PROTOCOL, detail="in the middle of the headers"),
    Case("an interim answer and no other", says(b"HTTP/1.1 100 Continue\r\n\r\n"), PROTOCOL, detail="closed"),
    Case(
        "interim headers without end",
        floods(b"HTTP/1.1 103 Hints\r\n", b"Link: x\r\n"),
        PROTOCOL,
        detail="too many",
    ),
    Case("interim answers, slowly", drips(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), PROTOCOL, detail="interim"),
    bad_head("an interim answer that closes", b"HTTP/1.1 103 Hints\r\nConnection: close", OK + b"\r\n"),
    Case(
        "an upgrade to WebSocket",
        says_then_hangs(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello"),
        ErrorKind.STATUS,
        101,
        "got 101, expected 200",
    ),
    Case(
        "an upgrade to nothing",
        says_then_hangs(b"HTTP/1.1 101 Go\r\n\r\n"),
        ErrorKind.STATUS,
        101,
        "got 101, expected 200",
    ),
]

PLACES = [
    Case(
        "two places to go to",
        answers(b"", "Location: /a", "Location: /b", status="302 Found"),
        ErrorKind.REDIRECT,
        302,
        "several places",
    ),
    Case("an endless place", redirects("/" + "a" * 9_000), ErrorKind.REDIRECT, 302, "not a URL"),
    Case("a script as a place", redirects("javascript:alert(1)"), ErrorKind.REDIRECT, 302, "not a URL"),
    Case("a mere fragment", redirects("#here"), ErrorKind.REDIRECT, 302, "more than 10 redirects"),
    Case("a control character in a place", redirects("/\x01"), PROTOCOL, detail=NOT_HTTP),
]

GOOD = [
    Case(
        "the same place twice",
        answers(b"", "Location: /", "Location: /", status="300 Many"),
        code=300,
        check={"expected_status": "300"},
    ),
    Case("empty lines first", says(b"\r\n\r\n" + OK + b"\r\nneedle"), code=200, check=TEXT),
    Case(
        "chunks in HTTP/1.0",
        says(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + SIX),
        code=200,
        check=TEXT,
    ),
    Case("a reason in Latin-1", says(b"HTTP/1.1 200 \xfc\r\n\r\n"), code=200),
    Case("a header in Latin-1", says(OK + b"X: \xfc\xff\r\n\r\n"), code=200),
    Case(
        "an interim answer with a length of its own",
        says(b"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n" + OK + b"\r\nneedle"),
        code=200,
        check=TEXT,
    ),
    Case(
        "HEAD with chunks", says_then_hangs(CHUNKED), code=200, check={"method": "HEAD", "not_contains": "x"}
    ),
    Case("a refresh is no redirect", answers(b"needle", "Refresh: 0; url=/"), code=200, check=TEXT),
    Case(
        "an answer behind that of HEAD",
        says_then_hangs(OK + b"\r\n" + b"HTTP/1.1 500 Oops\r\n\r\n"),
        code=200,
        check={"method": "HEAD"},
    ),
    Case(
        "an upgrade that was expected",
        says_then_hangs(b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nneedle"),
        code=101,
        check={"expected_status": "101", "not_contains": "needle"},
    ),
]

SLOW = [
    Case(
        "trailers that drip",
        drips(CHUNKED + SIX[:-2] + b"X: ", b"y"),
        code=200,
        detail="the body",
        check=TEXT,
    ),
    Case(
        "a chunk extension that drips", drips(CHUNKED + b"6;", b"y"), code=200, detail="the body", check=TEXT
    ),
    Case(
        "an interim answer, then silence",
        says_then_hangs(b"HTTP/1.1 100 Go on\r\n\r\n"),
        detail="the headers",
    ),
    Case("empty lines that drip", drips(b"", b"\r\n"), detail="the headers did not come"),
    Case("a status line that drips", drips(b"HTTP/1.1 200 ", b"O"), detail="the headers did not come"),
]


@pytest.mark.parametrize("case", by_name(LENGTHS + CHUNKS + HEADS + PLACES))
async def test_a_fault_of_framing_is_named_at_once(prober: Prober, case: Case) -> None:
    await expect_fault(prober, case)


@pytest.mark.parametrize("case", by_name(GOOD))
async def test_odd_framing_that_has_one_meaning_is_up(prober: Prober, case: Case) -> None:
    await expect_up(prober, case)


@pytest.mark.parametrize("case", by_name(SLOW))
async def test_the_deadline_ends_framing_without_an_end(prober: Prober, case: Case) -> None:
    await expect_timeout(prober, case)
