"""Whether an answer is the one that was expected, and if so, how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from core.checks.body import BODY_LIMIT, Body
from core.checks.header_conditions import header_complaint, parse_header_condition
from core.checks.json_conditions import json_complaint, parse_condition
from core.checks.patterns import compile_pattern, found
from core.checks.request import CheckRequest
from core.domain.observations import Certificate, ErrorKind, Status
from core.domain.services import status_expected
from core.domain.text import printable
from core.i18n import _, ngettext


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check comes to."""

    status: Status
    error: ErrorKind | None = None
    detail: str | None = None


UP = Verdict(Status.UP)


def down(error: ErrorKind, detail: str) -> Verdict:
    """Give the verdict on a check that failed."""
    return Verdict(Status.DOWN, error, detail)


def status_verdict(check: CheckRequest, code: int, redirects: int) -> Verdict | None:
    """Give the verdict on a status code that was not expected, else None."""
    if status_expected(check.expected_status, code):
        return None
    detail = _("got {code}, expected {expected}").format(code=code, expected=check.expected_status)
    if redirects:
        after = ngettext("after {count} redirect", "after {count} redirects", redirects)
        detail = f"{detail}, {after.format(count=redirects)}"
    return down(ErrorKind.STATUS, detail)


def header_verdict(check: CheckRequest, headers: httpx.Headers) -> Verdict | None:
    """Give the verdict on headers that are not as expected, else None."""
    if not check.expected_headers:
        return None
    conditions = map(parse_header_condition, check.expected_headers)
    complaint = header_complaint(headers, conditions, check.masked)
    return None if complaint is None else down(ErrorKind.CONTENT, complaint)


async def body_verdict(check: CheckRequest, body: Body) -> Verdict | None:
    """Give the verdict on a body that breaks any expectation, else None."""
    verdict = content_verdict(check, body)
    if verdict is not None or not (check.matches or check.json_conditions):
        return verdict
    text = "".join(body.pieces())
    if check.matches and not await found(compile_pattern(check.matches), text):
        if body.truncated:
            return _too_large()
        words = _("the answer does not match “{pattern}”")
        return down(ErrorKind.CONTENT, words.format(pattern=printable(check.matches)))
    if not check.json_conditions:
        return None
    if body.truncated:
        return _too_large()
    complaint = json_complaint(text, map(parse_condition, check.json_conditions), check.masked)
    return None if complaint is None else down(ErrorKind.CONTENT, complaint)


def content_verdict(check: CheckRequest, body: Body) -> Verdict | None:
    """Give the verdict on a text that breaks an expectation, else None.

    What lies beyond the part that was read cannot be known: then the answer is too large, unless
    the part that was read decides.
    """
    if check.not_contains and body.contains(check.not_contains):
        text = _("the answer contains “{text}”")
        return down(ErrorKind.CONTENT, text.format(text=printable(check.not_contains)))
    missing = bool(check.contains) and not body.contains(check.contains)
    if body.truncated and (missing or check.not_contains):
        return _too_large()
    if missing:
        text = _("the answer does not contain “{text}”")
        return down(ErrorKind.CONTENT, text.format(text=printable(check.contains)))
    return None


def _too_large() -> Verdict:
    text = _("the answer is larger than {limit} KiB")
    return down(ErrorKind.TOO_LARGE, text.format(limit=BODY_LIMIT // 1024))


def latency_verdict(check: CheckRequest, latency_ms: float) -> Verdict | None:
    """Give the verdict on an answer that came too slowly, else None."""
    limit = check.degraded_above_ms
    if limit is None or latency_ms <= limit:
        return None
    text = _("answered in {latency} ms, degraded above {limit} ms")
    return Verdict(Status.DEGRADED, detail=text.format(latency=round(latency_ms), limit=round(limit)))


def certificate_verdict(
    check: CheckRequest, certificate: Certificate | None, now: datetime
) -> Verdict | None:
    """Give the verdict on a certificate that ends soon, else None."""
    if certificate is None or check.tls_warn_days is None:
        return None
    if certificate.expires_at - now > timedelta(days=check.tls_warn_days):
        return None
    days = certificate.days_left(now)
    if days < 0:
        return Verdict(Status.DEGRADED, detail=_("the certificate has expired"))
    text = ngettext("the certificate ends in {days} day", "the certificate ends in {days} days", days)
    return Verdict(Status.DEGRADED, detail=text.format(days=days))
