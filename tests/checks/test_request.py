"""A check is put together from client and service, and keeps its secrets to itself."""

from __future__ import annotations

import pytest

from core.checks.exchange import ExchangeFailed
from core.checks.request import CheckRequest
from core.domain.clients import ClientSpec
from core.domain.kinds import Auth, Kind
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
        matches="p.ng",
        json_conditions=("$.a",),
        expected_headers=("X",),
        follow_redirects=False,
        verify_tls=False,
        tls_warn_days=30,
        client_cert="/etc/own.pem",
        client_key="/etc/own.key",
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
        matches="p.ng",
        json_conditions=("$.a",),
        expected_headers=("X",),
        follow_redirects=False,
        verify_tls=False,
        tls_warn_days=30,
        client_cert="/etc/own.pem",
        client_key="/etc/own.key",
        secrets=("hunter2",),
    )


def test_a_check_of_another_kind_keeps_what_that_kind_needs() -> None:
    service = ServiceSpec(
        "Zone",
        "192.0.2.53/acme.test",
        kind=Kind.DNS,
        record_type="MX",
        expected_answers=("10 mail.acme.test",),
    )
    assert CheckRequest.of(CLIENT, service) == CheckRequest(
        url="dns://192.0.2.53/acme.test",
        kind=Kind.DNS,
        record_type="MX",
        expected_answers=("10 mail.acme.test",),
        secrets=("hunter2",),
    )


@pytest.mark.parametrize(
    ("auth", "user", "secret", "value"),
    [
        (Auth.BASIC, "ana", Secret("s3cret:x"), "Basic YW5hOnMzY3JldDp4"),
        (Auth.BASIC, "ana", None, "Basic YW5hOmh1bnRlcjI="),
        (Auth.BASIC, "jo\N{LATIN SMALL LETTER A WITH TILDE}o", Secret("x"), "Basic am/Do286eA=="),
        (Auth.BEARER, "", Secret("t0ken"), "Bearer t0ken"),
        (Auth.BEARER, "", None, "Bearer hunter2"),
    ],
)
def test_a_service_says_who_it_is(auth: Auth, user: str, secret: Secret | None, value: str) -> None:
    service = ServiceSpec("Health", "/", auth=auth, auth_user=user, auth_secret=secret)
    assert CheckRequest.of(CLIENT, service).headers == (("Authorization", value),)


@pytest.mark.parametrize("echo", ["Basic YW5hOnMzY3JldA==", "YW5hOnMzY3JldA==", "s3cret", "hunter2"])
def test_credentials_are_masked_in_whatever_form_they_come_back(echo: str) -> None:
    service = ServiceSpec("Health", "/", auth=Auth.BASIC, auth_user="ana", auth_secret=Secret("s3cret"))
    assert CheckRequest.of(CLIENT, service).masked(f"got {echo}!") == f"got {MASK}!"


def test_what_a_check_accepts_is_no_secret() -> None:
    check = CheckRequest("http://x.test", headers=(("Accept", "application/json"),))
    assert check.masked("Content-Type: application/json") == "Content-Type: application/json"


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
    assert check.first() is check.first()


def test_a_header_of_the_service_replaces_ours_whatever_its_case() -> None:
    check = CheckRequest("http://x.test/", headers=(("user-agent", "theirs"),))
    assert check.first().headers.get_list("user-agent") == ["theirs"]


def test_a_request_without_a_body_says_so_where_one_is_usual() -> None:
    assert CheckRequest("http://x.test/", method="POST").first().headers["content-length"] == "0"
    assert "content-length" not in CheckRequest("http://x.test/").first().headers


@pytest.mark.parametrize("url", ["http://ü ü/", "gopher://x.test/", "x.test"])
def test_a_url_that_cannot_be_checked_is_refused_each_time(url: str) -> None:
    check = CheckRequest(url)
    for _number in range(2):
        with pytest.raises(ExchangeFailed):
            check.first()


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


@pytest.mark.parametrize(
    "echo",
    [
        'a\\"b/ü&<c',
        'a\\"b\\/ü&<c',
        'a\\"b/\\u00fc&<c',
        "a&quot;b/ü&amp;&lt;c",
        "a%22b%2F%C3%BC%26%3Cc",
        'a"b/�&<c',
    ],
    ids=["JSON", "JSON of PHP", "JSON in ASCII", "HTML", "a URL", "Latin-1"],
)
def test_a_secret_is_masked_however_an_answer_quotes_it(echo: str) -> None:
    check = CheckRequest("http://x.test/", headers=(("X-Key", 'a"b/ü&<c'),))
    assert check.masked(f"key={echo};") == f"key={MASK};"


def test_a_secret_that_cannot_be_encoded_breaks_nothing() -> None:
    check = CheckRequest("http://x.test/", headers=(("X-Key", "abc\ud800"),))
    assert check.masked("well") == "well"
