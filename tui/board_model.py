"""What the console holds of every service: loaded once, then kept up to date by events.

Everything per event is O(1); everything that goes over all services is a plain sweep over floats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from rich.cells import cell_len

from core.domain.clients import Client
from core.domain.dependencies import behind
from core.domain.observations import Beats, Observation, Status
from core.domain.status import ServiceState
from core.domain.uptime import Uptime
from core.operations.board import BoardLine
from tui.beats import BeatRing

PROBLEMS = (Status.DOWN, Status.DEGRADED)
"""Statuses that somebody should look at."""
_NEVER = float("inf")


class Entry:
    """One service on the board: its line, its last results and its uptime."""

    __slots__ = ("beats", "board", "haystack", "holds_until", "line", "shown", "uptime")

    def __init__(self, line: BoardLine, now: datetime, board: BoardModel | None = None) -> None:
        self.board = board
        """Where what it depends on is found."""
        self.beats = BeatRing()
        self.uptime: Uptime | None = None
        self.take(line, now)

    def take(self, line: BoardLine, now: datetime) -> None:
        """Replace the line; beats and uptime stay."""
        self.line = line
        self.haystack = _haystack(line)
        """What a filter searches, in lower case."""
        self.hold(line.state, now)

    def hold(self, state: ServiceState, now: datetime) -> None:
        """Replace what is held of the service."""
        line = self.line
        if state is not line.state:
            self.line = line = BoardLine(line.service, line.client, state)
        self.look(now)

    def look(self, now: datetime) -> None:
        """Find out what is shown, and for how long that stays so without a new result."""
        self.shown = self.line.status(now)
        """The status that the screen shows."""
        self.holds_until = _holds_until(self.line, self.shown)
        """POSIX time after which it is another: maintenance has ended, or the result is too old."""

    @property
    def id(self) -> int:
        """The service's number."""
        return self.line.service.id

    @property
    def observation(self) -> Observation | None:
        """The last result."""
        return self.line.state.observation

    @property
    def is_down(self) -> bool:
        """Whether it is held as down, in maintenance too (``BoardLine.is_down``)."""
        is_known = self.shown in (Status.DOWN, Status.MAINTENANCE)
        return is_known and self.line.state.status is Status.DOWN

    @property
    def behind(self) -> Entry | None:
        """The nearest of all that it depends on which is down as it is itself; None if none is."""
        if self.board is None or self.shown is not Status.DOWN:
            return None
        return self.board.down_above(self.id)

    @property
    def failing(self) -> bool:
        """Whether the last result or the held status is not well, and is not expected to be.

        Services that are paused, in maintenance or not observed are not asked.
        """
        if not self.line.active or self.shown in (Status.MAINTENANCE, Status.BLIND):
            return False
        return self.shown in PROBLEMS or self.line.state.failing_attempt > 0


