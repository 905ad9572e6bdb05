"""The probe of ICMP: an echo request on an unprivileged socket (ping), and what comes back."""

from __future__ import annotations

import errno
import os
import socket
import struct
from time import perf_counter

from core.checks.assertions import Verdict
from core.checks.datagrams import Datagrams, MakeSocket
from core.checks.exchange import ExchangeFailed, Peer, Phase, milliseconds_since
from core.checks.grading import Grading
from core.checks.reach import find, place_asked
from core.checks.resolver import Resolver
from core.checks.visit import Visit
from core.domain.observations import ErrorKind
from core.i18n import _

MOST_REQUESTS = 3
"""Echo requests of one check: the others are for those that get lost."""
_SIZE = 56
"""Bytes of data in a request, as ping has them."""
_HEAD = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number (RFC 792; RFC 4443, section 4.1)."""
_REQUESTS = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLIES = frozenset({0, 129})
_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT})


def ping_socket(family: int) -> socket.socket:
    """Give a socket for echoes; raises ``ExchangeFailed`` of kind internal if the machine allows none.

    On Linux the kernel puts in an identifier and gives back only what belongs to it.
    """
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        text = _("This machine does not allow unprivileged ping; to allow it: {command}")
        command = 'sysctl -w net.ipv4.ping_group_range="0 2147483647"'
        raise ExchangeFailed(ErrorKind.INTERNAL, text.format(command=command)) from error


class IcmpProbe:
    """Makes checks of kind ICMP."""

    def __init__(self, resolver: Resolver, grading: Grading, make: MakeSocket = ping_socket) -> None:
        self._resolver = resolver
        self._grading = grading
        self._make = make

    async def __call__(self, visit: Visit) -> Verdict:
        """Make the check; raises ``ExchangeFailed`` where the host cannot be reached.

        The latency is that of the echo that came back, not of those before it that were lost.
        """
        exchange = visit.exchange
        peers = await find(self._resolver, place_asked(visit.check).host, 0, exchange)
        exchange.phase = Phase.ANSWER
        echo = _Echo()
        with Datagrams(self._make) as datagrams:
            took_ms, _peer = await datagrams.ask(
                peers[:MOST_REQUESTS], MOST_REQUESTS, echo.request, echo.took_ms, exchange
            )
        exchange.first_byte_ms = visit.latency_ms = took_ms
        return self._grading.grade(visit)


class _Echo:
    """The requests of one check, known again by data that nobody else can know."""

    def __init__(self) -> None:
        self._data = os.urandom(_SIZE)
        self._sent: dict[int, float] = {}
        """By sequence number the moment of ``perf_counter``."""

    def request(self, peer: Peer, number: int) -> bytes:
        """Give the request of a number as it goes to a peer."""
        kind = _REQUESTS[socket.AddressFamily(peer.family)]
        identifier = int.from_bytes(self._data[:2], "big")
        blank = _HEAD.pack(kind, 0, 0, identifier, number) + self._data
        self._sent[number] = perf_counter()
        return _HEAD.pack(kind, 0, checksum(blank), identifier, number) + self._data

    def took_ms(self, datagram: bytes) -> float | None:
        """Give the milliseconds that an echo of ours took, None for anything else."""
        if datagram[:1] and datagram[0] >> 4 == 4:  # macOS hands the header of IPv4 over too
            datagram = datagram[4 * (datagram[0] & 15) :]
        if len(datagram) < _HEAD.size or datagram[_HEAD.size :] != self._data:
            return None
        kind, code, _sum, _identifier, number = _HEAD.unpack_from(datagram)
        if kind not in _REPLIES or code != 0 or number not in self._sent:
            return None
        return milliseconds_since(self._sent[number])


def checksum(message: bytes) -> int:
    """Give the checksum of a message of even length whose own is zero (RFC 1071)."""
    words = struct.unpack(f"!{len(message) // 2}H", message)
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
