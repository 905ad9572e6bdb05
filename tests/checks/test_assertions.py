"""An answer is judged by what was expected of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.checks.assertions import (
    certificate_verdict,
    content_verdict,
    latency_verdict,
    status_verdict,
)
from core.checks.body import Body
from core.checks.request import CheckRequest
from core.domain.observations import Certificate, ErrorKind, Status

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


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
    verdict = certificate_verdict(Certificate(NOW + left, "issuer", "subject"), NOW, 14)
    assert (verdict and verdict.detail) == detail


def test_no_certificate_is_nothing_to_judge() -> None:
    assert certificate_verdict(None, NOW, 14) is None
