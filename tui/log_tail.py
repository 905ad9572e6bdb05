"""The last lines of this console's own log, for its System page."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from core.logs import MaskingFormatter

KEPT_LINES = 200


class LogTail(logging.Handler):
    """Keeps the last warnings and errors, masked as the log file is."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line of a record; a traceback stays in the file."""
        self.lines.append(self.format(record).splitlines()[0])

    def attach(self) -> Callable[[], None]:
        """Listen to everything that is logged; the result ends that."""
        root = logging.getLogger()
        known = (handler.formatter for handler in root.handlers)
        masking = next((found for found in known if isinstance(found, MaskingFormatter)), None)
        self.setFormatter(masking or MaskingFormatter(()))
        root.addHandler(self)
        return lambda: root.removeHandler(self)
