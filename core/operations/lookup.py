"""Finds what an operator means by a name or a number."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import TypeVar

from core.domain.channels import Channel
from core.domain.clients import Client
from core.domain.faults import Fault
from core.domain.rules import Rule
from core.domain.services import Service
from core.domain.text import printable
from core.errors import Refused
from core.i18n import _

_Telling = TypeVar("_Telling", Channel, Rule)
CLOSE_NAMES = 3
"""How many similar names an error offers."""


def as_id(text: str) -> int | None:
    """Give the number that a text of digits means; it wins over a name that is all digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def meant(name_or_id: str, things: Iterable[_Telling]) -> _Telling | None:
    """Give the one that a name (in any case) or a number means; a number is an id first. None: none."""
    wanted_id, wanted = as_id(name_or_id), name_or_id.strip().lower()
    found = list(things)
    by_id = next((thing for thing in found if thing.id == wanted_id), None)
    return by_id or next((thing for thing in found if thing.spec.name.lower() == wanted), None)


def not_found_text(sentence: str, wanted: str, names: Iterable[str]) -> str:
    """Put the wanted name into the sentence and add the names that come close."""
    known = {name.lower(): name for name in names}
    close = difflib.get_close_matches(wanted.lower(), list(known), CLOSE_NAMES)
    text = sentence.format(name=printable(wanted))
    if not close:
        return text
    return text + " " + _("Did you mean {names}?").format(names=listed(known[name] for name in close))


def listed(names: Iterable[str], most: int = 5) -> str:
    """Give names in one line, the first few of many."""
    texts = [printable(name) for name in names]
    if len(texts) > most:
        return _("{names} and {count} more").format(names=", ".join(texts[:most]), count=len(texts) - most)
    return ", ".join(texts)


def taken_faults(
    name: str, own_id: int | None, others: Iterable[Client | Service | Channel | Rule]
) -> Iterator[Fault]:
    """Give the fault of a name that another one has, in whatever case.

    The database has the last word; this is so that the fault is named along with all others.
    """
    wanted = name.lower()
    if any(other.spec.name.lower() == wanted and other.id != own_id for other in others):
        yield Fault("name", "taken", {"name": printable(name)})


def refuse(faults: Iterable[Fault]) -> None:
    """Raise ``Refused`` with all faults, if there are any."""
    found = tuple(faults)
    if found:
        raise Refused(found)
