"""Turns typed texts into values: what a form and a command line have in common.

A text that is no value becomes a fault, and a stand-in takes its place, so that everything that is
wrong is named at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, tzinfo
from enum import StrEnum
from typing import TypeVar

from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.services import Header
from core.domain.text import printable

_Choice = TypeVar("_Choice", bound=StrEnum)
_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_ONE_UNIT = re.compile(rf"({_NUMBER.pattern})\s*(?P<unit>ms|s|m|h|d)?", re.ASCII)
_SEVERAL_UNITS = re.compile(
    r"(?:(\d{1,9})d)?\s*(?:(\d{1,9})h)?\s*(?:(\d{1,9})m)?\s*(?:(\d{1,9})s)?", re.ASCII
)
_TIME_OF_DAY = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)
_YEARS = range(1970, 9_000)
"""Years of moments that can be shown in every zone."""
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)


def seconds_of(text: str) -> float | None:
    """Give the seconds that a duration means: ``30``, ``2.5``, ``500ms``, ``1h30m``, ``1d``; None if none."""
    text = text.strip().lower().replace(",", ".")
    if match := _ONE_UNIT.fullmatch(text):
        return float(match[1]) * _UNITS[match["unit"] or ""]
    if text and (match := _SEVERAL_UNITS.fullmatch(text)):
        counts = zip(match.groups(default="0"), "dhms", strict=True)
        return sum(int(count) * _UNITS[unit] for count, unit in counts)
    return None


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

    def duration(self, field: str, text: str, stand_in: float) -> float:
        """Read a duration with or without units; give seconds."""
        seconds = seconds_of(text)
        if seconds is not None:
            return seconds
        self._faults.append(Fault(field, "duration", {"text": printable(text, 20)}))
        return stand_in

    def moment(self, field: str, text: str, zone: tzinfo | None) -> datetime | time | None:
        """Read a moment, or a time of some day; None is the stand-in.

        ``zone`` is that of a moment which names none itself; None: the zone of this machine.
        """
        try:
            if _TIME_OF_DAY.fullmatch(text.strip()):
                return time.fromisoformat(text.strip())
            moment = datetime.fromisoformat(text.strip())
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError, OSError):  # no moment, or none that the zone could have
            moment = None
        if moment is not None and moment.year in _YEARS:
            return moment
        self._faults.append(Fault(field, "moment", {"text": printable(text, 30)}))
        return None

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
