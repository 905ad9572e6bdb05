"""Every question that a screen asks of the operations, in one place."""

from __future__ import annotations

from collections.abc import Collection

from core.domain.audit import AuditEntry
from core.domain.clients import Client
from core.domain.evidence import FailureEvidence
from core.domain.observations import Beats, LatencyPoint, Observation
from core.domain.uptime import Uptime
from core.operations import board, clients, history
from core.operations.board import BoardLine
from core.operations.desk import Desk


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

    @property
    def key_matches(self) -> bool:
        """Whether this process can open what the database keeps secret."""
        return self.desk.database.key_matches

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded one of this OS user."""
        return self.desk.database.is_embedded
