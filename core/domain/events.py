"""What happens while Ronda runs, told over the bus of each process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.observations import Observation
from core.domain.occasions import Occasion
from core.domain.status import ServiceState, Transition
from core.domain.workers import WorkerReport


@dataclass(frozen=True, slots=True)
class ServiceJudged:
    """A check has ended; told at once by the process that leads, by the feed in all others."""

    service_id: int
    observation: Observation
    """With its evidence, if it failed and this process leads; nobody is to hold it for many services."""
    state: ServiceState
    transition: Transition | None = None
    occasions: tuple[Occasion, ...] = ()
    """What else there is to tell of since this check; known to the process that leads only."""


@dataclass(frozen=True, slots=True)
class InventoryChanged:
    """Clients or services were added, edited, paused, deleted or restored, here or elsewhere.

    Both empty: anything may have changed (the feed was cut off for a while).
    """

    client_ids: frozenset[int] = frozenset()
    service_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class IncidentsChanged:
    """Incidents opened, changed or ended, or somebody acted on them, here or elsewhere.

    Empty: any may have.
    """

    service_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AlertingChanged:
    """A channel, a rule or what waits to be sent has changed, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class TerminalTold:
    """A message is to be shown on every open console."""

    notification_id: int


@dataclass(frozen=True, slots=True)
class WindowsChanged:
    """A maintenance window was added or ended, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class CheckWanted:
    """An operator, here or elsewhere, wants a service to be checked now."""

    service_id: int


@dataclass(frozen=True, slots=True)
class JobReported:
    """The job of a heartbeat has reported in, here or elsewhere."""

    service_id: int
    beat_at: datetime


@dataclass(frozen=True, slots=True)
class WorkersReported:
    """Every process on this database, as last heard of; about every two seconds."""

    workers: tuple[WorkerReport, ...]
    own_id: str


@dataclass(frozen=True, slots=True)
class LeadChanged:
    """A process has taken the lead, or this one has lost it."""

    worker_id: str | None
    """Who leads; None: not this process any more, and who else is not known yet."""


@dataclass(frozen=True, slots=True)
class StorageChanged:
    """The database went away or came back."""

    online: bool
    detail: str = ""
    """One sentence for people while it is away."""
