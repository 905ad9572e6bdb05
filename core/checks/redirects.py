"""Where a redirect leads, and what of the request may go there."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from core.checks.exchange import ExchangeFailed
from core.checks.request import CheckRequest, build
from core.domain.observations import ErrorKind
from core.domain.text import ADDRESS_LIMIT, has_control_characters, printable
from core.i18n import _

MOST_REDIRECTS = 10
_STATUSES = frozenset({301, 302, 303, 307, 308})
_BODY_HEADERS = ("content-",)
"""Prefixes of headers that describe a body and go with it."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a check, and what of the service's own settings it still carries."""

    request: httpx.Request
    headers: tuple[tuple[str, str], ...]
    """The service's own headers; none once another origin was seen."""
    body: str

    @property
    def url(self) -> str:
        """The URL, for people: without user and password."""
        return str(self.request.url.copy_with(userinfo=b""))


def first_hop(check: CheckRequest) -> Hop:
    """Give the request that a check begins with."""
    return Hop(check.first(), check.headers, check.body)


def is_redirect(response: httpx.Response) -> bool:
    """Whether a response names another place to go to; 300, 304 and 305 do not."""
    return response.status_code in _STATUSES


def next_hop(hop: Hop, response: httpx.Response) -> Hop:
    """Give the request that a redirect asks for; raises ``ExchangeFailed`` of kind redirect.

    Headers of the service and the body stay within the origin that they were written for, and are
    not sent again if the way leads back to it.
    """
    url = _target(hop, response)
    method, headers, body = _kept_by_status(hop, response.status_code)
    if _origin(url) != _origin(hop.request.url):
        headers, body = (), ""
    return Hop(build(method, url, headers, body), headers, body)


def _target(hop: Hop, response: httpx.Response) -> httpx.URL:
    locations = set(response.headers.get_list("location"))
    if len(locations) > 1:
        raise _refused(_("a redirect to several places at once"))
    location = "".join(locations)
    if not location:
        raise _refused(_("a redirect that does not say where to"))
    try:
        url = hop.request.url.join(location).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError) as error:
        raise _refused(_("a redirect to something that is not a URL")) from error
    if has_control_characters(location) or len(location) > ADDRESS_LIMIT or not url.host:
        raise _refused(_("a redirect to something that is not a URL"))
    if url.scheme not in {"http", "https"}:
        scheme = printable(url.scheme, 20)
        raise _refused(_("a redirect to {scheme}, not http or https").format(scheme=scheme))
    return url


def _refused(detail: str) -> ExchangeFailed:
    return ExchangeFailed(ErrorKind.REDIRECT, detail)


def _kept_by_status(hop: Hop, status: int) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """Give method, headers and body of the next request as browsers have it (fetch, 4.4 step 12)."""
    method = hop.request.method
    to_get = (status == 303 and method not in {"GET", "HEAD"}) or (status in {301, 302} and method == "POST")
    if not to_get:
        return method, hop.headers, hop.body
    kept = tuple(header for header in hop.headers if not header[0].lower().startswith(_BODY_HEADERS))
    return "GET", kept, ""


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
