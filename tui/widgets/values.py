"""Between what a field holds and the text in its editor, both ways.

A parser gets the text and the value that the field *holds*: a mask in the text stands for what is held.
It raises ``Unreadable`` when the text is no value at all; whether the value may be saved is the domain's
business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from core.domain.faults import Fault, Parameter
from core.domain.secret import MASK, Secret
from core.domain.services import Header
from core.domain.text import printable
from core.domain.typed import seconds_of

YES = "yes"
NO = "no"

Parser = Callable[[str, Any], Any]
"""Gives the value of a text; the second argument is the value held."""
Formatter = Callable[[Any], str]
"""Gives the text of a value."""

_WHOLE = re.compile(r"^[+-]?\d{1,9}$", re.ASCII)
_MASK_CHARACTER = MASK[0]


class Unreadable(Exception):
    """The text of a field is not a value."""

    def __init__(self, code: str, **parameters: Parameter) -> None:
        self.code = code
        self.parameters = parameters
        super().__init__(code)

    def fault(self, field: str) -> Fault:
        """Give it as the fault of a field, as if the domain had found it."""
        return Fault(field, self.code, self.parameters)


def plain(text: str, _held: object) -> str:
    """Read a text without the spaces around it."""
    return text.strip()


def exact(text: str, _held: object) -> str:
    """Read a text in which every space counts, such as a name whose spaces are refused or a body."""
    return text


def seconds(text: str, _held: object) -> float:
    """Read seconds: ``30``, ``2.5``, ``500ms``, ``5m``, ``1h30m``, ``1d``."""
    read = seconds_of(text)
    if read is None:
        raise _not_a("number", text)
    return read


def _not_a(code: str, text: str) -> Unreadable:
    return Unreadable(code, text=printable(text.strip(), 20)) if text.strip() else Unreadable("required")


def optional_seconds(text: str, held: object) -> float | None:
    """Read seconds, or None from an empty text."""
    return seconds(text, held) if text.strip() else None


def whole(text: str, _held: object) -> int:
    """Read a whole number."""
    if not _WHOLE.match(text.strip()):
        raise _not_a("whole_number", text)
    return int(text)


def optional_whole(text: str, held: object) -> int | None:
    """Read a whole number, or None from an empty text."""
    return whole(text, held) if text.strip() else None


def number_text(value: float | None) -> str:
    """Write a number without a needless ``.0``; None is an empty text."""
    return "" if value is None else f"{value:.10g}"


def duration(text: str, _held: object) -> float:
    """Read how long something lasts: ``90``, ``15m``, ``1h30m``, ``1d``; give seconds."""
    read = seconds_of(text)
    if read is None:
        raise _not_a("duration", text)
    return read


def duration_text(value: float) -> str:
    """Write seconds in the largest unit of which there is a whole number: ``4h``, ``90m``, ``0``."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if value and value % size == 0:
            return f"{number_text(value / size)}{unit}"
    return f"{number_text(value)}s" if value else "0"


def numbers(text: str, _held: object) -> tuple[int, ...]:
    """Read the numbers of what was marked in a list."""
    return tuple(int(part) for part in text.split(",") if part)


def numbers_text(value: Iterable[int]) -> str:
    """Write the numbers of what is marked in a list."""
    return ",".join(map(str, value))


def yes_or_no(text: str, _held: object) -> bool:
    """Read a switch."""
    return text == YES


def yes_or_no_text(value: bool) -> str:
    """Write a switch."""
    return YES if value else NO


def one_of(choices: type[StrEnum]) -> Parser:
    """Give what reads one of an enumeration."""

    def read(text: str, _held: object) -> StrEnum:
        return choices(text)

    return read


def lines(text: str, _held: object) -> tuple[str, ...]:
    """Read one value a line, without the spaces around it; empty lines do not count."""
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def lines_text(value: Iterable[str]) -> str:
    """Write one value a line."""
    return "\n".join(value)


def tags(text: str, _held: object) -> tuple[str, ...]:
    """Read tags, apart by spaces or commas; one that is written twice counts once."""
    return tuple(dict.fromkeys(re.split(r"[\s,]+", text.strip()))) if text.strip() else ()


def tags_text(value: Iterable[str]) -> str:
    """Write tags."""
    return ", ".join(value)


def secret(text: str, held: Secret | None) -> Secret | None:
    """Read a secret: the mask alone stands for the one held, an empty text for none."""
    if text == MASK:
        return held
    if _MASK_CHARACTER in text:
        raise Unreadable("mask_left")
    return Secret(text.strip()) if text.strip() else None


def secret_text(value: Secret | None) -> str:
    """Write the mask of a secret, or nothing where there is none."""
    return MASK if value else ""


def revealed_secret(value: Secret | None) -> str:
    """Write a secret as it is."""
    return value.reveal() if value else ""


def headers(text: str, held: tuple[Header, ...]) -> tuple[Header, ...]:
    """Read one ``Name: value`` a line; a masked value is the one held for that name."""
    remembered: dict[str, list[Secret]] = {}
    for header in held:
        remembered.setdefault(header.name.lower(), []).append(header.value)
    return tuple(_header(line, remembered) for line in text.split("\n") if line.strip())


def _header(line: str, remembered: dict[str, list[Secret]]) -> Header:
    name, colon, value = (part.strip() for part in line.partition(":"))
    if not colon:
        raise Unreadable("header_form")
    if _MASK_CHARACTER not in value:
        return Header(name, Secret(value))
    kept = remembered.get(name.lower(), [])
    if value != MASK or not kept:
        raise Unreadable("mask_left")
    return Header(name, kept.pop(0))


def headers_text(value: Iterable[Header]) -> str:
    """Write headers with their values masked."""
    return "\n".join(f"{header.name}: {MASK}" for header in value)


def revealed_headers(value: Iterable[Header]) -> str:
    """Write headers as they are."""
    return "\n".join(f"{header.name}: {header.value.reveal()}" for header in value)
