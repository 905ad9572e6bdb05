"""What a round asks outside beside its services: reference targets, and the dead man's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.checks.request import CheckRequest
from core.domain.secret import Secret
from core.domain.targets import target_url
from core.domain.uplink import reference_kind

ANSWER_SECONDS = 3.0
"""How long a reference target has to answer."""
ASK_SECONDS = 5.0
"""From one asking of the references to the next, while the line is in doubt."""
PING_TIMEOUT_SECONDS = 10.0
"""How long the dead man's address has to answer."""
PING_SECONDS = 60.0
"""From one ping to the next."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The checks that are made of what lies outside, and how often."""

    references: tuple[CheckRequest, ...] = ()
    """None: the uplink guard is off."""
    deadman: CheckRequest | None = None
    ask_seconds: float = ASK_SECONDS
    ping_seconds: float = PING_SECONDS

    @classmethod
    def of(cls, references: Sequence[str], deadman_url: Secret | None) -> Outside:
        """Make it from what the operator named, which has been found to be without fault."""
        deadman = None if deadman_url is None else _ping_of(deadman_url.reveal())
        return cls(tuple(map(_question_of, references)), deadman)


def _question_of(target: str) -> CheckRequest:
    kind = reference_kind(target)
    return CheckRequest(
        target_url("", target, kind),
        kind=kind,
        timeout_seconds=ANSWER_SECONDS,
        follow_redirects=False,
        tls_warn_days=None,
    )


def _ping_of(url: str) -> CheckRequest:
    """Give the request whose URL is a secret as a whole."""
    return CheckRequest(
        url,
        expected_status="200-299",
        timeout_seconds=PING_TIMEOUT_SECONDS,
        secrets=(url, url.partition("?")[0]),
        tls_warn_days=None,
    )
