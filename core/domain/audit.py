"""What operators have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Values = Mapping[str, object]
"""Fields as JSON knows them; secrets are masked."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, who made it and from where."""

    at: datetime
    operator: str
    host: str
    terminal: str
    action: str
    """What was done: ``add``, ``edit``, ``remove`` ..."""
    subject: str
    """``client``, ``service``, ``maintenance``, ``incident``, ``channel`` or ``rule``."""
    subject_id: int
    subject_name: str
    """Its name at that time."""
    before: Values | None = None
    """What it was; None where there was nothing before."""
    after: Values | None = None
    """What became of it; None where there is nothing after."""
