"""Every error that Ronda raises on purpose.

    RondaError
    ├── InputError          what was typed cannot be taken; exit code 2
    │   ├── Refused         named faults of fields, all at once
    │   ├── EditConflict    somebody else saved first
    │   └── NoTerminal      a screen was asked for where there is no terminal
    ├── ConfigError         a setting, a key file or a folder is wrong; exit code 2
    │   └── KeyMismatch     this process holds another secret key than the database was written with
    ├── NotFound            no such client or service; exit code 1
    ├── Forbidden           this operator may not do that; exit code 4
    └── StorageError        the database cannot be used; exit code 3
        ├── Unreachable     no answer from the server
        ├── SchemaMismatch  a newer Ronda has been here, or the tables are somebody else's
        └── Fenced          another process took the lead; what this one decided was not written

Adapters map foreign exceptions to these once, at their edge, and keep them as ``__cause__``.
Front ends catch ``RondaError`` only. A message is one sentence or two that say what to do, and
never holds a secret.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.faults import Fault


class RondaError(Exception):
    """Whatever Ronda refuses or fails at, in words for the person at the keyboard."""

    exit_code = 1


class InputError(RondaError):
    """What was typed cannot be taken as it is."""

    exit_code = 2


class Refused(InputError):
    """Fields with faults; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.field}: {fault.code}" for fault in self.faults))


class EditConflict(InputError):
    """The row has changed since it was read; nothing was written."""


class NoTerminal(InputError):
    """A screen was asked for, but input or output is not a terminal."""


class ConfigError(RondaError):
    """A setting, a key file or a folder is not usable."""

    exit_code = 2


class KeyMismatch(ConfigError):
    """The secret key of this process is not the one that the database was written with."""


class NotFound(RondaError):
    """No client or service by that name or number."""


class Forbidden(RondaError):
    """The operator's role does not allow it."""

    exit_code = 4


class StorageError(RondaError):
    """The database cannot be used."""

    exit_code = 3


class Unreachable(StorageError):
    """The database server does not answer."""


class SchemaMismatch(StorageError):
    """The database belongs to a newer Ronda or to another program."""


class Fenced(StorageError):
    """Another process holds the lead; nothing of this flush was written."""
