"""Tells the parts of one process what has happened, at once and in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")


class Bus:
    """Calls every subscriber of an event's type, in the order of subscription.

    Subscribers run on the event loop, must be quick and must not raise: an exception goes to
    whoever published, since a screen that cannot be told is a defect and not a fact of life.
    """

    def __init__(self) -> None:
        self._subscribers: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[Event], subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Have ``subscriber`` called with every event of exactly ``kind``; the result ends that."""
        self._subscribers[kind].append(subscriber)
        return lambda: self._subscribers[kind].remove(subscriber)

    def publish(self, event: object) -> None:
        """Tell every subscriber of the event's type."""
        for subscriber in tuple(self._subscribers[type(event)]):
            subscriber(event)