class BoardModel:
    """Every service by number, with counts by status kept as they change."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.order: list[int] = []
        """Services by client and name."""
        self.parents: dict[int, int] = {}
        """What services depend on, as far as that is on the board."""
        self.clients: dict[int, Client] = {}
        """Living clients, those without services too."""
        self.totals: Counter[Status] = Counter()
        self.client_totals: dict[int, Counter[Status]] = {}
        self.loaded = False
        """False until the first load has ended."""

    def replace_all(self, lines: Iterable[BoardLine], now: datetime) -> None:
        """Take a whole board; beats and uptimes of services that stay are kept."""
        before = self.entries
        self.entries = {}
        for line in lines:
            entry = before.get(line.service.id)
            if entry is None:
                entry = Entry(line, now, self)
            else:
                entry.take(_newer(entry.line, line), now)
            self.entries[entry.id] = entry
        self.loaded = True
        self._recount()

    def replace_some(self, lines: Iterable[BoardLine], asked: Collection[int], now: datetime) -> None:
        """Take the lines of the services that were asked for; the ones that did not come are gone."""
        found = {line.service.id: line for line in lines}
        for service_id in asked:
            line = found.get(service_id)
            if line is None:
                self.entries.pop(service_id, None)
            elif service_id in self.entries:
                self.entries[service_id].take(_newer(self.entries[service_id].line, line), now)
            else:
                self.entries[service_id] = Entry(line, now, self)
        self._recount()

    def put_clients(self, clients: Iterable[Client]) -> None:
        """Take every living client."""
        self.clients = {client.id: client for client in clients}

    def put_beats(self, beats: Mapping[int, Beats]) -> None:
        """Take the stored results of services."""
        for service_id, found in beats.items():
            if service_id in self.entries:
                self.entries[service_id].beats = BeatRing.of(found)

    def put_uptimes(self, uptimes: Mapping[int, Uptime]) -> None:
        """Take freshly counted uptimes."""
        for service_id, uptime in uptimes.items():
            if service_id in self.entries:
                self.entries[service_id].uptime = uptime

    def judge(self, service_id: int, state: ServiceState, now: datetime) -> bool:
        """Take the outcome of a check; False if the service is not on the board or knows it already."""
        entry = self.entries.get(service_id)
        if entry is None or state.observation is None:
            return False
        known = entry.observation
        if known is not None and known.checked_at >= state.observation.checked_at:
            return False
        entry.beats.add(state.observation)
        before = entry.shown
        entry.hold(state, now)
        self._moved(entry, before)
        return True

    def sweep(self, now: datetime) -> list[int]:
        """Let statuses that time alone has changed be shown; give the services that this happened to."""
        moment = now.timestamp()
        overdue = [entry for entry in self.entries.values() if entry.holds_until < moment]
        for entry in overdue:
            before = entry.shown
            entry.look(now)
            self._moved(entry, before)
        return [entry.id for entry in overdue]

    def problems(self) -> list[Entry]:
        """Give what is down, then what is degraded, the latest change first.

        What is down behind something else is left out: that is the problem.
        """
        found = [entry for entry in self.entries.values() if entry.shown in PROBLEMS and not entry.behind]
        return sorted(found, key=_problem_rank)

    def down_above(self, service_id: int) -> Entry | None:
        """Give the nearest of all that a service depends on which is down; None if none is."""
        if service_id not in self.parents:
            return None
        found = behind(service_id, self.parents, lambda above: self.entries[above].is_down)
        return None if found is None else self.entries[found]

    def longest_name(self) -> int:
        """Give the cells of the longest name of a service."""
        return max((cell_len(entry.line.service.spec.name) for entry in self.entries.values()), default=0)

    def without_beats(self) -> list[int]:
        """Give the services that have been checked, but whose results were not read yet."""
        return [entry.id for entry in self.entries.values() if entry.observation and not entry.beats]

    def of_client(self, client_id: int) -> list[Entry]:
        """Give a client's services by name."""
        return [
            entry for entry in (self.entries[id] for id in self.order) if entry.line.client.id == client_id
        ]

    def _moved(self, entry: Entry, before: Status) -> None:
        if entry.shown is before:
            return
        counts = self.client_totals[entry.line.client.id]
        for totals in (self.totals, counts):
            totals[before] -= 1
            totals[entry.shown] += 1

    def _recount(self) -> None:
        self.order = sorted(self.entries, key=self._place)
        named = (
            (service_id, entry.line.service.spec.parent_id) for service_id, entry in self.entries.items()
        )
        self.parents = {
            service_id: parent
            for service_id, parent in named
            if parent is not None and parent in self.entries
        }
        self.totals = Counter(entry.shown for entry in self.entries.values())
        self.client_totals = {}
        for service_id in self.order:
            entry = self.entries[service_id]
            client = entry.line.client
            self.clients[client.id] = client
            self.client_totals.setdefault(client.id, Counter())[entry.shown] += 1

    def _place(self, service_id: int) -> tuple[str, int, str]:
        line = self.entries[service_id].line
        return line.client.spec.name.lower(), line.client.id, line.service.spec.name.lower()


def _newer(held: BoardLine, read: BoardLine) -> BoardLine:
    """Give the line as read, with the state that was seen later: results may overtake a slow read."""
    ours, theirs = held.state.observation, read.state.observation
    if ours is not None and (theirs is None or theirs.checked_at < ours.checked_at):
        return BoardLine(read.service, read.client, held.state)
    return read


def _haystack(line: BoardLine) -> str:
    tags = (*line.service.spec.tags, *line.client.spec.tags)
    return "\n".join((line.service.spec.name, line.client.spec.name, *tags)).lower()


def _holds_until(line: BoardLine, shown: Status) -> float:
    """Give the POSIX time up to which a status is shown (``core.domain.status``: maintenance, then age)."""
    observation, ends_at = line.state.observation, line.state.maintenance_until
    if shown is Status.MAINTENANCE and ends_at is not None:
        return ends_at.timestamp()
    if observation is None or shown in (Status.PAUSED, Status.UNKNOWN):
        return _NEVER
    spec = line.service.spec
    return observation.checked_at.timestamp() + 2 * spec.interval_seconds + spec.timeout_seconds


def _problem_rank(entry: Entry) -> tuple[bool, float, int]:
    since = entry.line.state.since
    return entry.shown is not Status.DOWN, -(since.timestamp() if since else 0.0), entry.id
