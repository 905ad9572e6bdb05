"""Addresses that a channel may have, and clear words for those that it may not."""

from __future__ import annotations

import pytest

from core.domain.channels import ChannelKind, ChannelSpec
from core.domain.secret import Secret
from core.notifications.opening import LOCAL, LONGEST_SECONDS, TIMEOUT_SECONDS, opened, url_faults
from core.notifications.sending import Senders
from core.wording import fault_text
from tests.notifications.samples import by_apprise, webhook


def words(spec: ChannelSpec) -> list[str]:
    return [fault_text(fault) for fault in url_faults(spec)]


@pytest.mark.parametrize("url", ["json://example.com/x", " ntfys://ntfy.sh/topic ", "https://ntfy.sh/topic"])
def test_an_address_that_apprise_knows_is_taken(url: str) -> None:
    assert words(by_apprise(url)) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("no address", "This is not the address of a channel. Write it like ntfys://ntfy.sh/topic."),
        ("json://a\x1b[0m", "This is not the address of a channel. Write it like ntfys://ntfy.sh/topic."),
        ("nosuch://token", "nosuch is not a service that Apprise knows."),
        ("https://example.com/", "https is not a service that Apprise knows."),
    ],
)
def test_what_is_no_address_of_apprise_is_said(url: str, said: str) -> None:
    assert words(by_apprise(url)) == [said]


@pytest.mark.parametrize("scheme", sorted(LOCAL))
def test_what_stays_on_this_machine_is_refused(scheme: str) -> None:
    (fault,) = url_faults(by_apprise(f"{scheme.upper()}://localhost/etc/passwd"))
    assert (fault.code, fault.parameters) == ("channel_url_local", {"scheme": scheme})


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?template=file:///etc/passwd",
        "mailto://joe:pass@example.com/?pgpprv=/etc/passwd",
        "fcm://project@apikey/device/?keyfile=/etc/passwd",
    ],
)
def test_no_channel_reads_files_of_this_machine(url: str) -> None:
    (fault,) = url_faults(by_apprise(url))
    assert fault.code == "channel_url_file"


def test_a_missing_part_is_told_in_the_words_of_apprise_without_the_secrets() -> None:
    (said,) = words(by_apprise("tgram://s3cret-token/chat"))
    assert said.startswith("The address is not taken: ")
    assert "Telegram" in said
    assert "s3cret" not in said


def test_a_service_whose_library_is_not_installed_is_refused() -> None:
    (fault,) = url_faults(by_apprise("mqtt://example.com/topic"))
    assert fault.code == "channel_url_library"


def test_the_patience_of_an_address_has_a_limit() -> None:
    assert opened("json://h/").plugin.socket_read_timeout == TIMEOUT_SECONDS
    hurried = opened("json://h/?rto=3&cto=2").plugin
    assert (hurried.socket_read_timeout, hurried.socket_connect_timeout) == (3, 2)
    assert opened("json://h/?rto=86400").plugin.socket_read_timeout == LONGEST_SECONDS


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "ftp is not a webhook's. Use http or https."),
        ("https://", "The address names no host. Write it like https://example.com/health."),
        ("example.com", "This is not an address. Write it like https://example.com/health."),
        ("https://joe:pass@example.com/hook?x=1", None),
    ],
)
def test_a_webhook_has_an_http_address(url: str, said: str | None) -> None:
    assert words(webhook(url)) == ([said] if said else [])


def test_a_terminal_has_no_address_to_look_at() -> None:
    assert words(ChannelSpec("here", ChannelKind.TERMINAL)) == []
    assert words(ChannelSpec("x", url=Secret(" "))) == []


async def test_addresses_are_looked_at_beside_the_event_loop(senders: Senders) -> None:
    (fault,) = await senders.url_faults(by_apprise("nosuch://token"))
    assert fault.code == "channel_url_scheme"
