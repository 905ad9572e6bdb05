"""Messages that go out by Apprise, to servers on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from core.domain.channels import ChannelKind, ChannelSpec, Delivery, Message, Tone
from core.domain.secret import MASK
from core.notifications import by_apprise
from core.notifications.by_apprise import dedup_key
from core.notifications.library import HELD_BACK
from core.notifications.opening import opened
from core.notifications.sending import Senders
from tests.checks.server import Behaviour, Received, Server, Visitor
from tests.clock import FrozenClock
from tests.notifications.conftest import quiet
from tests.notifications.mail_server import MailServer, mail_server
from tests.notifications.samples import by_apprise as channel
from tests.notifications.samples import item, message


def answering(status: str, body: bytes = b"") -> Behaviour:
    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)), body)

    return behave


def mail_url(server: MailServer, login: str = "") -> str:
    return (
        f"mailto://{login}127.0.0.1:{server.port}/?smtp=127.0.0.1&mode=insecure"
        "&from=ronda@example.com&to=ops@example.com"
    )


def json_url(server: Server) -> str:
    return server.url.replace("http://", "json://") + "/t0ken-in-path"


async def test_a_mail_is_the_same_mail_at_every_attempt(senders: Senders) -> None:
    async with mail_server(MailServer()) as server:
        for _attempt in range(2):
            delivery = await senders.send(channel(mail_url(server)), message())
            assert delivery.accepted
    first, second = server.mails
    assert first.get_all("Message-ID") == second.get_all("Message-ID") == ["<m-0001@127.0.0.1>"]
    assert first["Ronda-Message-Id"] == "m-0001"
    assert first["Subject"] == "DOWN: Acme / Shop"
    assert server.recipients == ["ops@example.com"] * 2
    assert "ops@example.com" in delivery.answer


async def test_a_mail_server_that_refuses_is_quoted(senders: Senders) -> None:
    async with mail_server(MailServer("554 5.7.1 not from you")) as server:
        delivery = await senders.send(channel(mail_url(server)), message())
    assert not delivery.accepted
    assert "not from you" in delivery.answer


async def test_a_login_with_an_awkward_password_is_taken(senders: Senders) -> None:
    async with mail_server(MailServer(login=("joe", "p@:/?#% w"))) as server:
        delivery = await senders.send(channel(mail_url(server, "joe:p%40%3A%2F%3F%23%25%20w@")), message())
    assert delivery.accepted
    assert server.logins == [True]


async def test_a_refused_login_is_quoted_without_the_login(senders: Senders) -> None:
    async with mail_server(MailServer(login=("joe", "right"))) as server:
        delivery = await senders.send(channel(mail_url(server, "jonathan:wr%40ng-one@")), message())
    assert not delivery.accepted
    assert "535" in delivery.answer
    assert MASK in delivery.answer
    assert "wr@ng-one" not in delivery.answer
    assert "jonathan" not in delivery.answer


@pytest.mark.parametrize(
    ("tone", "kind"),
    [
        (Tone.DOWN, "failure"),
        (Tone.DEGRADED, "warning"),
        (Tone.GOOD, "success"),
        (Tone.NEUTRAL, "info"),
    ],
)
async def test_the_tone_and_the_id_come_along(senders: Senders, tone: Tone, kind: str) -> None:
    async with Server(answering("200 OK")) as server:
        delivery = await senders.send(channel(json_url(server)), message(tone))
    assert delivery.accepted
    (received,) = server.requests
    assert json.loads(received.body)["type"] == kind
    assert json.loads(received.body)["message"] == "Shop is down – 503"
    assert received.headers["ronda-message-id"] == "m-0001"
    assert received.headers["user-agent"] == "Ronda"


async def test_a_service_without_headers_has_the_id_at_the_end_of_the_text(senders: Senders) -> None:
    async with Server(answering("200 OK", b"{}")) as server:
        url = server.url.replace("http://", "gotify://") + "/AbCdEf"
        assert (await senders.send(channel(url), message())).accepted
    assert json.loads(server.requests[0].body)["message"].endswith("Message m-0001")


async def test_a_refusal_is_told_with_what_the_service_said_and_without_secrets(
    senders: Senders, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Server(answering("403 Forbidden", b"who is t0ken-in-path?")) as server:
        spec = channel(json_url(server))
        delivery = await senders.send(spec, message())
    assert not delivery.accepted
    assert "error=403" in delivery.answer
    assert f"who is {MASK}?" in delivery.answer
    assert "t0ken-in-path" not in caplog.text + repr(spec) + "".join(capfd.readouterr())


async def test_nothing_that_apprise_logs_reaches_our_log(
    senders: Senders, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await senders.send(channel("json://127.0.0.1:1/"), message())
    assert [record.name for record in caplog.records if record.name.split(".")[0] in HELD_BACK] == []


async def test_a_redirect_is_not_followed(senders: Senders) -> None:
    async with Server(answering("200 OK")) as other:

        async def move(visitor: Visitor, _received: Received) -> None:
            await visitor.say(
                f"HTTP/1.1 307 Moved\r\nLocation: {other.url}/\r\nContent-Length: 0\r\n\r\n".encode()
            )

        async with Server(move) as server:
            delivery = await senders.send(channel(json_url(server)), message())
    assert not delivery.accepted
    assert other.connections == 0


async def test_who_closes_early_has_not_accepted(senders: Senders) -> None:
    async def close(_visitor: Visitor, _received: Received) -> None:
        return

    async with Server(close) as server:
        delivery = await senders.send(channel(json_url(server)), message())
    assert not delivery.accepted
    assert delivery.answer


async def test_nobody_listening_is_told(senders: Senders) -> None:
    delivery = await senders.send(channel("json://127.0.0.1:1/"), message())
    assert not delivery.accepted
    assert "refused" in delivery.answer.lower()


async def test_an_address_that_apprise_refuses_is_a_failed_delivery(senders: Senders) -> None:
    delivery = await senders.send(channel("nosuch://token"), message())
    assert delivery == Delivery(False, "nosuch is not a service that Apprise knows.")


async def test_a_plugin_that_breaks_down_is_a_failed_delivery(
    senders: Senders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> bool:
        raise KeyError("t0ken-in-path")

    monkeypatch.setattr(by_apprise, "_notify", broken)
    delivery = await senders.send(channel("json://127.0.0.1:1/t0ken-in-path"), message())
    assert not delivery.accepted
    assert "t0ken" not in delivery.answer + caplog.text
    assert "KeyError" in caplog.text


async def test_who_hangs_is_given_up_and_not_tried_again_until_it_lets_go(clock: FrozenClock) -> None:
    letting_go = asyncio.Event()

    async def hang(_visitor: Visitor, _received: Received) -> None:
        await letting_go.wait()

    await warmed_up()
    senders = Senders(clock, deadline_seconds=0.2)
    async with Server(hang) as server, Server(answering("200 OK")) as healthy:
        spec = channel(json_url(server))
        assert (await senders.send(spec, message())).answer == "no answer within 0.2 s"
        again = await senders.send(spec, message())
        assert again.answer == "the attempt before this one still waits for an answer"
        assert server.connections <= 1
        patient = Senders(clock)
        assert (await patient.send(channel(json_url(healthy)), message())).accepted
        letting_go.set()
        await quiet(senders)
        for _turn in range(3):  # of the event loop, until it knows what the thread has told it
            await asyncio.sleep(0)
        assert (await senders.send(spec, message())).answer != again.answer
        await quiet(senders)
    await senders.close()
    await patient.close()


async def warmed_up() -> None:
    """Load Apprise, so that a short deadline is not over before anything is sent."""
    await asyncio.to_thread(opened, "json://127.0.0.1:1/")


async def test_an_attempt_can_be_cancelled(senders: Senders) -> None:
    arrived, letting_go = asyncio.Event(), asyncio.Event()

    async def hang(_visitor: Visitor, _received: Received) -> None:
        arrived.set()
        await letting_go.wait()

    async with Server(hang) as server:
        attempt = asyncio.create_task(senders.send(channel(json_url(server)), message()))
        await asyncio.wait_for(arrived.wait(), 20)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        letting_go.set()
        await quiet(senders)


async def test_an_attempt_that_found_no_thread_in_time_is_never_made(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.notifications.sending.THREADS", 1)
    gate, made = threading.Event(), []

    def deliver(url: str, _message: Message) -> Delivery:
        made.append(url)
        assert gate.wait(20)
        return Delivery(True, "")

    monkeypatch.setattr("core.notifications.by_apprise.deliver", deliver)
    senders = Senders(clock)
    first = asyncio.create_task(senders.send(channel("json://a/"), message()))
    second = asyncio.create_task(senders.send(channel("json://b/"), message()))
    async with asyncio.timeout(20):
        while not made:  # noqa: ASYNC110 - a thread sets no asyncio event
            await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.set()
    assert (await first).accepted
    await quiet(senders)
    assert made == ["json://a/"]
    await senders.close()


async def test_nothing_is_sent_to_the_terminal(senders: Senders) -> None:
    with pytest.raises(ValueError, match="terminal"):
        await senders.send(ChannelSpec("here", ChannelKind.TERMINAL), message())


def test_an_incident_has_one_key_from_its_beginning_to_its_end() -> None:
    began = dedup_key(message(Tone.DOWN, item()))
    ended = dedup_key(message(Tone.GOOD, item(kind="recovery", status="up")))
    assert began == ended
    assert began != dedup_key(message(Tone.DOWN, item(incident_id=5)))
    assert began != dedup_key(message(Tone.DOWN, item(client="Another")))


@pytest.mark.parametrize("items", [(item(), item(incident_id=5)), (item(incident_id=None),)])
def test_a_message_about_no_incident_or_several_has_its_own_key(items: Any) -> None:
    assert dedup_key(message(Tone.DOWN, *items)) == "m-0001"


def test_pagerduty_is_given_the_key() -> None:
    plugin: Any = opened("pagerduty://key@ronda/Ronda/?action=map").plugin
    text = by_apprise._identified(plugin, message())
    assert text == message().text
    assert plugin.dedup == dedup_key(message())
