"""An answer is judged by what was expected of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.checks.assertions import (
    body_verdict,
    certificate_verdict,
    content_verdict,
    header_verdict,
    latency_verdict,
    status_verdict,
)
from core.checks.body import Body
from core.checks.request import CheckRequest
from core.domain.observations import Certificate, ErrorKind, Status

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CHECK = CheckRequest("https://x.test")


@pytest.mark.parametrize(
    ("expected", "code", "is_right"),
    [
        ("200", 200, True),
        ("200", 201, False),
        ("200-299,301", 299, True),
        ("200-299,301", 301, True),
        ("200-299, 301", 300, False),
    ],
)
def test_a_status_is_right_if_it_is_in_the_set(expected: str, code: int, is_right: bool) -> None:
    verdict = status_verdict(CheckRequest("http://x.test", expected_status=expected), code, 0)
    assert (verdict is None) is is_right
    if verdict is not None:
        assert (verdict.error, verdict.detail) == (ErrorKind.STATUS, f"got {code}, expected {expected}")


def test_redirects_on_the_way_are_counted_in_words() -> None:
    check = CheckRequest("http://x.test")
    for redirects, words in ((1, "after 1 redirect"), (2, "after 2 redirects")):
        verdict = status_verdict(check, 500, redirects)
        assert verdict is not None
        assert verdict.detail == f"got 500, expected 200, {words}"


@pytest.mark.parametrize(
    ("contains", "not_contains", "text", "truncated", "error"),
    [
        ("a", "", "xax", False, None),
        ("a", "", "xxx", False, ErrorKind.CONTENT),
        ("", "b", "xxx", False, None),
        ("", "b", "xbx", False, ErrorKind.CONTENT),
        ("a", "b", "xax", False, None),
        ("a", "b", "ab", False, ErrorKind.CONTENT),
        ("a", "", "xax", True, None),
        ("a", "", "xxx", True, ErrorKind.TOO_LARGE),
        ("", "b", "xxx", True, ErrorKind.TOO_LARGE),
        ("", "b", "xbx", True, ErrorKind.CONTENT),
        ("a", "b", "xax", True, ErrorKind.TOO_LARGE),
    ],
)
def test_a_text_is_judged_by_what_was_read_of_it(
    contains: str, not_contains: str, text: str, truncated: bool, error: ErrorKind | None
) -> None:
    check = CheckRequest("http://x.test", contains=contains, not_contains=not_contains)
    verdict = content_verdict(check, Body(text.encode(), "utf-8", truncated))
    assert (verdict and verdict.error) == error


@pytest.mark.parametrize(
    ("limit", "latency", "is_slow"), [(None, 9e9, False), (100, 100, False), (100, 101, True)]
)
def test_slower_than_the_limit_is_degraded(limit: float | None, latency: float, is_slow: bool) -> None:
    verdict = latency_verdict(CheckRequest("http://x.test", degraded_above_ms=limit), latency)
    assert (verdict is not None) is is_slow
    if verdict is not None:
        assert (verdict.status, verdict.error) == (Status.DEGRADED, None)
        assert verdict.detail == "answered in 101 ms, degraded above 100 ms"


@pytest.mark.parametrize(
    ("left", "detail"),
    [
        (timedelta(days=14, seconds=1), None),
        (timedelta(days=14), "the certificate ends in 14 days"),
        (timedelta(hours=30), "the certificate ends in 1 day"),
        (timedelta(hours=3), "the certificate ends in 0 days"),
        (timedelta(seconds=-1), "the certificate has expired"),
    ],
)
def test_a_certificate_is_judged_by_the_time_it_has_left(left: timedelta, detail: str | None) -> None:
    verdict = certificate_verdict(CHECK, Certificate(NOW + left, "issuer", "subject"), NOW)
    assert (verdict and verdict.detail) == detail


def test_no_certificate_is_nothing_to_judge() -> None:
    assert certificate_verdict(CHECK, None, NOW) is None


def test_a_certificate_may_end_whenever_it_likes_where_nobody_wants_a_warning() -> None:
    check = CheckRequest("https://x.test", tls_warn_days=None)
    assert certificate_verdict(check, Certificate(NOW, "issuer", "subject"), NOW) is None


def test_a_service_is_warned_of_a_certificate_as_early_as_it_wants() -> None:
    ends = Certificate(NOW + timedelta(days=29, hours=1), "issuer", "subject")
    assert certificate_verdict(CHECK, ends, NOW) is None
    verdict = certificate_verdict(CheckRequest("https://x.test", tls_warn_days=30), ends, NOW)
    assert verdict is not None
    assert verdict.detail == "the certificate ends in 29 days"


@pytest.mark.parametrize(
    ("matches", "json_conditions", "text", "truncated", "complaint"),
    [
        ("o+k", (), "all is oook", False, None),
        ("^ok$", (), "all is ok", False, "the answer does not match “^ok$”"),
        ("end", (), "begin", True, "the answer is larger than 1024 KiB"),
        ("begin", (), "begin", True, None),
        ("", ('$.status == "ok"',), '{"status": "ok"}', False, None),
        ("", ('$.status == "ok"',), '{"status": "no"}', False, '$.status is "no", expected == "ok"'),
        ("", ("$.a", "$.b"), '{"a": 1}', False, "$.b is missing"),
        ("", ("$.a",), '{"a": 1}', True, "the answer is larger than 1024 KiB"),
        ("ok", ("$.a",), '{"a": "ok"}', False, None),
    ],
)
async def test_a_body_is_judged_by_pattern_and_conditions(
    matches: str, json_conditions: tuple[str, ...], text: str, truncated: bool, complaint: str | None
) -> None:
    check = CheckRequest("https://x.test", matches=matches, json_conditions=json_conditions)
    verdict = await body_verdict(check, Body(text.encode(), "utf-8", truncated))
    assert (verdict and verdict.detail) == complaint


async def test_a_text_that_is_missing_is_told_before_anything_else() -> None:
    check = CheckRequest("https://x.test", contains="a", matches="b", json_conditions=("$.c",))
    verdict = await body_verdict(check, Body(b"x", "utf-8", truncated=False))
    assert verdict is not None
    assert verdict.detail == "the answer does not contain “a”"


@pytest.mark.parametrize(
    ("condition", "detail"),
    [
        ("X-Cache", None),
        ("X-Cache: HIT", None),
        ("X-Cache: MISS", "the header X-Cache is “HIT from front”, expected “MISS” in it"),
        ("X-Other", "the header X-Other is missing"),
    ],
)
def test_headers_of_the_answer_are_judged(condition: str, detail: str | None) -> None:
    check = CheckRequest("https://x.test", expected_headers=(condition,))
    verdict = header_verdict(check, httpx.Headers({"x-cache": "HIT from front"}))
    assert (verdict and (verdict.error, verdict.detail)) == (detail and (ErrorKind.CONTENT, detail))
