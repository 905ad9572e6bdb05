"""What a form is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.domain.clients import Client
from core.domain.services import Service

Stored = TypeVar("Stored", bound=Client | Service)
Values = Mapping[str, Any]
"""What the fields hold, by their names."""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Stored]):
    """A title, what the fields hold, and what is edited."""

    title: str
    values: Values
    stored: Stored | None = None
    """None while something new is made."""
