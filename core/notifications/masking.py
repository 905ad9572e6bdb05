"""Takes the secrets of a channel's address out of what anybody will read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, unquote_plus

from core.domain.secret import MASK
from core.domain.text import printable

ANSWER_LIMIT = 500
"""Characters of an answer."""
SHORT = 4
"""A secret of fewer characters is masked only where it stands as a word of its own."""

_PUBLIC = frozenset(
    {"bcc", "cc", "from", "name", "reply", "smtp", "to"}
    | {
        "action",
        "auth",
        "cto",
        "emojis",
        "footer",
        "format",
        "image",
        "method",
        "mode",
        "optional",
        "overflow",
    }
    | {"priority", "redirect", "region", "retry", "rto", "tz", "verify", "version", "wait"}
)
"""Parameters of Apprise URLs whose values are no secrets, and help to understand an answer."""
_TARGET = re.compile(r"[#@!].*|[^@\s]+@[^@\s]+\.[^@\s]+")
"""A channel, a person, a room or a mail address: no secret either."""


class Masking:
    """Knows the secrets of one channel, in every form in which somebody could write them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)} - {""}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_pattern, longest_first)) or r"(?!)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Give the text with a mask in place of each secret."""
        return self._pattern.sub(MASK, text)

    def answer(self, text: str, limit: int = ANSWER_LIMIT) -> str:
        """Give a text from outside as one printable line, masked and cut."""
        return printable(" ".join(self(text).split()), limit)


def url_secrets(url: str, *, public_host: bool = True) -> Iterator[str]:
    """Give every part of a URL that could be a secret: more rather than less.

    ``public_host`` is false where what looks like the host is a token, as in many an Apprise URL.
    """
    rest = url.partition("://")[2]
    place, _mark, query = rest.partition("?")
    netloc, _slash, path = place.partition("/")
    user, _at, host = netloc.rpartition("@")
    yield from (url, rest, user, *user.split(":", 1))
    if not public_host:
        yield from (host, *host.split(":"))
    segments = [segment for segment in path.split("/") if not _TARGET.fullmatch(unquote(segment))]
    pairs = [pair.partition("=") for pair in query.split("&")]
    values = [value for name, _sign, value in pairs if name.lower() not in _PUBLIC]
    yield from (part for part in (path, *segments, *values) if len(part) >= SHORT)


def _forms(secret: str) -> Iterator[str]:
    plain = unquote(secret)
    yield from (secret, plain, unquote_plus(secret), quote(plain, safe=""), quote(plain))
    if len(plain) >= SHORT:
        encoded = plain.encode("utf-8", "surrogatepass")
        yield base64.b64encode(encoded).decode().rstrip("=")
        yield base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def _pattern(secret: str) -> str:
    pattern = re.escape(secret)
    return pattern if len(secret) >= SHORT else rf"(?<!\w){pattern}(?!\w)"
