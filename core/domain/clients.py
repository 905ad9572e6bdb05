"""Clients: the companies looked after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.targets import address_faults, with_scheme
from core.domain.text import has_control_characters, name_faults, tag_faults, text_faults

SECRET_LIMIT = 4_000
"""Characters in an API key, a password or a token."""
BIN_DAYS = 30
"""Days for which what was deleted can be restored."""


@dataclass(frozen=True, slots=True)
class ClientSpec:
    """What an operator decides about a client."""

    name: str
    dns: str = ""
    """Base URL; without a scheme it means https. Services name paths below it."""
    api_key: Secret | None = None
    """Put wherever a service's header says ``{api_key}``."""
    description: str = ""
    tags: tuple[str, ...] = ()
    active: bool = True
    """False pauses every service of the client."""
    runbook_url: str = ""
    notes: str = ""

    def faults(self) -> tuple[Fault, ...]:
        """Give everything that is wrong at once; empty if the client can be saved."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[Fault]:
        yield from name_faults("name", self.name)
        if self.dns:
            yield from address_faults("dns", with_scheme(self.dns), base=True)
        if self.api_key is not None:
            yield from secret_faults("api_key", self.api_key)
        yield from text_faults("description", self.description)
        yield from tag_faults(self.tags)
        if self.runbook_url:
            yield from address_faults("runbook_url", self.runbook_url)
        yield from text_faults("notes", self.notes)


def secret_faults(field: str, secret: Secret) -> Iterator[Fault]:
    """Give what is wrong with an API key, a password or a token."""
    text = secret.reveal()
    if not text:
        yield Fault(field, "required")
    elif len(text) > SECRET_LIMIT:
        yield Fault(field, "too_long", {"limit": SECRET_LIMIT})
    elif has_control_characters(text):
        yield Fault(field, "control_characters")


@dataclass(frozen=True, slots=True)
class Client:
    """A client as it is stored."""

    id: int
    spec: ClientSpec
    version: int
    """Grows with every save; an edit names the version it was made from."""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = field(default=None)
    """Set while the client lies in the bin, from where it can be restored for 30 days."""
