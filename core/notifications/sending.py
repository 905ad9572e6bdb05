"""Sends one message to one channel, within a deadline, whatever the other side does.

What does the sending is loaded with the first message: it would add 40 ms to every start.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from core.clock import Clock
from core.domain.channels import ChannelKind, ChannelSpec, Delivery, Message
from core.domain.faults import Fault
from core.domain.secret import Secret
from core.i18n import _
from core.lane import Lane

DEADLINE_SECONDS = 30.0
"""How long one attempt may take in all."""
THREADS = 8
"""Threads for Apprise, which blocks; there are none while nothing is sent."""

_Result = TypeVar("_Result")


class Senders:
    """Delivers messages by Apprise and by our own webhook.

    Apprise cannot be interrupted: an attempt whose deadline passes is given up, its thread goes on
    until its sockets do. Until then the same channel is not tried again, so that a dead one holds one
    thread and not all of them. ``context`` replaces the authorities that webhooks are trusted by.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._context = context
        self._lane = Lane(THREADS, "ronda-notify")
        self._given_up: set[Secret] = set()

    @property
    def busy(self) -> int:
        """How many threads are at work, those that were given up among them."""
        return self._lane.threads - self._lane.idle

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        """Make one attempt; what the other side does is told, never raised. Not for the terminal."""
        if spec.kind is ChannelKind.TERMINAL or spec.url is None:
            raise ValueError(f"nothing is sent to a channel of the kind {spec.kind}")
        try:
            async with asyncio.timeout(self._deadline_seconds):
                if spec.kind is ChannelKind.WEBHOOK:
                    return await self._post(spec, message)
                return await self._deliver(spec.url, message)
        except TimeoutError:
            text = _("no answer within {seconds} s")
            return Delivery(False, text.format(seconds=f"{self._deadline_seconds:g}"))

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        """Give what is wrong with the address of a channel beyond the spec's own faults."""

        def work() -> tuple[Fault, ...]:
            from core.notifications.opening import url_faults

            return tuple(url_faults(spec))

        return await self._start(work, threading.Event())

    async def close(self) -> None:
        """Let idle threads end; those inside an attempt end with it."""
        self._lane.close()

    async def _post(self, spec: ChannelSpec, message: Message) -> Delivery:
        from core.notifications.webhook import post, trusting

        context = self._context
        if context is None:
            context = await self._start(trusting, threading.Event())
        return await post(spec, message, int(self._clock.now().timestamp()), context)

    async def _deliver(self, url: Secret, message: Message) -> Delivery:
        if url in self._given_up:
            return Delivery(False, _("the attempt before this one still waits for an answer"))
        from core.notifications.by_apprise import deliver

        too_late = threading.Event()
        attempt = self._start(partial(deliver, url.reveal(), message), too_late)
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            too_late.set()
            self._given_up.add(url)
            attempt.add_done_callback(lambda _attempt: self._given_up.discard(url))
            raise

    def _start(self, work: Callable[[], _Result], too_late: threading.Event) -> asyncio.Future[_Result]:
        """Run something on a thread, unless it is ``too_late`` once one is free."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()

        def job() -> None:
            outcome = partial(_cancel, future) if too_late.is_set() else _outcome(future, work)
            try:
                loop.call_soon_threadsafe(outcome)
            except RuntimeError:
                return  # the work outlived its event loop: nobody waits for it any more

        self._lane.submit(job)
        return future


def _outcome(future: asyncio.Future[_Result], work: Callable[[], _Result]) -> Callable[[], None]:
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - raised where it is waited for
        return partial(_fail, future, error)
    return partial(_finish, future, result)


def _finish(future: asyncio.Future[_Result], result: _Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[_Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _cancel(future: asyncio.Future[_Result]) -> None:
    future.cancel()
