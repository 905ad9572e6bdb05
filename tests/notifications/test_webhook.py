"""Our own webhook, as the one who receives it sees it."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from core.domain.secret import MASK, Secret
from core.notifications.sending import Senders
from core.notifications.webhook import BODY_LIMIT, signature, trusting
from tests.checks.server import Behaviour, Received, Server, Visitor
from tests.clock import FrozenClock
from tests.notifications.conftest import quiet
from tests.notifications.samples import SIGNING_SECRET, message, webhook

DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text()


def answering(*pieces: bytes) -> Behaviour:
    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(*pieces)

    return behave


OK = answering(b"HTTP/1.1 204 No Content\r\n\r\n")


async def hang(visitor: Visitor, _received: Received) -> None:
    await visitor.reader.read()


async def test_what_is_accepted_came_with_every_header_and_the_whole_document(
    senders: Senders, clock: FrozenClock
) -> None:
    async with Server(OK) as server:
        delivery = await senders.send(webhook(f"{server.url}/hook?key=value"), message())
    assert (delivery.accepted, delivery.answer) == (True, "HTTP/1.1 204 No Content")
    (received,) = server.requests
    assert (received.method, received.path) == ("POST", "/hook?key=value")
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("ronda/")
    assert received.headers["ronda-message-id"] == "m-0001"
    assert received.headers["ronda-timestamp"] == str(int(clock.now().timestamp()))
    assert json.loads(received.body) == message().document


async def test_the_documented_example_verifies_a_real_message_and_refuses_a_changed_one(
    senders: Senders, clock: FrozenClock
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # the example of the documentation
    async with Server(OK) as server:
        await senders.send(webhook(server.url), message())
    (received,) = server.requests
    headers = {name.title(): value for name, value in received.headers.items()}
    now = clock.now().timestamp()
    verify = names["is_from_ronda"]
    assert verify(SIGNING_SECRET, headers, received.body, now)
    assert not verify(SIGNING_SECRET, headers, received.body + b" ", now)
    assert not verify("another secret", headers, received.body, now)
    assert not verify(SIGNING_SECRET, headers, received.body, now + 301)


def test_the_documented_document_has_the_fields_that_are_sent() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    document = json.loads(shown)
    sent = json.loads(json.dumps(message().document))
    assert document.keys() == sent.keys()
    assert document["items"][0].keys() == sent["items"][0].keys()


async def test_a_channel_without_a_secret_is_not_signed(senders: Senders) -> None:
    async with Server(OK) as server:
        await senders.send(webhook(server.url, None), message())
    assert "ronda-signature" not in server.requests[0].headers


def test_the_signature_covers_the_time() -> None:
    secret = Secret(SIGNING_SECRET)
    assert signature(secret, 1, b"{}") != signature(secret, 2, b"{}")


async def test_a_refusal_is_told_with_the_beginning_of_its_body(senders: Senders) -> None:
    refusing = answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nnot\x1b[31m you")
    async with Server(refusing) as server:
        delivery = await senders.send(webhook(server.url), message())
    assert (delivery.accepted, delivery.answer) == (False, "HTTP/1.1 403 Forbidden not�[31m you")


async def test_a_redirect_is_not_followed(senders: Senders) -> None:
    async with Server(OK) as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {other.url}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with Server(answering(moved)) as server:
            delivery = await senders.send(webhook(server.url), message())
    assert not delivery.accepted
    assert other.connections == 0


@pytest.mark.parametrize(
    "pieces",
    [(), (b"HTTP/1.1 2",), (b"no HTTP at all\r\n\r\n",)],
    ids=["nothing", "half a status line", "nonsense"],
)
async def test_who_closes_early_or_talks_nonsense_has_not_accepted(
    senders: Senders, pieces: tuple[bytes, ...]
) -> None:
    async with Server(answering(*pieces)) as server:
        delivery = await senders.send(webhook(server.url), message())
    assert not delivery.accepted
    assert delivery.answer.startswith("no answer: ")


async def test_nobody_listening_is_an_answer_too(senders: Senders) -> None:
    async with Server(OK) as server:
        url = server.url
    delivery = await senders.send(webhook(url), message())
    assert not delivery.accepted
    assert delivery.answer


async def test_a_huge_body_is_read_as_far_as_its_limit(senders: Senders) -> None:
    sent = 0

    async def endless(visitor: Visitor, _received: Received) -> None:
        nonlocal sent
        await visitor.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            visitor.writer.write(b"x" * 65_536)
            await visitor.writer.drain()
            sent += 65_536

    async with Server(endless) as server:
        delivery = await senders.send(webhook(server.url), message())
    assert delivery.accepted
    assert delivery.answer.startswith("HTTP/1.1 200 OK xxx")
    assert len(delivery.answer) < 300
    assert sent < 200 * BODY_LIMIT


async def test_a_status_counts_even_if_the_body_breaks_off(senders: Senders) -> None:
    broken = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nthanks")
    async with Server(broken) as server:
        delivery = await senders.send(webhook(server.url), message())
    assert delivery.accepted
    assert delivery.answer == "HTTP/1.1 200 OK thanks"


async def test_who_hangs_is_given_up_at_the_deadline(clock: FrozenClock) -> None:
    senders = Senders(clock, deadline_seconds=0.05, context=trusting())
    async with Server(hang) as server:
        delivery = await senders.send(webhook(server.url), message())
    assert (delivery.accepted, delivery.answer) == (False, "no answer within 0.05 s")
    await senders.close()


async def test_an_attempt_can_be_cancelled(senders: Senders) -> None:
    arrived = asyncio.Event()

    async def behave(visitor: Visitor, received: Received) -> None:
        arrived.set()
        await hang(visitor, received)

    async with Server(behave) as server:
        attempt = asyncio.create_task(senders.send(webhook(server.url), message()))
        await asyncio.wait_for(arrived.wait(), 10)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
    await quiet(senders)


async def test_secrets_that_come_back_are_masked_and_nothing_logs_them(
    senders: Senders, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(visitor: Visitor, received: Received) -> None:
        text = " ".join([received.path, received.headers["authorization"], SIGNING_SECRET, "pass word"])
        body = text.encode()
        await visitor.say(b"HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    async with Server(echo) as server:
        spec = webhook(server.url.replace("://", "://joe:pass%20word@") + "/t0ken-in-path?key=t0ken-in-query")
        delivery = await senders.send(spec, message())
    login = base64.b64encode(b"joe:pass word").decode()
    assert server.requests[0].headers["authorization"] == f"Basic {login}"
    assert MASK in delivery.answer
    for text in (delivery.answer, caplog.text, repr(spec)):
        for secret in ("t0ken-in-path", "t0ken-in-query", SIGNING_SECRET, "pass word", "pass%20word", login):
            assert secret not in text
