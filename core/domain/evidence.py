"""What a failing check met, so that the operator sees why it failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from sys import getsizeof
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.observations import ErrorKind, Observation
    from core.domain.status import ServiceState

EVIDENCE_LIMIT = 4 * 1024
"""Characters of a body that are kept, and as many of status line and headers."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far a failing check came; texts are without control characters and without secrets."""

    phase: str
    """Where it failed: ``lookup``, ``connect``, ``handshake``, ``answer`` or ``body``."""
    address: str | None
    """The address that was reached."""
    head: str = ""
    """Status line and headers of an answer over HTTP, a line each."""
    body: str = ""
    """The beginning of the body, or of whatever else came: what a TCP peer sent, a name server's answers."""
    truncated: bool = False
    """Whether more followed than is kept."""

    @property
    def memory_bytes(self) -> int:
        """Give the memory that its texts take."""
        return getsizeof(self.head) + getsizeof(self.body)


@dataclass(frozen=True, slots=True)
class FailureEvidence:
    """What the first or the latest failing check of a run of failures met."""

    began_at: datetime
    """When the run began: the first failing check of it, whether or not that one left evidence."""
    checked_at: datetime
    error: ErrorKind | None
    detail: str | None
    evidence: Evidence
    is_first: bool
    """Whether it is the first of its run that left evidence; else the latest."""

    def met_the_same_as(self, other: FailureEvidence) -> bool:
        """Whether another failure says nothing but the same again."""
        ours, theirs = ((each.error, each.detail, each.evidence) for each in (self, other))
        return ours == theirs


def failure_of(state: ServiceState, seen: Observation) -> FailureEvidence | None:
    """Give what a failing check met, with the run that it belongs to by the state after it; else None."""
    if seen.evidence is None or state.down_run.since is None:
        return None
    since, length = state.down_run.since, state.down_run.length
    return FailureEvidence(since, seen.checked_at, seen.error, seen.detail, seen.evidence, length == 1)


def with_failure(known: tuple[FailureEvidence, ...], failure: FailureEvidence) -> tuple[FailureEvidence, ...]:
    """Give first and latest of the newest run after one more failure; an older one changes nothing."""
    if known and failure.checked_at <= known[-1].checked_at:
        return known
    if known and known[0].began_at == failure.began_at:
        return known[0], replace(failure, is_first=False)
    return (failure,)
