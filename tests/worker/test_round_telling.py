"""From a check that fails to the mail and the webhook: a real round, real senders, servers on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from core.clock import SystemClock
from core.domain.channels import ChannelKind, ChannelSpec, Delivery, Message
from core.domain.faults import Fault
from core.domain.notices import MessageState, OutboxEntry
from core.domain.observations import Status
from core.domain.secret import Secret
from core.domain.services import Service
from core.notifications.sending import Senders
from tests.checks.server import Received, Server, Visitor, answers
from tests.notifications.conftest import quiet
from tests.notifications.mail_server import MailServer, mail_server
from tests.notifications.samples import SIGNING_SECRET
from tests.worker.office import HOUR, Office, Process, now
from tests.worker.support import PATIENCE_SECONDS, until

PROBLEM, RECOVERY = "DOWN: acme/web", "RECOVERED: acme/web"
MAIL, HOOK, CONSOLES = "mail", "hook", "consoles"


@dataclass
class Receiver:
    """A webhook's other end: accepts, refuses or hangs, as a test says from time to time."""

    does: str = "accept"
    seen: list[Received] = field(default_factory=list)
    """Every attempt."""
    accepted: list[Received] = field(default_factory=list)

    async def __call__(self, visitor: Visitor, received: Received) -> None:
        self.seen.append(received)
        if self.does == "hang":
            await visitor.reader.read()
        elif self.does == "refuse":
            await answers(b"not now", status="500 Internal Server Error")(visitor, received)
        else:
            self.accepted.append(received)
            await answers()(visitor, received)

    def titles(self) -> list[str]:
        return [json.loads(each.body)["title"] for each in self.accepted]


class Counted:
    """Senders that count their attempts."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self.tried: list[str] = []
        """Names of channels."""

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        self.tried.append(spec.name)
        return await self._senders.send(spec, message)

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        return await self._senders.url_faults(spec)


class Post:
    """An office, and those who are told by it."""

    def __init__(self, office: Office, mail: MailServer, hook: Receiver, stack: AsyncExitStack) -> None:
        self.office = office
        self.mail = mail
        self.hook = hook
        self._stack = stack

    async def open(self, *, deadline_seconds: float = 30.0) -> tuple[Process, Counted]:
        """Open a process that can send."""
        senders = Senders(SystemClock(), deadline_seconds=deadline_seconds)

        async def put_away() -> None:
            await quiet(senders)
            await senders.close()

        self._stack.push_async_callback(put_away)
        sender = Counted(senders)
        return await self.office.open(sender=sender), sender

    async def watch(self, process: Process) -> Service:
        """Add a service that is checked every second, and wait until it is up."""
        service = await self.office.add("web", interval=1.0)
        service = await self.office.save(service, replace(service.spec, retries=0))
        await process.checked(service.id)
        return service

    async def entries(self) -> dict[str, list[OutboxEntry]]:
        """Give the outbox by the names of channels, oldest first."""
        async with self.office.database.unit() as unit:
            names = {each.id: each.spec.name for each in await unit.channels.all()}
            found = await unit.outbox.entries(since=now() - timedelta(hours=1))
        sorted_by_age = sorted(found, key=lambda entry: entry.id)
        return {
            name: [entry for entry in sorted_by_age if names[entry.channel_id] == name]
            for name in names.values()
        }

    async def outbox(self, fact: Callable[[dict[str, list[OutboxEntry]]], bool]) -> None:
        """Wait for a fact about the outbox."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not fact(await self.entries()):  # noqa: ASYNC110 - the server is asked
                await asyncio.sleep(0.02)

    async def all_sent(self, count: int) -> None:
        """Wait until every channel was sent so many messages; nothing else may be in the outbox."""

        def done(entries: dict[str, list[OutboxEntry]]) -> bool:
            states = [[entry.state for entry in each] for each in entries.values()]
            return states == [[MessageState.SENT] * count] * len(entries)

        await self.outbox(done)

    async def end_gathering(self) -> None:
        """Have what waits to be joined by more go out now."""
        async with self.office.database.unit() as unit:
            for entry in await unit.outbox.entries(since=now() - timedelta(hours=1)):
                await unit.outbox.retry(entry.id, now())
            await unit.announce({"alerting": 1})

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mail.mails]


