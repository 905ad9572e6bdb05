"""The heartbeat bar: one cell per result, newest at the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from core.domain.observations import Status
from tui.beats import BeatRing
from tui.glyphs import BARS, STATUS_GLYPHS
from tui.themes import Palette
from tui.widgets.lines import Line

_PAUSE_MARK = "┄"
_NOTHING_MARK = "·"


def add_heartbeat(line: Line, beats: BeatRing, cells: int, palette: Palette, *, faint: bool = False) -> None:
    """Put the newest results that fit into ``cells`` at the end of the line, flush right.

    ``faint``: they are of the past, since nobody checks any more.
    """
    if cells <= 0:
        return
    statuses, levels = beats.statuses()[-cells:], beats.levels()[-cells:]
    line.add(" " * (cells - len(statuses)))
    marks = list(zip(statuses, levels, strict=True))
    for status, run in groupby(marks, key=lambda mark: mark[0]):
        _add_run(line, status, [level for _status, level in run], palette, faint)


def _add_run(line: Line, status: Status, levels: Sequence[int], palette: Palette, faint: bool) -> None:
    if status is Status.DOWN:
        line.add(STATUS_GLYPHS[status] * len(levels), palette.down, bold=True, background=palette.down_wash)
    elif status in (Status.UP, Status.DEGRADED):
        line.add(
            "".join(BARS[level - 1] for level in levels), palette.faint if faint else palette.beat(status)
        )
    elif status is Status.PAUSED:
        line.add(_PAUSE_MARK * len(levels), palette.faint)
    elif status is Status.UNKNOWN:
        line.add(_NOTHING_MARK * len(levels), palette.faint)
    else:
        line.add(STATUS_GLYPHS[status] * len(levels), palette.status(status))
