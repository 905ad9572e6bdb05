"""Every kind of check on both event loops, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import pytest
import uvloop

from core.checks.datagrams import Datagrams
from core.checks.exchange import Exchange, ExchangeFailed
from core.checks.grading import Grading
from core.checks.icmp import IcmpProbe
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import Trust
from core.checks.tunnel import Tunnel
from core.checks.visit import Visit
from core.clock import SystemClock
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Status
from tests.checks.certificates import Authority
from tests.checks.conftest import TableResolver
from tests.checks.echo_host import EchoHost
from tests.checks.kinds import request
from tests.checks.name_server import NameServer, framed, records, silent, truncated
from tests.checks.server import Server, answers, closed_port, floods, says, says_then_hangs, says_then_resets

LOOPS = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop.new_event_loop, id="uvloop"),
]
A = "example.com. 60 IN A 192.0.2.1"
GREETING = "SSH-2.0"
DEADLINE = 0.2


@dataclass(frozen=True)
class Case:
    name: str
    check: CheckRequest
    error: ErrorKind | None = None


@dataclass(frozen=True)
class Stage:
    prober: Prober
    cases: list[Case]

    async def play(self, times: int = 1) -> None:
        """Make all the checks at once, and compare what they see."""
        for _time in range(times):
            seen = await asyncio.gather(*(self.prober.check(case.check) for case in self.cases))
            told = {case.name: each.error for case, each in zip(self.cases, seen, strict=True)}
            assert told == {case.name: case.error for case in self.cases}
            assert {each.status for each in seen} == {Status.UP, Status.DOWN}


@asynccontextmanager
async def stage(authority: Authority) -> AsyncIterator[Stage]:
    """A prober and, for every kind, a peer that does well and some that do not."""
    resolver = TableResolver()
    resolver.knows("localhost", "127.0.0.1")
    resolver.knows("two.test", "127.0.0.1", "127.0.0.1")
    prober = Prober(SystemClock(), resolver=resolver, trust=Trust(authority.cafile))
    async with AsyncExitStack() as stack:
        port, deaf = closed_port(), await stack.enter_async_context(EchoHost(lambda _asked: []))
        host = await stack.enter_async_context(EchoHost())

        def diverted(family: int) -> socket.socket:
            return (deaf if family == socket.AF_INET6 else host).socket(family)

        prober._probes[Kind.ICMP] = IcmpProbe(resolver, Grading(lambda _seconds: False), diverted)

        async def at(server: Server | NameServer) -> int:
            await stack.enter_async_context(cast("AbstractAsyncContextManager[object]", server))
            return server.port

        def tcp(*pieces: bytes) -> Server:
            return Server(says(*pieces), reads_request=False)

        tls = authority.server()
        quiet = await at(Server(says_then_hangs(), reads_request=False))
        greeting = await at(tcp(b"SSH-2.0-OpenSSH\r\n"))
        resets = await at(Server(says_then_resets(b"22"), reads_request=False))
        endless = await at(Server(floods(b"", b"x" * 4096), reads_request=False))
        secure = await at(Server(says(), tls=tls, reads_request=False))
        strange = await at(Server(says(), tls=authority.server(["other.test"]), reads_request=False))
        plain, web = await at(Server(answers())), await at(Server(answers(), tls=tls))
        names, long = await at(NameServer(records(A))), await at(NameServer(truncated, framed(records(A))))
        mute, no = await at(NameServer(silent)), await at(NameServer(records(code="NXDOMAIN")))
        cut = await at(NameServer(truncated, lambda _question: [b"\0\x63abc"], closes=True))
        snap = await at(NameServer(truncated, lambda _question: [b"\0\x63abc"], resets=True))
        broken = await at(NameServer(lambda asked: [asked[:2] + b"\x81\x80" + b"\xff" * 30]))
        wanted, late = {"contains": GREETING}, {"timeout_seconds": DEADLINE}
        yield Stage(
            prober,
            [
                Case("http", request(f"http://localhost:{plain}/")),
                Case("https", request(f"https://localhost:{web}/")),
                Case("tcp", request(f"tcp://localhost:{greeting}", **wanted)),
                Case("tcp refused", request(f"tcp://two.test:{port}"), ErrorKind.CONNECT),
                Case("tcp silent", request(f"tcp://localhost:{quiet}", **wanted, **late), ErrorKind.TIMEOUT),
                Case("tcp reset", request(f"tcp://localhost:{resets}", **wanted), ErrorKind.PROTOCOL),
                Case("tcp endless", request(f"tcp://localhost:{endless}", **wanted), ErrorKind.TOO_LARGE),
                Case("tcp wrong", request(f"tcp://localhost:{greeting}", contains="220"), ErrorKind.CONTENT),
                Case("tls", request(f"tls://localhost:{secure}")),
                Case("tls refused", request(f"tls://localhost:{port}"), ErrorKind.CONNECT),
                Case("tls silent", request(f"tls://localhost:{quiet}", **late), ErrorKind.TIMEOUT),
                Case("tls garbage", request(f"tls://localhost:{greeting}"), ErrorKind.TLS),
                Case("tls wrong host", request(f"tls://localhost:{strange}"), ErrorKind.TLS),
                Case("dns", request(f"dns://localhost:{names}/example.com")),
                Case("dns over tcp", request(f"dns://127.0.0.1:{long}/example.com")),
                Case("dns cut off", request(f"dns://127.0.0.1:{cut}/example.com"), ErrorKind.PROTOCOL),
                Case("dns reset", request(f"dns://127.0.0.1:{snap}/example.com"), ErrorKind.PROTOCOL),
                Case("dns no name", request(f"dns://127.0.0.1:{no}/example.com"), ErrorKind.DNS),
                Case("dns refused", request(f"dns://127.0.0.1:{port}/example.com"), ErrorKind.CONNECT),
                Case("dns silent", request(f"dns://127.0.0.1:{mute}/a.test", **late), ErrorKind.TIMEOUT),
                Case("dns garbage", request(f"dns://127.0.0.1:{broken}/a.test"), ErrorKind.PROTOCOL),
                Case("icmp", request("icmp://192.0.2.1")),
                Case("icmp silent", request("icmp://[2001:db8::1]", **late), ErrorKind.TIMEOUT),
                Case("icmp no name", request("icmp://nowhere.test"), ErrorKind.DNS),
            ],
        )
        await prober.close()


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_every_kind_is_checked(
    authority: Authority, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        async with stage(authority) as scene:
            await scene.play()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


async def test_no_kind_leaves_anything_to_the_garbage_collector(authority: Authority) -> None:
    def left_over() -> list[object]:
        ours = (Visit, Exchange, ExchangeFailed, Datagrams, Tunnel)
        return [thing for thing in gc.get_objects() if isinstance(thing, ours)]

    async with stage(authority) as scene:
        await scene.play()
        gc.collect()
        gc.disable()
        try:
            await scene.play(3)
            for _turn in range(100):
                if not left_over():
                    break
                await asyncio.sleep(0)
            assert not left_over()
        finally:
            gc.enable()