@pytest.fixture
async def post(office: Office) -> AsyncIterator[Post]:
    hook = Receiver()
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(mail_server(MailServer()))
        server = await stack.enter_async_context(Server(hook))
        mail_url = (
            f"mailto://127.0.0.1:{mail.port}/?smtp=127.0.0.1&mode=insecure&from=r@x.example&to=o@x.example"
        )
        specs = (
            ChannelSpec(MAIL, ChannelKind.APPRISE, Secret(mail_url)),
            ChannelSpec(HOOK, ChannelKind.WEBHOOK, Secret(server.url), Secret(SIGNING_SECRET)),
        )
        async with office.database.unit() as unit:
            for spec in specs:
                await unit.channels.add(spec, now())
        yield Post(office, mail, hook, stack)
        for process in office.processes:
            await process.stop()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather notices for less long, and try again sooner."""
    monkeypatch.setattr("core.worker.dispatcher.GROUP_SECONDS", 0.3)
    monkeypatch.setattr("core.domain.notices.FIRST_RETRY_SECONDS", 0.2)
    monkeypatch.setattr("core.domain.notices.LONGEST_RETRY_SECONDS", 0.8)


def is_signed(received: Received) -> bool:
    """Whether a request was signed with the secret of the channel, over its time and body."""
    signed = received.headers["ronda-timestamp"].encode() + b"." + received.body
    wanted = hmac.new(SIGNING_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return received.headers["ronda-signature"] == f"v1={wanted}"


def ids_of(attempts: Sequence[Received]) -> list[str]:
    return [each.headers["ronda-message-id"] for each in attempts]


async def test_a_problem_and_its_recovery_reach_mail_and_webhook_once_each(post: Post) -> None:
    """With the real time of gathering."""
    process, _sender = await post.open()
    await post.watch(process)
    process.checks.status = Status.DOWN
    await until(lambda: len(post.mail.mails) == 1 and len(post.hook.accepted) == 1)
    process.checks.status = Status.UP
    await post.all_sent(2)
    assert post.subjects() == post.hook.titles() == [PROBLEM, RECOVERY]
    assert len(post.hook.seen) == 2
    assert all(map(is_signed, post.hook.seen))
    sent = await post.entries()
    assert ids_of(post.hook.seen) == [entry.message_id for entry in sent[HOOK]]
    assert [str(mail["Ronda-Message-Id"]) for mail in post.mail.mails] == [
        entry.message_id for entry in sent[MAIL]
    ]


async def test_a_webhook_that_refuses_and_hangs_loses_nothing_and_keeps_its_order(
    post: Post, hurried: None
) -> None:
    process, sender = await post.open(deadline_seconds=1.0)
    post.hook.does = "refuse"
    await post.watch(process)
    process.checks.status = Status.DOWN
    await until(lambda: len(post.hook.seen) >= 2 and len(post.mail.mails) == 1)
    process.checks.status = Status.UP
    await until(lambda: len(post.mail.mails) == 2)
    post.hook.does = "hang"
    refused = len(post.hook.seen)
    await until(lambda: len(post.hook.seen) >= refused + 2)  # the first of them was given up
    assert post.hook.accepted == []
    post.hook.does = "accept"
    await post.all_sent(2)
    assert post.hook.titles() == [PROBLEM, RECOVERY]
    assert post.subjects() == [PROBLEM, RECOVERY]
    assert sender.tried.count(MAIL) == 2
    problem, recovery = (entry.message_id for entry in (await post.entries())[HOOK])
    assert ids_of(post.hook.seen) == [problem] * (len(post.hook.seen) - 1) + [recovery]
    assert all(map(is_signed, post.hook.seen))


async def test_what_a_leader_was_sending_when_it_stopped_is_sent_by_the_next_one(
    post: Post, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.worker.delivery.LEASE", timedelta(seconds=2))
    monkeypatch.setattr("core.worker.delivery.STOP_SECONDS", 0.2)
    first, _its_sender = await post.open()
    await post.watch(first)
    second, sender = await post.open()
    post.hook.does = "hang"
    first.checks.status = second.checks.status = Status.DOWN
    await until(lambda: len(post.hook.seen) == 1 and len(post.mail.mails) == 1)
    await post.outbox(lambda entries: [each.state for each in entries[MAIL]] == [MessageState.SENT])
    post.hook.does = "accept"  # at the next attempt; this one hangs on
    await first.stop()
    await second.leading()
    await post.all_sent(1)
    assert post.hook.titles() == post.subjects() == [PROBLEM]
    (entry,) = (await post.entries())[HOOK]
    assert entry.attempts == 2
    assert ids_of(post.hook.seen) == [entry.message_id] * 2
    assert sender.tried == [HOOK]


async def test_a_lead_that_changes_between_decision_and_delivery_repeats_and_loses_nothing(
    post: Post, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.worker.dispatcher.GROUP_SECONDS", HOUR)
    first, its_sender = await post.open()
    await post.watch(first)
    second, sender = await post.open()
    first.checks.status = second.checks.status = Status.DOWN
    await post.outbox(lambda entries: all(len(each) == 1 for each in entries.values()))
    await first.round.hand_over(leave_seconds=HOUR)
    decided = await post.entries()
    assert {entry.attempts for each in decided.values() for entry in each} == {0}
    await second.leading()
    monkeypatch.setattr("core.worker.dispatcher.GROUP_SECONDS", 0.3)
    await post.end_gathering()
    await post.all_sent(1)
    assert post.hook.titles() == post.subjects() == [PROBLEM]
    assert ids_of(post.hook.seen) == [entry.message_id for entry in decided[HOOK]]
    assert (its_sender.tried, sorted(sender.tried)) == ([], [HOOK, MAIL])
    second.checks.status = Status.UP
    await post.all_sent(2)
    assert post.hook.titles() == post.subjects() == [PROBLEM, RECOVERY]
