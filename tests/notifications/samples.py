"""Messages and channels that tests send."""

from __future__ import annotations

from core.domain.channels import ChannelKind, ChannelSpec, Message, Tone
from core.domain.secret import Secret

SIGNING_SECRET = "a-secret-of-some-length"


def item(**changes: object) -> dict[str, object]:
    """Give an item of a message's document."""
    return {
        "kind": "problem",
        "status": "down",
        "client": "Acme",
        "service": "Shop",
        "service_id": 17,
        "incident_id": 4,
        "started_at": "2026-03-04T12:00:00Z",
        "resolved_at": None,
        "duration_s": 60,
        "error": "status",
        "detail": "503 is not among 200-299",
        "address": "https://shop.example.com/health",
        "runbook_url": None,
        **changes,
    }


def message(tone: Tone = Tone.DOWN, *items: dict[str, object]) -> Message:
    """Give a message as the outbox holds it."""
    document = {
        "id": "m-0001",
        "title": "DOWN: Acme / Shop",
        "sent_by": "ronda",
        "items": list(items or (item(),)),
    }
    return Message("m-0001", "DOWN: Acme / Shop", "Shop is down – 503", tone, document)


def webhook(url: str, secret: str | None = SIGNING_SECRET) -> ChannelSpec:
    """Give a channel of our own webhook."""
    return ChannelSpec("hook", ChannelKind.WEBHOOK, Secret(url), None if secret is None else Secret(secret))


def by_apprise(url: str) -> ChannelSpec:
    """Give a channel of Apprise."""
    return ChannelSpec("chat", ChannelKind.APPRISE, Secret(url))
