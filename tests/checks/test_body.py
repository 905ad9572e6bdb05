"""Bodies are read as text, within bounds."""

from __future__ import annotations

import asyncio
import encodings.aliases
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from core.checks.body import BODY_LIMIT, Body, beginning, read_body
from core.checks.exchange import ExchangeFailed
from core.domain.observations import ErrorKind


class Pieces(httpx.AsyncByteStream):
    """A body in pieces; counts those that were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.taken = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            self.taken += 1
            return piece
        raise StopAsyncIteration


def read(*pieces: bytes, **headers: str) -> Body:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(read_body(httpx.Response(200, headers=names, stream=Pieces(*pieces)), bytearray()))


def text_of(body: Body) -> str:
    return "".join(body.pieces())


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    body = read(b"x" * BODY_LIMIT)
    assert (len(body.content), body.truncated) == (BODY_LIMIT, False)


def test_one_byte_more_is_cut_off() -> None:
    body = read(b"x" * BODY_LIMIT, b"y")
    assert (len(body.content), body.truncated) == (BODY_LIMIT, True)
    assert not body.contains("y")


def test_nothing_is_taken_beyond_the_limit() -> None:
    stream = Pieces(*([b"x" * 65_536] * 100))
    asyncio.run(read_body(httpx.Response(200, stream=stream), bytearray()))
    assert stream.taken == 17


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_compressed_bodies_may_come_in_pieces_of_any_size(size: int) -> None:
    text = "".join(f"line {number}\n" for number in range(500))
    packed = gzip.compress(text.encode())
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    body = read(*pieces, content_encoding="gzip")
    assert (text_of(body), body.truncated) == (text, False)


def test_zlib_and_bare_deflate_are_told_apart() -> None:
    packer = zlib.compressobj(wbits=-15)
    bare = packer.compress(b"text") + packer.flush()
    assert read(zlib.compress(b"text"), content_encoding="deflate").content == b"text"
    assert read(bare, content_encoding="deflate").content == b"text"


async def test_a_bomb_is_cut_off_at_the_limit_and_takes_no_memory() -> None:
    bomb = gzip.compress(bytes(256 * 1024 * 1024), compresslevel=9)
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces(bomb))
    tracemalloc.start()
    try:
        body = await read_body(response, bytearray())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(body.content), body.truncated) == (BODY_LIMIT, True)
    assert peak < 4 * BODY_LIMIT


def test_a_bare_stream_whose_last_bytes_hold_much_is_whole() -> None:
    for size in range(65_536 - 3, 65_536 + 300, 29):
        packer = zlib.compressobj(level=9, wbits=-15)
        bare = packer.compress(bytes(size)) + packer.flush()
        assert len(read(bare, content_encoding="deflate").content) == size


def test_a_compressed_body_of_exactly_the_limit_is_whole() -> None:
    body = read(gzip.compress(bytes(BODY_LIMIT)), content_encoding="GZIP")
    assert (len(body.content), body.truncated) == (BODY_LIMIT, False)


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ({"content_encoding": "br"}, [b"x"]),
        ({"content_encoding": "gzip, gzip"}, [gzip.compress(gzip.compress(b"x"))]),
        ({"transfer_encoding": "gzip, chunked"}, [b"x"]),
        ({"content_encoding": "gzip"}, [b"x"]),
        ({"content_encoding": "gzip"}, [gzip.compress(b"x")[:-1]]),
        ({"content_encoding": "gzip"}, [gzip.compress(b"x"), b"\x1f\x8bdamaged"]),
        ({"content_encoding": "deflate"}, [zlib.compress(b"x" * 99)[:4], b"damaged"]),
    ],
)
def test_a_coding_that_is_unknown_or_broken_is_a_protocol_error(
    headers: dict[str, str], pieces: list[bytes]
) -> None:
    with pytest.raises(ExchangeFailed) as failed:
        read(*pieces, **headers)
    assert failed.value.kind is ErrorKind.PROTOCOL


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("Grüße".encode("utf-16"), "UTF-16", "Grüße"),
        ("Grüße".encode("cp1252"), '"windows-1252"', "Grüße"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
        ("Grüße".encode("utf-16-le"), "utf-16", "Grüße"),
        ("Grüße".encode("utf-32-le"), "utf-32", "Grüße"),
        ("Grüße".encode("utf-16-be"), "utf-16be", "Grüße"),
        ("Grüße".encode("latin-1"), None, "Gr\ufffd\ufffde"),
        ("Grüße".encode(), "klingon", "Grüße"),
        ("Grüße".encode(), "idna", "Grüße"),
        ("Grüße".encode(), "punycode", "Grüße"),
        ("Grüße".encode(), "a" * 99, "Grüße"),
        ("Grüße".encode(), "../secrets", "Grüße"),
    ],
)
def test_the_charset_of_the_answer_is_respected(content: bytes, charset: str | None, text: str) -> None:
    headers = {} if charset is None else {"content_type": f"text/plain; charset={charset}"}
    assert text_of(read(content, **headers)) == text


@pytest.mark.parametrize("charset", sorted(set(encodings.aliases.aliases.values()) | {"idna", "undefined"}))
def test_no_codec_that_python_knows_breaks_a_check(charset: str) -> None:
    every_byte = bytes(range(256)) * 16
    body = read(every_byte, content_type=f"text/plain; charset={charset}")
    assert text_of(body)
    assert not body.contains("needle")


@pytest.mark.parametrize("before", [0, 1, 65_530, 65_535, 65_536, 131_071])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "shift_jis"])
def test_a_text_is_found_wherever_it_lies(before: int, charset: str) -> None:
    body = read(("x" * before + "日本 needle").encode(charset), content_type=f"text/plain; charset={charset}")
    assert body.contains("日本 needle")
    assert body.contains("n")
    assert not body.contains("日本 needles")


def test_half_a_character_at_the_end_is_no_defect() -> None:
    assert text_of(read("日".encode()[:2])) == "\ufffd"


def test_searching_takes_little_memory_whatever_the_characters() -> None:
    body = read(b"x" * (BODY_LIMIT - 4) + "😀".encode())
    tracemalloc.start()
    try:
        assert not body.contains("needle")
        assert tracemalloc.get_traced_memory()[1] < BODY_LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content_type", ["text/html; charset*=x; charset*0*=y", "a/b; charset*0*=x; charset*=y"]
)
def test_a_charset_that_nobody_can_read_is_utf_8(content_type: str) -> None:
    """The standard library compares a number with None there."""
    response = httpx.Response(500, headers={"Content-Type": content_type})
    assert beginning(response, bytearray("ä".encode())) == "ä"
    assert "".join(read("ä".encode(), content_type=content_type).pieces()) == "ä"


@pytest.mark.parametrize("charset", ["unicode_escape", "raw-unicode-escape", "idna", "punycode"])
def test_codecs_that_are_no_charsets_are_not_used(charset: str) -> None:
    assert read(b"x", content_type=f"text/plain; charset={charset}").charset == "utf-8"
