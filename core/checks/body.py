"""Reads the body of an answer as text, within bounds that no peer can stretch."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from core.checks.exchange import ExchangeFailed
from core.domain.evidence import EVIDENCE_LIMIT
from core.domain.observations import ErrorKind
from core.domain.text import printable
from core.i18n import _

BODY_LIMIT = 1024 * 1024
"""Bytes of a body that are looked at, before and after decompression."""
BEGINNING_LIMIT = 4 * EVIDENCE_LIMIT
"""Bytes of a body that are looked at to be shown: a secret is masked also where what is kept ends in it."""

_CHARSET = re.compile(r"^[\w.:+-]{1,40}$", re.ASCII)
_UNSAFE_CODECS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Not charsets of documents; some take quadratic time."""
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_BARE_DEFLATE = -zlib.MAX_WBITS
_STEP = 64 * 1024
"""Bytes decompressed or decoded at a time."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Body:
    """What an answer holds, or its beginning."""

    content: bytes | bytearray
    """Without any coding."""
    charset: str
    """A codec of Python's that decodes step by step."""
    truncated: bool
    """More followed than is looked at."""

    def pieces(self) -> Iterator[str]:
        """Give the text piece by piece: as a whole it would take up to four times the memory."""
        decoder = codecs.getincrementaldecoder(self.charset)(errors="replace")
        for start in range(0, len(self.content), _STEP):
            yield decoder.decode(self.content[start : start + _STEP])
        yield decoder.decode(b"", final=True)

    def contains(self, text: str) -> bool:
        """Whether a text is somewhere in it."""
        window = ""
        for piece in self.pieces():
            window = window[max(0, len(window) - len(text) + 1) :] + piece
            if text in window:
                return True
        return False


async def read_body(response: httpx.Response, content: bytearray, limit: int = BODY_LIMIT) -> Body:
    """Read a response's body into ``content``, at most ``limit`` bytes, and give it.

    Raises ``ExchangeFailed`` if its form is not understood or broken; what came before is in
    ``content``. Compression is undone even though none was asked for, one layer of gzip or deflate.
    """
    decoder = _decoder(response.headers)
    received = 0
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in response.stream:
        received += len(piece)
        decoder.add(piece, content)
        if len(content) > limit or received > limit:
            del content[limit:]
            return _body(content, response, truncated=True)
    decoder.finish()
    return _body(content, response, truncated=False)


def beginning(response: httpx.Response, content: bytearray) -> str:
    """Give the beginning of what was read of a body as text; more than is kept of it."""
    charset = _charset_of(response)
    return content[:BEGINNING_LIMIT].decode(charset, errors="replace")


def head_text(response: httpx.Response) -> str:
    """Give status line and headers as they came, a line each."""
    status = f"{response.http_version} {response.status_code} {response.reason_phrase}".rstrip()
    lines = [f"{_text(name)}: {_text(value)}" for name, value in response.headers.raw]
    return "\n".join([status, *lines])


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", errors="replace")


class _Plain:
    """A body that is what it is."""

    def add(self, piece: bytes, content: bytearray) -> None:
        """Add a piece to the content."""
        content += piece

    def finish(self) -> None:
        """Nothing can be missing."""


class _Inflating:
    """A body in gzip, zlib or bare deflate, decompressed step by step."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._begun = False

    def add(self, piece: bytes, content: bytearray) -> None:
        """Add what a piece holds, hardly beyond the limit; raises ``ExchangeFailed`` if it is damaged."""
        try:
            self._inflate(piece, content)
        except zlib.error as error:
            raise _broken_compression() from error

    def finish(self) -> None:
        """Raise ``ExchangeFailed`` if the compressed stream has no end; an empty body needs none."""
        if self._begun and not self._stream.eof:
            raise _broken_compression()

    def _inflate(self, piece: bytes, content: bytearray) -> None:
        has_more = True
        while has_more and len(content) <= BODY_LIMIT:
            if self._stream.eof and not piece.startswith(_GZIP_MAGIC):
                return  # padding; all the world ignores it
            if self._stream.eof:  # gzip may be made of several members
                self._stream = zlib.decompressobj(_ZLIB_OR_GZIP)
            step = self._decompress(piece)
            content += step
            piece = self._stream.unused_data or self._stream.unconsumed_tail
            has_more = bool(piece) or len(step) == _STEP  # a full step may hold some back

    def _decompress(self, piece: bytes) -> bytes:
        first, self._begun = not self._begun, True
        try:
            return self._stream.decompress(piece, _STEP)
        except zlib.error:
            if not first:
                raise
            self._stream = zlib.decompressobj(_BARE_DEFLATE)  # what some servers call deflate
            return self._stream.decompress(piece, _STEP)


def _broken_compression() -> ExchangeFailed:
    return ExchangeFailed(ErrorKind.PROTOCOL, _("the compressed body is damaged"))


def _decoder(headers: httpx.Headers) -> _Plain | _Inflating:
    transfer = headers.get("transfer-encoding", "chunked").strip().lower()
    if transfer not in {"chunked", "identity"}:
        raise _unknown_coding(transfer)
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return _Plain()
    if coding in {"gzip", "x-gzip", "deflate"}:
        return _Inflating()
    raise _unknown_coding(coding)


def _unknown_coding(coding: str) -> ExchangeFailed:
    text = _("the body is coded as {coding}, which was not asked for")
    return ExchangeFailed(ErrorKind.PROTOCOL, text.format(coding=printable(coding, 20)))


def _body(content: bytearray, response: httpx.Response, *, truncated: bool) -> Body:
    charset = _charset_of(response)
    marks = _BYTE_ORDER_MARKS.get(charset)
    if marks is not None and not content.startswith(marks):
        charset += "-le"  # what is meant without a mark (WHATWG Encoding, section 4.2)
    return Body(content, charset, truncated)


_BYTE_ORDER_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


def _charset_of(response: httpx.Response) -> str:
    try:
        return _charset(response.charset_encoding)
    except (TypeError, ValueError):  # the standard library, of "charset*=x; charset*0*=y"
        return _charset(None)


def _charset(named: str | None) -> str:
    """Give the codec for a charset; UTF-8 for none, one that is unknown or one that is no charset."""
    if named is None or not _CHARSET.match(named):
        return "utf-8"
    try:
        codec = codecs.lookup(named).name
        b"x".decode(codec, errors="replace")  # refuses codecs from bytes to bytes
        codecs.getincrementaldecoder(codec)
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if codec.replace("-", "_") in _UNSAFE_CODECS else codec
