"""Threads of our own for what cannot be done without blocking."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

IDLE_SECONDS = 30.0
"""A thread without work ends after this."""


class Lane:
    """Daemon threads for blocking jobs: as many as are busy at once, at most ``limit``.

    Not a ``ThreadPoolExecutor``, which would hold the end of the process until the last job ends.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._jobs: deque[Callable[[], None]] = deque()
        self._ready = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._closed = False

    @property
    def threads(self) -> int:
        """How many threads there are now."""
        return self._threads

    @property
    def idle(self) -> int:
        """How many of them wait for work."""
        return self._idle

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job run as soon as a thread is free; it must not raise."""
        with self._ready:
            self._jobs.append(job)
            if self._idle < len(self._jobs) and self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            else:
                self._ready.notify()

    def close(self) -> None:
        """Forget jobs that have not begun and let idle threads end."""
        with self._ready:
            self._closed = True
            self._jobs.clear()
            self._ready.notify_all()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._ready:
            while not self._jobs:
                if self._closed:
                    self._threads -= 1
                    return None
                self._idle += 1
                woken = self._ready.wait(IDLE_SECONDS)
                self._idle -= 1
                if not woken and not self._jobs:
                    self._threads -= 1
                    return None
            return self._jobs.popleft()
