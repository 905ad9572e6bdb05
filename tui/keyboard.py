"""Keys typed ahead go where they would have gone had they been typed slowly.

Over a slow link keys arrive in bursts. Textual hands each to the widget that has the focus at that
moment, and acts on bindings only when the key has bubbled up to the application: of ``ctrl+u``, ``5`` the
digit comes first, and what is typed after the key that opens a form goes to the screen below it.
"""

from __future__ import annotations

from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.message_pump import MessagePump

SETTLED_SECONDS = 0.5
"""A key whose effects take longer does not hold up the next one."""


class KeysInOrder(App[None]):
    """An application that takes a key only when all that the one before it set off has been done."""

    def __init__(self) -> None:
        super().__init__()
        self._typed_ahead: deque[events.Key] = deque()
        self._released: events.Key | None = None
        """The next of those that were held back, on its way through the queue."""
        self._keys_taken = 0
        self._settling = False

    async def on_event(self, event: events.Event) -> None:
        """Hold back a key while the one before it is still at work."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._settling and event is not self._released:
            self._typed_ahead.append(event)
        else:
            self._settling, self._released = True, None
            self._keys_taken += 1
            receiver = self.focused or self.screen
            await super().on_event(event)
            self._follow(receiver, self._keys_taken)

    def _follow(self, receiver: DOMNode, key: int) -> None:
        """Go the way of a key: up from widget to widget to the application, then a frame."""
        self.set_timer(SETTLED_SECONDS, lambda: self._settled(key))
        self._climb([*receiver.ancestors_with_self], key)

    def _climb(self, path: list[DOMNode], key: int) -> None:
        """Call back from each widget in turn: what it had been sent before is done by then."""
        while path:
            node: MessagePump = path.pop(0)
            if node.call_later(self._climb, path, key):
                return
        self.screen.call_after_refresh(self._settled, key)

    def _settled(self, key: int) -> None:
        if not self._settling or key != self._keys_taken or self._released is not None:
            return
        self._settling = bool(self._typed_ahead)
        if self._typed_ahead:
            # Keys that came meanwhile stand before it in the queue: they still wait.
            self._released = self._typed_ahead.popleft()
            self.post_message(self._released)
