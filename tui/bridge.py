"""Between the bus of the core and the screens: keeps the board's model true and tells who must know.

Results arrive at hundreds a second: each costs a set entry for every listener, and one message to each
pane every fifth of a second. Messages travel up a tree of widgets only; what comes from outside goes
to the screens by signals.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.signal import Signal

from core.bus import Bus
from core.clock import Clock
from core.domain.events import (
    AlertingChanged,
    IncidentsChanged,
    InventoryChanged,
    ServiceJudged,
    StorageChanged,
    TerminalTold,
    WindowsChanged,
    WorkersReported,
)
from core.errors import RondaError
from core.memory import keep_what_stays
from tui.board_model import BoardModel
from tui.reader import Reader
from tui.watch import Watch

if TYPE_CHECKING:
    from textual.app import App

TELL_SECONDS = 0.2
"""Results are gathered this long before the panes hear of them."""
RELOAD_SECONDS = 0.25
"""Changes of the inventory, and of incidents, are gathered this long before they are read."""
SWEEP_SECONDS = 2.0
"""How often statuses are looked through for ones that time alone has changed."""
UPTIME_SECONDS = 10.0
"""How often uptimes are counted anew, at the most."""
UPTIME_SHARE = 20
"""Counting uptimes may take one part in this many of the time."""
LONGEST_UPTIME_SECONDS = 60.0
"""They are counted anew after so long all the same, also when the database hung for once."""
RETRY_SECONDS = 3.0
"""After a failed read."""
REMEMBERED_MESSAGES = 100
"""A message that comes again within so many is not shown twice."""


@dataclass(frozen=True, slots=True)
class BoardChanged:
    """Something on the board is not as it was."""

    service_ids: frozenset[int] = frozenset()
    """Services with a new result, or whose status time alone has changed."""
    inventory: bool = False
    """Services or clients came, went or were edited; or everything was read anew."""


@dataclass(frozen=True, slots=True)
class AlertsChanged:
    """What is known of incidents or of alerting is not as it was."""

    incidents: bool = False
    alerting: bool = False
    """Channels, rules, or what waits to be sent."""
    windows: bool = False
    """Maintenance windows."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What must be read anew."""

    service_ids: frozenset[int] = frozenset()
    everything: bool = False
    beats: bool = False
    """The results of all services too, not only of new ones: some may have been missed."""

    def also(self, other: _Wanted) -> _Wanted:
        """Give both together."""
        return _Wanted(
            self.service_ids | other.service_ids,
            self.everything or other.everything,
            self.beats or other.beats,
        )


