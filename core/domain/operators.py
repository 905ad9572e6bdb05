"""Who sits at the keyboard, and what that person may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What an operator may do; a higher role may all that a lower one may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Operator:
    """An OS user at a terminal."""

    name: str
    host: str
    terminal: str = ""
    """The terminal's device, or empty where there is none."""
    role: Role = Role.ADMIN

    def may(self, role: Role) -> bool:
        """Whether this operator has at least the role."""
        return self.role >= role
