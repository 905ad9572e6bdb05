"""What is wrong with a value that somebody typed, as a code with parameters.

The words for each code are in ``core.wording``: a fault serves form, command line and import alike.
A fault never holds a secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

Parameter = str | int | float


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that cannot be taken, and why."""

    field: str
    """The field's name as in the domain value, e.g. ``timeout_seconds``."""
    code: str
    """What is wrong, e.g. ``too_long``; a key of ``core.wording.FAULTS``."""
    parameters: Mapping[str, Parameter] = dataclasses.field(default_factory=dict)
    """What the sentence needs to be specific, e.g. ``{"limit": 100}``."""
