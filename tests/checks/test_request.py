"""A check is put together from client and service, and keeps its secrets to itself."""

from __future__ import annotations

import pytest

from core.checks.exchange import ExchangeFailed
from core.checks.request import CheckRequest
from core.domain.clients import ClientSpec
from core.domain.secret import MASK, Secret
from core.domain.services import Header, ServiceSpec

CLIENT = ClientSpec("Acme", dns="api.acme.test/base/", api_key=Secret("hunter2"))


def test_a_check_takes_everything_that_matters_from_the_service() -> None:
    service = ServiceSpec(
        "Health",
        "/health?deep=1",
        method="POST",
        expected_status="200-299",
        timeout_seconds=3,
        body="ping",
        contains="pong",
        not_contains="error",
        degraded_above_ms=800,
        follow_redirects=False,
        verify_tls=False,
    )
    assert CheckRequest.of(CLIENT, service) == CheckRequest(
        url="https://api.acme.test/base/health?deep=1",
        method="POST",
        expected_status="200-299",
        timeout_seconds=3,
        body="ping",
        contains="pong",
        not_contains="error",
        degraded_above_ms=800,
        follow_redirects=False,
        verify_tls=False,
    )


def test_headers_get_the_clients_key() -> None:
    headers = (Header("Authorization", Secret("Bearer {api_key}/{api_key}")), Header("X", Secret("y")))
    check = CheckRequest.of(CLIENT, ServiceSpec("Health", "/", headers=headers))
    assert check.headers == (("Authorization", "Bearer hunter2/hunter2"), ("X", "y"))


def test_without_a_key_the_placeholder_stays() -> None:
    headers = (Header("X", Secret("{api_key}")),)
    check = CheckRequest.of(ClientSpec("Acme"), ServiceSpec("Health", "http://x.test", headers=headers))
    assert check.headers == (("X", "{api_key}"),)


def test_a_check_in_a_log_shows_no_secret() -> None:
    check = CheckRequest("http://x.test/?token=hunter2", headers=(("X", "hunter2"),), body="hunter2")
    assert "hunter2" not in repr(check)


def test_the_first_request_is_built_once() -> None:
    check = CheckRequest("http://x.test/")
    assert check.first is check.first


def test_a_header_of_the_service_replaces_ours_whatever_its_case() -> None:
    check = CheckRequest("http://x.test/", headers=(("user-agent", "theirs"),))
    assert check.first.headers.get_list("user-agent") == ["theirs"]


def test_a_request_without_a_body_says_so_where_one_is_usual() -> None:
    assert CheckRequest("http://x.test/", method="POST").first.headers["content-length"] == "0"
    assert "content-length" not in CheckRequest("http://x.test/").first.headers


@pytest.mark.parametrize("url", ["http://ü ü/", "gopher://x.test/", "x.test"])
def test_a_url_that_cannot_be_checked_is_refused_each_time(url: str) -> None:
    check = CheckRequest(url)
    for _number in range(2):
        with pytest.raises(ExchangeFailed):
            _ = check.first


def test_sent_values_are_masked_but_not_every_letter_of_a_short_one() -> None:
    check = CheckRequest("http://x.test/", headers=(("A", "hunter2"), ("B", "1")))
    assert check.masked("http://y.test/hunter2/1") == f"http://y.test/{MASK}/1"


@pytest.mark.parametrize(
    ("check", "reads"),
    [
        (CheckRequest("http://x.test/"), False),
        (CheckRequest("http://x.test/", contains="a"), True),
        (CheckRequest("http://x.test/", not_contains="a"), True),
    ],
)
def test_the_body_is_read_only_for_an_expectation(check: CheckRequest, reads: bool) -> None:
    assert check.reads_body is reads
