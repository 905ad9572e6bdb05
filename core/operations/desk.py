"""The desk at which an operator sits: what every operation needs, handed to it as its first argument.

An operation is one function and one unit of work. It checks the role, refuses what is wrong, writes,
leaves a line in the audit log and announces the change inside the same transaction. Processes, this
one too, hear of the change from the feed: there is one way, and it is the same for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.bus import Bus
from core.clock import Clock
from core.domain.channels import Sender
from core.domain.operators import Operator, Role
from core.errors import Forbidden
from core.i18n import _
from core.wording import ROLE_WORDS

if TYPE_CHECKING:
    from core.checks.prober import Prober
    from core.storage.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """One operator in one process, with what that process has opened."""

    database: Database
    bus: Bus
    clock: Clock
    operator: Operator
    prober: Prober
    default_interval_seconds: float
    """The interval of a new service where none is named."""
    own_id: str
    """This process among the workers."""
    sender: Sender | None = None
    """What sends messages; None: this process cannot."""

    def require(self, role: Role) -> None:
        """Refuse with ``Forbidden`` an operator whose role is lower."""
        if not self.operator.may(role):
            raise Forbidden(
                _(
                    "This needs the role {needed}; you are {held} here. Start ronda without --read-only, "
                    "or ask somebody who may."
                ).format(needed=ROLE_WORDS[role], held=ROLE_WORDS[self.operator.role])
            )
