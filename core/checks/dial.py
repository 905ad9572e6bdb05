"""Connects to one of a host's addresses: the first that answers, the others tried meanwhile (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence

from core.checks.exchange import ExchangeFailed, Peer
from core.domain.observations import ErrorKind
from core.i18n import _

HEAD_START_SECONDS = 0.25
"""How long an address is tried alone before the next is tried beside it (RFC 8305, section 8)."""

OUR_OWN_ERRNOS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""This machine ran out of something; it says nothing about the service."""


async def connect(peers: Sequence[Peer]) -> tuple[socket.socket, Peer]:
    """Give a connected socket that does not block, and its peer.

    Raises ``ExchangeFailed`` of kind connect, or OSError where this machine is at fault.
    """
    try:
        if len(peers) == 1:
            return await _connect_one(peers[0]), peers[0]
        return await _race(peers)
    except OSError as error:
        if error.errno in OUR_OWN_ERRNOS:
            raise
        raise ExchangeFailed(ErrorKind.CONNECT, connect_failure(error)) from error


def connect_failure(error: OSError) -> str:
    """Say why no connection was made."""
    return _REASONS.get(error.errno or 0, _("the connection failed"))


_REASONS = {
    errno.ECONNREFUSED: _("connection refused"),
    errno.ECONNRESET: _("connection reset while it was made"),
    errno.EHOSTUNREACH: _("the host cannot be reached"),
    errno.ENETUNREACH: _("the network cannot be reached"),
    errno.ETIMEDOUT: _("the host does not answer"),
    errno.EACCES: _("a firewall on this machine forbids the connection"),
    errno.EPERM: _("a firewall on this machine forbids the connection"),
}


_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH}
"""Says less than the failure of another address: often one family has no route at all."""


class _Inet(socket.socket):
    """A socket of IPv4; the event loop asks for its family again and again, which makes an enum each time."""

    family = socket.AF_INET


class _Inet6(socket.socket):
    """The same of IPv6."""

    family = socket.AF_INET6


_SOCKETS: dict[int, type[socket.socket]] = {socket.AF_INET: _Inet, socket.AF_INET6: _Inet6}


async def _connect_one(peer: Peer) -> socket.socket:
    sock = _SOCKETS.get(peer.family, socket.socket)(peer.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, peer.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


async def _race(peers: Sequence[Peer]) -> tuple[socket.socket, Peer]:
    waiting = list(peers)
    attempts: dict[asyncio.Task[socket.socket], Peer] = {}
    failure = OSError(errno.EHOSTUNREACH, "no address")
    try:
        while waiting or attempts:
            if waiting:
                peer = waiting.pop(0)
                attempts[asyncio.create_task(_connect_one(peer))] = peer
            for attempt in await _ended(attempts, HEAD_START_SECONDS if waiting else None):
                peer = attempts.pop(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result(), peer
                if not isinstance(error, OSError):
                    raise error
                if failure.errno in _UNREACHABLE:
                    failure = error
        raise failure
    finally:
        del failure  # its traceback refers to this frame
        for attempt in attempts:
            attempt.add_done_callback(_close_unwanted)
            attempt.cancel()


async def _ended(
    attempts: dict[asyncio.Task[socket.socket], Peer], timeout: float | None
) -> set[asyncio.Task[socket.socket]]:
    """Give the attempts that ended; none if the head start did."""
    done, _pending = await asyncio.wait(attempts, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    return done


def _close_unwanted(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
