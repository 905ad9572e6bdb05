"""Turns typed texts into values: what a form and a command line have in common.

A text that is no value becomes a fault, and a stand-in takes its place, so that everything that is
wrong is named at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.services import Header
from core.domain.text import printable

_Choice = TypeVar("_Choice", bound=StrEnum)
_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)


class Typist:
    """Reads what was typed, field by field, and keeps every fault."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def number(self, field: str, text: str, stand_in: float) -> float:
        """Read a number of seconds or the like."""
        if _NUMBER.fullmatch(text.strip()):
            return float(text)
        self._faults.append(Fault(field, "number", {"text": printable(text, 20)}))
        return stand_in

    def whole(self, field: str, text: str, stand_in: int) -> int:
        """Read a count."""
        if _WHOLE.fullmatch(text.strip()):
            return int(text)
        self._faults.append(Fault(field, "whole_number", {"text": printable(text, 20)}))
        return stand_in

    def choice(self, field: str, text: str, stand_in: _Choice) -> _Choice:
        """Read one of the values of an enumeration, in whatever case."""
        choices = type(stand_in)
        try:
            return choices(text.strip().lower())
        except ValueError:
            known = {"text": printable(text, 20), "choices": ", ".join(choices)}
            self._faults.append(Fault(field, "choice", known))
            return stand_in

    def headers(self, field: str, texts: Iterable[str]) -> tuple[Header, ...]:
        """Read headers written as ``Name: value``; what has no colon is not repeated, it may be a secret."""
        read: list[Header] = []
        for text in texts:
            name, colon, value = text.partition(":")
            if colon:
                read.append(Header(name.strip(), Secret(value.strip())))
            else:
                self._faults.append(Fault(field, "header_form"))
        return tuple(read)

    def faults(self, of_spec: Iterable[Fault]) -> tuple[Fault, ...]:
        """Give every fault: the ones of reading, then those of the spec whose field could be read."""
        unread = {fault.field for fault in self._faults}
        return (*self._faults, *(fault for fault in of_spec if fault.field not in unread))
