"""What was deleted in this console, to be brought back in reverse order."""

from __future__ import annotations

from core.domain.clients import Client
from core.domain.services import Service
from core.errors import NotFound
from core.i18n import _
from core.operations.clients import restore_client
from core.operations.desk import Desk
from core.operations.services import restore_service


class Undo:
    """Remembers deletions; each can be taken back for as long as the bin keeps it."""

    def __init__(self) -> None:
        self._deleted: list[Client | Service] = []

    def remember(self, subject: Client | Service) -> None:
        """Remember what was deleted last."""
        self._deleted.append(subject)

    async def bring_back(self, desk: Desk) -> str:
        """Restore what was deleted last; give its name. ``NotFound`` if nothing was."""
        if not self._deleted:
            raise NotFound(_("Nothing was deleted in this console."))
        subject = self._deleted[-1]
        if isinstance(subject, Client):
            await restore_client(desk, subject.id)
        else:
            await restore_service(desk, subject.id)
        self._deleted.remove(subject)
        return subject.spec.name
