"""Every question that a screen asks of the operations, in one place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from core.domain.audit import AuditEntry
from core.domain.channels import Message
from core.domain.clients import Client
from core.domain.evidence import FailureEvidence
from core.domain.observations import Beats, LatencyPoint, Observation
from core.domain.uptime import Uptime
from core.operations import (
    board,
    channels,
    clients,
    handover,
    history,
    incidents,
    maintenance,
    outbox,
    rules,
)
from core.operations.board import BoardLine
from core.operations.channels import ChannelLine
from core.operations.desk import Desk
from core.operations.handover import HandOver
from core.operations.incidents import RECENT, IncidentLine, IncidentPage
from core.operations.maintenance import WindowLine
from core.operations.outbox import MessageLine
from core.operations.rules import RuleLine
from core.operations.told import told


class Reader:
    """Reads for screens; errors are ``RondaError``."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def lines(self, service_ids: Collection[int] | None = None) -> tuple[BoardLine, ...]:
        """Give the board, or the lines of some services."""
        if service_ids is None:
            return await board.load_board(self.desk)
        return await board.load_lines(self.desk, service_ids)

    async def clients(self) -> list[Client]:
        """Give every living client."""
        return await clients.list_clients(self.desk)

    async def beats(self, service_ids: Collection[int] | None = None) -> dict[int, Beats]:
        """Give the last results of services."""
        return await board.load_beats(self.desk, service_ids)

    async def uptimes(self) -> dict[int, Uptime]:
        """Give the uptime of every service over the last day."""
        return await board.load_uptimes(self.desk)

    async def checks(self, service_id: int, limit: int) -> list[Observation]:
        """Give the last checks of a service, newest first."""
        return await history.recent_checks(self.desk, service_id, limit)

    async def latencies(self, service_id: int, span_seconds: float, stretches: int) -> list[LatencyPoint]:
        """Give the latencies of a span that ends now."""
        return await history.latency_series(self.desk, service_id, span_seconds, stretches)

    async def failures(self, service_id: int) -> tuple[FailureEvidence, ...]:
        """Give what the first and the latest check of a service's newest run of failures met."""
        return await history.failure_evidence(self.desk, service_id)

    async def changes(self, limit: int) -> list[AuditEntry]:
        """Give what operators changed last, newest first."""
        return await history.latest_changes(self.desk, limit)

    async def incidents(self, recent: timedelta = RECENT) -> list[IncidentLine]:
        """Give open incidents, and those that were open not so long ago."""
        return await incidents.list_incidents(self.desk, since=self.desk.clock.now() - recent)

    async def incident(self, incident_id: int) -> IncidentPage:
        """Give an incident with everything that is known of it."""
        return await incidents.load_incident(self.desk, incident_id)

    async def told(self, notification_id: int) -> Message | None:
        """Give the message that every console is to show; None if there is none."""
        return await told(self.desk, notification_id)

    async def hand_over(self, since: datetime) -> HandOver:
        """Give what happened since a moment, and how things are now."""
        return await handover.hand_over(self.desk, since)

    async def arrive(self) -> HandOver | None:
        """Note that the operator is here; give what changed since they left, if that is worth telling."""
        return await handover.arrive(self.desk)

    async def stay(self) -> None:
        """Note that the operator is still here."""
        await handover.stay(self.desk)

    async def channels(self) -> list[ChannelLine]:
        """Give the channels, with how delivery goes through each."""
        return await channels.list_channels(self.desk)

    async def rules(self) -> list[RuleLine]:
        """Give the rules."""
        return await rules.list_rules(self.desk)

    async def windows(self) -> list[WindowLine]:
        """Give the maintenance windows that are open or may still open."""
        return await maintenance.list_windows(self.desk)

    async def messages(self) -> list[MessageLine]:
        """Give what waits to be sent, and what was made lately."""
        return await outbox.list_messages(self.desk)

    @property
    def key_matches(self) -> bool:
        """Whether this process can open what the database keeps secret."""
        return self.desk.database.key_matches

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded one of this OS user."""
        return self.desk.database.is_embedded
