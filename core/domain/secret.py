"""A text that must not be seen by accident."""

from __future__ import annotations

from dataclasses import dataclass

MASK = "••••••••"
"""What stands on a screen or in an export in place of a secret."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """An API key or a header's value: equal by content, masked wherever it is printed."""

    _text: str

    def reveal(self) -> str:
        """Give the text itself: for the wire, the cipher and the key that shows it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)
