"""Redirects are followed as browsers follow them, and secrets stay where they belong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from core.checks.exchange import ExchangeFailed
from core.checks.prober import Prober
from core.checks.redirects import first_hop, next_hop
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind, Status
from core.domain.secret import MASK
from tests.checks.certificates import Authority
from tests.checks.server import Received, Server, Visitor, answers, redirects, routes

OWN = (("Authorization", "Bearer hunter2"), ("X-Api-Key", "hunter2"), ("Cookie", "session=hunter2"))
POST = CheckRequest(
    "http://shop.test/a/b?c=d",
    method="POST",
    headers=(("X-Api-Key", "hunter2"), ("Content-Type", "text/plain")),
    body="order",
)


def redirected(check: CheckRequest, location: str, status: int = 302) -> httpx.Request:
    """Give the request that follows a redirect."""
    return next_hop(first_hop(check), httpx.Response(status, headers={"Location": location})).request


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://shop.test/x"),
        ("x", "http://shop.test/a/x"),
        ("?e=f", "http://shop.test/a/b?e=f"),
        ("//other.test/x", "http://other.test/x"),
        ("https://other.test", "https://other.test"),
        ("../x#fragment", "http://shop.test/x"),
        ("http://münchen.test/ü", "http://xn--mnchen-3ya.test/%C3%BC"),
    ],
)
def test_a_location_is_read_relative_to_where_it_was_found(location: str, url: str) -> None:
    response = httpx.Response(302, headers=[(b"Location", location.encode())])
    request = next_hop(first_hop(POST), response).request
    host = request.url.raw_host.decode()
    assert f"{request.url.scheme}://{host}{request.url.raw_path.decode()}".removesuffix("/") == url
    assert request.headers["host"] == host


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("GET", 303, "GET"),
    ],
)
def test_the_method_changes_as_in_browsers(method: str, status: int, then: str) -> None:
    check = CheckRequest("http://shop.test/", method=method)
    assert redirected(check, "/next", status).method == then


def test_a_request_that_becomes_get_leaves_its_body_and_what_describes_it_behind() -> None:
    request = redirected(POST, "/next", 303)
    assert request.content == b""
    assert "content-type" not in request.headers
    assert "content-length" not in request.headers
    assert request.headers["x-api-key"] == "hunter2"


def test_a_kept_method_keeps_body_and_headers_within_the_origin() -> None:
    request = redirected(POST, "/next", 307)
    assert request.content == b"order"
    assert request.headers["content-type"] == "text/plain"
    assert request.headers["x-api-key"] == "hunter2"


@pytest.mark.parametrize("location", ["http://other.test/", "http://shop.test:8080/", "https://shop.test/"])
def test_another_origin_gets_neither_headers_nor_body(location: str) -> None:
    request = redirected(POST, location, 307)
    assert request.method == "POST"
    assert request.content == b""
    assert "hunter2" not in str(request.headers.raw)
    assert "content-type" not in request.headers


def test_the_way_back_to_the_first_origin_does_not_bring_headers_back() -> None:
    away = next_hop(first_hop(POST), httpx.Response(307, headers={"Location": "http://other.test/"}))
    back = next_hop(away, httpx.Response(307, headers={"Location": "http://shop.test/"}))
    assert "x-api-key" not in back.request.headers
    assert back.request.content == b""


def test_the_default_port_is_the_same_origin() -> None:
    assert redirected(POST, "http://shop.test:80/", 307).headers["x-api-key"] == "hunter2"


@pytest.mark.parametrize(
    "location", ["", "javascript:alert(1)", "ftp://x/", "http://[::bad/", "http://x:y/", "x" * 3000]
)
def test_a_bad_location_is_refused(location: str) -> None:
    with pytest.raises(ExchangeFailed) as refused:
        redirected(POST, location)
    assert refused.value.kind is ErrorKind.REDIRECT


async def test_another_server_never_sees_the_services_own_headers(prober: Prober) -> None:
    async with Server(answers()) as other, Server(redirects(f"{other.url}/there")) as first:
        seen = await prober.check(CheckRequest(f"{first.url}/here", headers=OWN))
    assert seen.status is Status.UP
    assert seen.redirects == (f"{other.url}/there",)
    assert first.requests[0].headers["x-api-key"] == "hunter2"
    assert "hunter2" not in str(other.requests[0].headers)


async def test_cookies_that_a_server_sets_are_not_sent_back(prober: Prober) -> None:
    setting = answers(b"", "Location: /there", "Set-Cookie: a=b", status="302 Found")
    async with Server(routes({"/": setting, "/there": answers()})) as server:
        await prober.check(CheckRequest(server.url))
    assert "cookie" not in server.requests[1].headers


async def test_a_redirect_is_the_answer_where_none_is_followed(prober: Prober) -> None:
    async with Server(redirects("/there")) as server:
        check = CheckRequest(server.url, follow_redirects=False, expected_status="302")
        seen = await prober.check(check)
    assert (seen.status, seen.redirects) == (Status.UP, ())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["300 Multiple Choices", "304 Not Modified", "305 Use Proxy"])
async def test_other_3xx_are_answers(prober: Prober, status: str) -> None:
    async with Server(answers(b"", "Location: /there", status=status)) as server:
        seen = await prober.check(CheckRequest(server.url, expected_status="300-305"))
    assert (seen.status, seen.redirects) == (Status.UP, ())


async def test_a_wrong_status_behind_a_redirect_says_so(prober: Prober) -> None:
    async with Server(routes({"/": redirects("/a"), "/a": answers(status="404 Not Found")})) as server:
        seen = await prober.check(CheckRequest(server.url))
    assert (seen.error, seen.detail) == (ErrorKind.STATUS, "got 404, expected 200, after 1 redirect")


async def test_users_passwords_and_sent_secrets_do_not_show_in_redirects(prober: Prober) -> None:
    async with Server(answers()) as other:
        location = f"http://user:pa55@127.0.0.1:{other.port}/hunter2?key=hunter2"
        async with Server(redirects(location)) as first:
            seen = await prober.check(CheckRequest(first.url, headers=(("X-Api-Key", "hunter2"),)))
    assert seen.redirects == (f"{other.url}/{MASK}?key={MASK}",)
    assert "authorization" not in other.requests[0].headers


async def test_a_redirect_from_http_to_https_is_followed(prober: Prober, authority: Authority) -> None:
    async with (
        Server(answers(), tls=authority.server()) as secure,
        Server(redirects(f"https://localhost:{secure.port}/")) as plain,
    ):
        seen = await prober.check(CheckRequest(plain.url))
    assert seen.status is Status.UP
    assert seen.certificate is not None
    assert seen.phases.tls_ms is not None


async def test_the_latency_covers_every_hop_and_the_phases_the_last_one(prober: Prober) -> None:
    async with Server(routes({"/": redirects("/a"), "/a": answers()})) as server:
        seen = await prober.check(CheckRequest(server.url))
    phases = seen.phases
    assert seen.latency_ms is not None
    assert phases.connect_ms is not None
    assert phases.first_byte_ms is not None
    assert seen.latency_ms > phases.connect_ms + phases.first_byte_ms


@pytest.fixture
async def chain() -> AsyncIterator[Callable[[int], str]]:
    """A server whose path /N redirects N times."""

    async def behave(visitor: Visitor, received: Received) -> None:
        left = int(received.path[1:])
        await (redirects(f"/{left - 1}") if left else answers())(visitor, received)

    async with Server(behave) as server:
        yield lambda hops: f"{server.url}/{hops}"


async def test_ten_redirects_are_followed(prober: Prober, chain: Callable[[int], str]) -> None:
    seen = await prober.check(CheckRequest(chain(10)))
    assert seen.status is Status.UP
    assert seen.redirects == tuple(chain(left) for left in range(9, -1, -1))


async def test_eleven_redirects_are_too_many(prober: Prober, chain: Callable[[int], str]) -> None:
    seen = await prober.check(CheckRequest(chain(11)))
    assert (seen.error, seen.status_code) == (ErrorKind.REDIRECT, 302)
    assert len(seen.redirects) == 10