class Bridge:
    """Takes events from the bus, reads what they mean, and tells the screens."""

    def __init__(self, app: App[None], model: BoardModel, clock: Clock) -> None:
        self.model = model
        self.watch = Watch()
        self.board_changed: Signal[BoardChanged] = Signal(app, "board-changed")
        self.watch_changed: Signal[Watch] = Signal(app, "watch-changed")
        self.alerts_changed: Signal[AlertsChanged] = Signal(app, "alerts-changed")
        self._app = app
        self._clock = clock
        self._listeners: list[Callable[[int], None]] = []
        self._failure_listeners: list[Callable[[ServiceJudged], None]] = []
        self._untold: set[int] = set()
        self._untold_alerts = AlertsChanged()
        self._messages: deque[int] = deque(maxlen=REMEMBERED_MESSAGES)
        self._show_message: Callable[[int], object] = lambda _number: None
        self._held_back: list[ServiceJudged] | None = []
        """Results that came while the board is being read; None: it is not."""
        self._wanted = _Wanted()
        self._wake = asyncio.Event()
        self._there = asyncio.Event()
        """Set once the board has been read for the first time."""
        self._ended: list[Callable[[], None]] = []
        self._loaded: Callable[[], None] = lambda: None

    def start(
        self, reader: Reader, bus: Bus, loaded: Callable[[], None], show_message: Callable[[int], object]
    ) -> None:
        """Follow the bus of a desk that has been opened, and read the board; ``loaded`` when it is there.

        ``show_message`` gets the number of each message for every console, once.
        """
        self._loaded, self._show_message = loaded, show_message
        self._ended = [
            bus.subscribe(ServiceJudged, self._judged),
            bus.subscribe(InventoryChanged, self._inventory_changed),
            bus.subscribe(WorkersReported, self._workers_reported),
            bus.subscribe(StorageChanged, self._storage_changed),
            bus.subscribe(IncidentsChanged, self._incidents_changed),
            bus.subscribe(AlertingChanged, self._alerting_changed),
            bus.subscribe(WindowsChanged, self._windows_changed),
            bus.subscribe(TerminalTold, self._terminal_told),
        ]
        self._tell_watch(replace(self.watch, key_matches=reader.key_matches))
        self._want(_Wanted(everything=True, beats=True))
        self._app.set_interval(TELL_SECONDS, self._tell_board)
        self._app.set_interval(RELOAD_SECONDS, self._tell_alerts)
        self._app.set_interval(SWEEP_SECONDS, self.sweep)
        self._app.run_worker(self._keep_reading(reader), name="board", group="bridge")
        self._app.run_worker(self._keep_counting(reader), name="uptimes", group="bridge")

    def stop(self) -> None:
        """Hear nothing more of the bus."""
        for end in self._ended:
            end()
        self._ended = []

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Have each service with a new result told at once; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen_for_failures(self, listener: Callable[[ServiceJudged], None]) -> Callable[[], None]:
        """Have each failure that comes with its evidence told at once; the result ends that."""
        self._failure_listeners.append(listener)
        return lambda: self._failure_listeners.remove(listener)

    def sweep(self) -> None:
        """Let statuses that time alone has changed be shown: too old a result, the end of maintenance."""
        for service_id in self.model.sweep(self._clock.now()):
            self._mark(service_id)

    # Events

    def _judged(self, event: ServiceJudged) -> None:
        if event.observation.evidence is not None:
            for listener in tuple(self._failure_listeners):
                listener(event)
            event = replace(event, observation=replace(event.observation, evidence=None))
        self._take(event)

    def _take(self, event: ServiceJudged) -> None:
        """Take a result into the model, at once or when the board is read; without its evidence."""
        if self._held_back is not None:
            self._held_back.append(event)
        elif self.model.judge(event.service_id, event.state, self._clock.now()):
            self._mark(event.service_id)

    def _mark(self, service_id: int) -> None:
        self._untold.add(service_id)
        for listener in self._listeners:
            listener(service_id)

    def _inventory_changed(self, event: InventoryChanged) -> None:
        if event.client_ids:
            self._want(_Wanted(everything=True))
        elif event.service_ids:
            self._want(_Wanted(service_ids=event.service_ids))
        else:
            self._want(_Wanted(everything=True, beats=not self.watch.leads_here))

    def _incidents_changed(self, _event: IncidentsChanged) -> None:
        self._untold_alerts = replace(self._untold_alerts, incidents=True)

    def _alerting_changed(self, _event: AlertingChanged) -> None:
        self._untold_alerts = replace(self._untold_alerts, alerting=True)

    def _windows_changed(self, _event: WindowsChanged) -> None:
        self._untold_alerts = replace(self._untold_alerts, windows=True)

    def _tell_alerts(self) -> None:
        if self._untold_alerts != AlertsChanged():
            told, self._untold_alerts = self._untold_alerts, AlertsChanged()
            self.alerts_changed.publish(told)

    def _terminal_told(self, event: TerminalTold) -> None:
        if event.notification_id not in self._messages:
            self._messages.append(event.notification_id)
            self._show_message(event.notification_id)

    def _want(self, wanted: _Wanted) -> None:
        self._wanted = self._wanted.also(wanted)
        self._wake.set()

    def _workers_reported(self, event: WorkersReported) -> None:
        watch = replace(self.watch, workers=event.workers, own_id=event.own_id, heard=True)
        self._tell_watch(watch)

    def _storage_changed(self, event: StorageChanged) -> None:
        if event.online:
            watch = replace(self.watch, offline_since=None, offline_detail="")
            self._want(_Wanted(everything=True, beats=not self.watch.leads_here))
        else:
            since = self.watch.offline_since or self._clock.now()
            watch = replace(self.watch, offline_since=since, offline_detail=event.detail)
        self._tell_watch(watch)

    def _tell_watch(self, watch: Watch) -> None:
        self.watch = watch
        self.watch_changed.publish(watch)

    def _tell_board(self) -> None:
        if self._untold:
            told, self._untold = frozenset(self._untold), set()
            self.board_changed.publish(BoardChanged(told))

    # Reading

    async def _keep_reading(self, reader: Reader) -> None:
        """Read what has changed, as long as the console is open."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = self._wanted, _Wanted()
            try:
                await self._read(reader, wanted)
            except RondaError:
                self._want(wanted)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await asyncio.sleep(RELOAD_SECONDS)

    async def _read(self, reader: Reader, wanted: _Wanted) -> None:
        """Read lines, then beats; results that come meanwhile are taken after both."""
        self._held_back = self._held_back or []
        try:
            lines = await reader.lines(None if wanted.everything else wanted.service_ids)
            if wanted.everything:
                self.model.put_clients(await reader.clients())
                self.model.replace_all(lines, self._clock.now())
            else:
                self.model.replace_some(lines, wanted.service_ids, self._clock.now())
            if wanted.beats:
                self.model.put_beats(await reader.beats())
            elif missing := self.model.without_beats():
                self.model.put_beats(await reader.beats(missing))
        finally:
            if self.model.loaded:
                self._catch_up()
        if not self._there.is_set():
            keep_what_stays()
        self._there.set()
        self._loaded()
        self.board_changed.publish(BoardChanged(inventory=True))

    def _catch_up(self) -> None:
        held_back, self._held_back = self._held_back or [], None
        for event in held_back:
            self._take(event)

    async def _keep_counting(self, reader: Reader) -> None:
        """Count uptimes now and then, the more rarely the longer it takes."""
        await self._there.wait()
        while True:
            began = self._clock.monotonic()
            try:
                self.model.put_uptimes(await reader.uptimes())
            except RondaError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            took = self._clock.monotonic() - began
            self.board_changed.publish(BoardChanged(frozenset(self.model.entries)))
            await asyncio.sleep(pause_after_counting(took))


def pause_after_counting(took: float) -> float:
    """Give how long the uptimes that took so many seconds to count are shown before the next count."""
    return min(max(UPTIME_SECONDS, UPTIME_SHARE * took), LONGEST_UPTIME_SECONDS)
