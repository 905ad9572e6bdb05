"""What a form is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.domain.channels import Channel
from core.domain.clients import Client
from core.domain.maintenance import Window
from core.domain.rules import Rule
from core.domain.services import Service

Subject = Client | Service | Channel | Rule | Window
Stored = TypeVar("Stored", bound=Subject)
Values = Mapping[str, Any]
"""What the fields hold, by their names."""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Stored]):
    """A title, what the fields hold, and what is edited."""

    title: str
    values: Values
    stored: Stored | None = None
    """None while something new is made."""


def name_of(stored: Subject) -> str:
    """Give what people call it; a maintenance window has only its reason."""
    return stored.spec.reason if isinstance(stored, Window) else stored.spec.name
