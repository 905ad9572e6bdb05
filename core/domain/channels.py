"""Channels: the ways in which people are told, and what goes through them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.text import name_faults, printable

URL_LIMIT = 2_000
"""Characters in the address of a channel."""
SHORTEST_SECRET = 16
"""Characters in the secret that signs a webhook's messages."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,19}", re.ASCII | re.IGNORECASE)


class ChannelKind(StrEnum):
    """Who delivers the messages of a channel."""

    APPRISE = "apprise"
    """The Apprise library: mail, chat, pagers."""
    WEBHOOK = "webhook"
    """Ronda itself: signed JSON, posted to a URL."""
    TERMINAL = "terminal"
    """Every console that is open."""


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """What an operator decides about a channel."""

    name: str
    kind: ChannelKind = ChannelKind.APPRISE
    url: Secret | None = None
    """Where messages go: an Apprise URL, which holds passwords and tokens, or that of the webhook."""
    secret: Secret | None = None
    """Signs the messages of a webhook."""
    active: bool = True

    @property
    def shown_url(self) -> str:
        """Give as much of the address as anybody may read; empty where there is none.

        The host of a webhook is no secret; Apprise has tokens and passwords in its place.
        """
        if self.url is None:
            return ""
        scheme, separator, _rest = self.url.reveal().strip().partition("://")
        if not separator or not _SCHEME.fullmatch(scheme):
            return "…"
        host = _host_of(self.url.reveal()) if self.kind is ChannelKind.WEBHOOK else ""
        return f"{scheme}://{host}/…" if host else f"{scheme}://…"

    def faults(self) -> tuple[Fault, ...]:
        """Give everything that is wrong at once, save for what only the library knows of its URLs."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[Fault]:
        yield from name_faults("name", self.name)
        if self.kind is ChannelKind.TERMINAL:
            if self.url is not None:
                yield Fault("url", "channel_terminal")
        elif self.url is None or not self.url.reveal().strip():
            yield Fault("url", "required")
        elif len(self.url.reveal()) > URL_LIMIT:
            yield Fault("url", "too_long", {"limit": URL_LIMIT})
        if self.kind is not ChannelKind.WEBHOOK:
            if self.secret is not None:
                yield Fault("secret", "channel_unsigned")
        elif self.secret is not None and len(self.secret.reveal()) < SHORTEST_SECRET:
            yield Fault("secret", "channel_secret", {"least": SHORTEST_SECRET})


def _host_of(url: str) -> str:
    try:
        return printable(urlsplit(url.strip()).hostname or "")
    except ValueError:  # square brackets that are no IPv6 address
        return ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is stored."""

    id: int
    spec: ChannelSpec
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


class Tone(StrEnum):
    """What a message brings, for channels that colour or sort by it."""

    DOWN = "down"
    DEGRADED = "degraded"
    GOOD = "good"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one channel, ready to be sent; the same at every attempt."""

    id: str
    """Stable, for those who could get it twice."""
    title: str
    text: str
    tone: Tone
    document: Mapping[str, object]
    """The same as JSON, for the webhook."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one attempt to send a message."""

    accepted: bool
    answer: str
    """What the other side said, for people: printable, short and without secrets."""


class Sender(Protocol):
    """Whoever can send a message: the adapters, or a function of a test."""

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        """Try once; what the other side does is never raised."""
        ...

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        """Give what is wrong with the address of a channel beyond the spec's own faults."""
        ...
