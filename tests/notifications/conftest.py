"""Fixtures of the tests that send messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.notifications.sending import Senders
from tests.clock import FrozenClock


async def quiet(senders: Senders) -> None:
    """Let other threads run until none of them sends any more."""
    async with asyncio.timeout(20):
        while senders.busy:  # noqa: ASYNC110 - threads set no asyncio event
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Apprise on loopback, whatever the machine's environment says."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def senders(clock: FrozenClock) -> AsyncIterator[Senders]:
    made = Senders(clock)
    yield made
    await quiet(made)
    await made.close()
