"""Figures as people read them on a screen: short, aligned, and honest about their precision.

Ages are told in steps (10 s under a minute), so that a board at rest does not repaint each second.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from core.domain.text import has_control_characters
from core.i18n import _

NOTHING = "—"
"""Stands where there is no figure."""
AGE_STEP_SECONDS = 10
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@lru_cache(maxsize=16_384)
def safe(text: str) -> str:
    """Give a text from outside without anything that steers a terminal; line ends become spaces."""
    if text.isascii() and text.isprintable():
        return text
    spaced = "".join(" " if char in "\n\t\r" else char for char in text)
    return "".join(char for char in spaced if not has_control_characters(char))


def fit(text: str, cells: int) -> str:
    """Give the text in exactly so many cells: padded, or cut with an ellipsis."""
    if cells <= 0:
        return ""
    if text.isascii() and len(text) <= cells:
        return text.ljust(cells)
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 1) + "…"


def fit_right(text: str, cells: int) -> str:
    """Give the text in exactly so many cells, flush right."""
    missing = cells - cell_len(text)
    return " " * missing + text if missing >= 0 else fit(text, cells)


def latency(milliseconds: float | None) -> str:
    """Give a latency for a sentence: ``414 ms``, ``1.5 s``."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 9_999.5:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def short_latency(milliseconds: float | None) -> str:
    """Give a latency for a narrow column: ``4ms``, ``4365ms``, ``12.3s``; at most six cells."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 9_999.5:
        return f"{milliseconds:.0f}ms"
    return f"{milliseconds / 1000:.1f}s"


def axis_latency(milliseconds: float) -> str:
    """Give a latency for the axis of a chart: ``800ms``, ``1.5s``."""
    if milliseconds < 10:
        return f"{milliseconds:.2g}ms"
    return f"{milliseconds:.0f}ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f}s"


def duration(seconds: float) -> str:
    """Give how long something lasts, in its two largest units: ``45s``, ``12m``, ``1h 05m``, ``3d 4h``."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def interval(seconds: float) -> str:
    """Give a setting of seconds exactly: ``30s``, ``1.5s``, ``5m``, ``90s``."""
    if seconds >= _MINUTE and seconds % _HOUR == 0:
        return f"{seconds / _HOUR:g}h"
    if seconds >= _MINUTE and seconds % _MINUTE == 0:
        return f"{seconds / _MINUTE:g}m"
    return f"{seconds:g}s"


def age(seconds: float) -> str:
    """Give how old a figure is in at most four cells, in steps: ``now``, ``20s``, ``5m``, ``3h``, ``12d``."""
    whole = max(0, int(seconds))
    if whole < AGE_STEP_SECONDS:
        return _("now")
    if whole < _MINUTE:
        return f"{whole // AGE_STEP_SECONDS * AGE_STEP_SECONDS}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h"
    return f"{min(999, whole // _DAY)}d"


def percent(ratio: float | None, digits: int = 2) -> str:
    """Give a share in per cent, never rounded up to 100 while something is missing."""
    if ratio is None:
        return NOTHING
    if ratio >= 1:
        return "100%"
    scale = 10**digits
    return f"{int(ratio * 100 * scale + 1e-6) / scale:.{digits}f}%"


def local_time(at: datetime, *, seconds: bool = False) -> str:
    """Give the time of day in the operator's zone."""
    return f"{at.astimezone():%H:%M:%S}" if seconds else f"{at.astimezone():%H:%M}"


def local_minute(at: datetime, now: datetime) -> str:
    """Give a time to come in the operator's zone, to the minute; with its date if it is of another day."""
    local = at.astimezone()
    return f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%Y-%m-%d %H:%M}"


def local_date_time(at: datetime) -> str:
    """Give date and time in the operator's zone."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
