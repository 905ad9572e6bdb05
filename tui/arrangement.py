"""Which rows the board shows, in which order: filter, sort, fold. Pure; services and clients by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from core.domain.observations import Status
from core.i18n import _
from core.wording import STATUS_WORDS
from tui.board_model import PROBLEMS, BoardModel, Entry

_RANK = {status: rank for rank, status in enumerate((Status.DOWN, Status.DEGRADED, Status.UNKNOWN))}
_WELL = len(_RANK)
SHORTEST_STATUS_TERM = 2
"""Letters of a status that a filter needs; fewer would match nearly everything."""


class Row(NamedTuple):
    """One line of the board: a service, or the heading of a client."""

    id: int
    """Of the service or of the client."""
    heading: bool = False


class Sort(StrEnum):
    """Orders of the board, in the order in which the key goes through them."""

    CLIENT = "client"
    PROBLEMS = "problems"
    LATENCY = "latency"
    CHANGE = "change"

    @property
    def following(self) -> Sort:
        """The next order."""
        orders = list(Sort)
        return orders[(orders.index(self) + 1) % len(orders)]

    @property
    def grouped(self) -> bool:
        """Whether services stand under the heading of their client."""
        return self in (Sort.CLIENT, Sort.PROBLEMS)


SORT_WORDS = {
    Sort.CLIENT: _("by client"),
    Sort.PROBLEMS: _("problems first"),
    Sort.LATENCY: _("slowest first"),
    Sort.CHANGE: _("last change first"),
}


@dataclass(frozen=True, slots=True)
class View:
    """What an operator chose to see."""

    filter: str = ""
    only_problems: bool = False
    sort: Sort = Sort.CLIENT
    folded: frozenset[int] = field(default=frozenset())
    """Clients whose services are hidden."""

    def toggled(self, client_id: int) -> View:
        """Give the view with a client folded or unfolded."""
        return replace(self, folded=self.folded ^ {client_id})

    @property
    def follows_status(self) -> bool:
        """Whether a change of status may move rows."""
        return self.only_problems or self.sort is not Sort.CLIENT or bool(self.filter)


def arrange(model: BoardModel, view: View) -> list[Row]:
    """Give the rows of a view from top to bottom."""
    entries = _ordered(_wanted(model, view), view.sort)
    if not view.sort.grouped:
        return [Row(entry.id) for entry in entries]
    rows: list[Row] = []
    for client_id, services in groupby(entries, key=_client_of):
        rows.append(Row(client_id, heading=True))
        if client_id not in view.folded:
            rows.extend(Row(entry.id) for entry in services)
    return rows


def _wanted(model: BoardModel, view: View) -> Iterator[Entry]:
    terms = view.filter.lower().split()
    for service_id in model.order:
        entry = model.entries[service_id]
        if view.only_problems and not entry.failing:
            continue
        if all(_matches(entry, term) for term in terms):
            yield entry


def _matches(entry: Entry, term: str) -> bool:
    if term in entry.haystack:
        return True
    if len(term) < SHORTEST_STATUS_TERM:
        return False
    return entry.shown.value.startswith(term) or STATUS_WORDS[entry.shown].startswith(term)


def _ordered(entries: Iterable[Entry], sort: Sort) -> Iterable[Entry]:
    if sort is Sort.CLIENT:
        return entries
    if sort is Sort.LATENCY:
        return sorted(entries, key=_slowness)
    if sort is Sort.CHANGE:
        return sorted(entries, key=_recency)
    found = list(entries)
    worst: dict[int, int] = {}
    for entry in found:
        client_id = _client_of(entry)
        worst[client_id] = min(worst.get(client_id, _WELL), _severity(entry))
    return sorted(
        found, key=lambda entry: (worst[_client_of(entry)], *_client_place(entry), _severity(entry))
    )


def _client_of(entry: Entry) -> int:
    return entry.line.client.id


def _client_place(entry: Entry) -> tuple[str, int]:
    client = entry.line.client
    return client.spec.name.lower(), client.id


def _severity(entry: Entry) -> int:
    rank = _RANK.get(entry.shown, _WELL)
    return min(rank, _RANK[Status.UNKNOWN]) if entry.failing else rank


def _slowness(entry: Entry) -> float:
    observation = entry.observation
    if observation is None or observation.latency_ms is None or entry.shown not in (Status.UP, *PROBLEMS):
        return 0.0
    return -observation.latency_ms


def _recency(entry: Entry) -> float:
    since = entry.line.state.since
    return -since.timestamp() if since else 0.0


def next_problem(rows: list[Row], model: BoardModel, cursor: int, step: int) -> int | None:
    """Give the row of the next service that is not well, going round; None if all are well."""
    count = len(rows)
    for distance in range(1, count + 1):
        index = (cursor + step * distance) % count
        row = rows[index]
        if not row.heading and model.entries[row.id].failing:
            return index
    return None
