"""One request and its answer on one connection: what is timed, what was met, how it failed."""

from __future__ import annotations

from enum import Enum
from time import perf_counter
from typing import NamedTuple

import httpx

from core.domain.observations import Certificate, ErrorKind, Phases

RECORD = "ronda.exchange"
"""The extension of a request or response that holds its ``Exchange``."""


class Phase(Enum):
    """Where an exchange stands, so that a deadline can tell what it cut off."""

    LOOKUP = "lookup"
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    ANSWER = "answer"
    BODY = "body"


class Peer(NamedTuple):
    """The other end of a connection."""

    family: int
    """Address family, as ``socket`` numbers it."""
    sockaddr: tuple[str | int, ...]
    """Address and port in the form of the family."""


class ExchangeFailed(httpx.TransportError):
    """No usable answer came; carries the error kind and a phrase for people without secrets.

    ``seen`` is the beginning of what came instead, as it came.
    """

    def __init__(self, kind: ErrorKind, detail: str, seen: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.seen = seen


class CertificateRefused(ExchangeFailed):
    """The handshake ended because the peer's certificate cannot be trusted.

    ``code`` is OpenSSL's verification error, which tells one reason from another.
    """

    def __init__(self, detail: str, code: int) -> None:
        super().__init__(ErrorKind.TLS, detail)
        self.code = code


class Exchange:
    """What is learnt while a request is under way; whole or not, it can be read at any moment."""

    __slots__ = (
        "address",
        "certificate",
        "connect_ms",
        "dns_ms",
        "first_byte_ms",
        "peer",
        "phase",
        "server_name",
        "tls_ms",
    )

    def __init__(self) -> None:
        self.phase = Phase.LOOKUP
        self.dns_ms: float | None = None
        self.connect_ms: float | None = None
        self.tls_ms: float | None = None
        self.first_byte_ms: float | None = None
        self.peer: Peer | None = None
        self.address: str | None = None
        self.server_name = ""
        """The host that the certificate must be for; empty before the handshake."""
        self.certificate: Certificate | None = None

    def phases(self) -> Phases:
        """Give the milliseconds of every phase that ended."""
        return Phases(self.dns_ms, self.connect_ms, self.tls_ms, self.first_byte_ms)

    def reached(self, peer: Peer) -> None:
        """Note where the connection goes."""
        self.peer = peer
        self.address = str(peer.sockaddr[0])


def milliseconds_since(start: float) -> float:
    """Give the milliseconds since a moment of ``perf_counter``."""
    return (perf_counter() - start) * 1000
