"""The board itself: thousands of services, one line each, drawn by hand.

A result costs ``mark``: one entry in a set. Five times a second the rows that are dirty *and* on screen
are compared with what was drawn last, and only the ones that differ are drawn (a table widget would
repaint everything for each of 300 results a second).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.clock import Clock
from core.domain.observations import Status
from tui.actions import Place, bindings_for
from tui.arrangement import Row, View, arrange, next_problem
from tui.board_model import BoardModel
from tui.themes import ink
from tui.widgets.board_rows import Columns, RowFacts, RowPainter

if TYPE_CHECKING:
    from tui.app import RondaApp

FRAMES_PER_SECOND = 5
REARRANGE_SECONDS = 5.0
"""How often rows may move by themselves because statuses or latencies have changed."""
_NAME_WITH_CLIENT = 40
"""Cells of a name with its client's behind it."""
_SCROLL_MARGIN = 3
"""Rows beyond the edge up to which the view creeps after the cursor; further away it jumps there."""


class StripCache:
    """What was drawn last for each row, with the signature of what it showed."""

    def __init__(self) -> None:
        self._drawn: dict[int, tuple[Hashable, Strip]] = {}
        self.hits = 0
        self.misses = 0

    def get(self, index: int, signature: Hashable) -> Strip | None:
        """Give the strip of a row if it shows just this."""
        found = self._drawn.get(index)
        if found is not None and found[0] == signature:
            self.hits += 1
            return found[1]
        self.misses += 1
        return None

    def put(self, index: int, signature: Hashable, strip: Strip) -> Strip:
        """Keep a strip."""
        self._drawn[index] = (signature, strip)
        return strip

    def shows(self, index: int, signature: Hashable) -> bool:
        """Whether the row was last drawn with this signature."""
        found = self._drawn.get(index)
        return found is not None and found[0] == signature

    def clear(self) -> None:
        """Forget every strip."""
        self._drawn.clear()


class StatusGrid(ScrollView, can_focus=True):
    """Rows of services under the headings of their clients, with a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.BOARD, move=True)]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row, or the row under it is another."""

        grid: StatusGrid
        row: Row | None

        @property
        def control(self) -> StatusGrid:
            """The grid."""
            return self.grid

    @dataclass
    class Arranged(Message):
        """Other rows are shown than before, or in another width."""

        grid: StatusGrid

        @property
        def control(self) -> StatusGrid:
            """The grid."""
            return self.grid

    def __init__(self, model: BoardModel, clock: Clock, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = model
        self.clock = clock
        self.view = View()
        self.rows: list[Row] = []
        self.cursor = 0
        self.cache = StripCache()
        self._index: dict[Row, int] = {}
        self._dirty: set[int] = set()
        self._painter: RowPainter | None = None
        self._arranged_at = 0.0
        self._longest_name = 0

    # What is shown

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    @property
    def service_count(self) -> int:
        """Services that the view lets through, folded ones left out."""
        return sum(not row.heading for row in self.rows)

    def show(self, view: View) -> None:
        """Show other services, or the same in another order."""
        self.view = view
        self.rearrange()

    def rearrange(self) -> None:
        """Make the rows anew; the cursor stays on its service, and that where it was on the screen."""
        rows = arrange(self.model, self.view)
        self._arranged_at = self.clock.monotonic()
        self._dirty.clear()
        if rows == self.rows:
            self.refresh()
            return
        before, kept = self.cursor, self.row
        self.rows = rows
        self._longest_name = self.model.longest_name()
        self._index = {row: index for index, row in enumerate(rows)}
        self.cache.clear()
        self.cursor = self._index.get(kept, min(before, len(rows) - 1)) if kept and rows else _first(rows)
        self.virtual_size = Size(self.size.width, len(rows))
        self._keep_in_view(self.scroll_offset.y + self.cursor - before if kept else 0)
        self.refresh()
        self.post_message(self.Arranged(self))
        self.post_message(self.Moved(self, self.row))

    def _keep_in_view(self, top: int) -> None:
        height = self.size.height
        if not height:
            return  # not laid out yet; on_resize comes
        top = min(max(top, self.cursor - height + 1), self.cursor)
        self.scroll_to(y=max(0, min(top, len(self.rows) - height)), animate=False, immediate=True)

    # Live results

    def mark(self, service_id: int) -> None:
        """Take note that a service has changed; drawn with the next flush."""
        self._dirty.add(service_id)

    def mark_all(self, service_ids: Iterable[int]) -> None:
        """Take note that several services have changed."""
        self._dirty.update(service_ids)

    def flush(self) -> None:
        """Draw what has changed and can be seen; hold still under another screen.

        Under a modal every repaint below would make Textual blend the whole screen again.
        """
        if not self._dirty or self.app.screen is not self.screen:
            return
        if self.view.follows_status and self._may_move_rows():
            self.rearrange()
            return
        dirty, self._dirty = self._dirty, set()
        changed = [index for index in self._visible(dirty) if not self._is_drawn(index)]
        if changed:
            self._refresh_rows(changed)

    def refresh_ages(self) -> None:
        """Draw again the rows on screen whose age, or anything else, reads otherwise by now."""
        top = self.scroll_offset.y
        self.mark_all(row.id for row in self.rows[top : top + self.size.height] if not row.heading)

    def _may_move_rows(self) -> bool:
        return self.clock.monotonic() - self._arranged_at >= REARRANGE_SECONDS

    def _visible(self, service_ids: set[int]) -> set[int]:
        """Give the rows on screen that show these services or count them."""
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        clients = set()
        found = set()
        for service_id in service_ids:
            entry = self.model.entries.get(service_id)
            if entry is not None:
                clients.add(entry.line.client.id)
                found.add(self._index.get(Row(service_id), -1))
        found.update(self._index.get(Row(client_id, heading=True), -1) for client_id in clients)
        return {index for index in found if top <= index < bottom}

    def _refresh_rows(self, indexes: Iterable[int]) -> None:
        top, width = self.scroll_offset.y, self.size.width
        regions = [
            Region(0, index - top, width, 1) for index in indexes if 0 <= index - top < self.size.height
        ]
        if regions:
            self.refresh(*regions)

    # Drawing

    @property
    def painter(self) -> RowPainter:
        """What draws rows in the present colours and width."""
        palette, columns = cast("RondaApp", self.app).palette, self.columns
        if self._painter is None or self._painter.palette is not palette or self._painter.columns != columns:
            self._painter = RowPainter(palette, columns)
            self.cache.clear()
        return self._painter

    @property
    def columns(self) -> Columns:
        """How the width is shared at present."""
        width = self.scrollable_content_region.width
        if self.view.sort.grouped:
            return Columns.of(width, self._longest_name)
        return Columns.of(width, _NAME_WITH_CLIENT, most_fifths=3)

    def render_line(self, y: int) -> Strip:
        """Give one line of the screen, drawn before if it shows the same."""
        painter = self.painter
        index = self.scroll_offset.y + y
        if index >= len(self.rows):
            return Strip.blank(
                painter.columns.width, ink(painter.palette.foreground, painter.palette.background)
            )
        row, selected = self.rows[index], index == self.cursor
        if row.heading:
            return self._heading(index, row, selected)
        entry = self.model.entries.get(row.id)
        if entry is None:
            return Strip.blank(painter.columns.width)
        facts = self._facts(row)
        signature = painter.signature(entry, facts, selected)
        drawn = self.cache.get(index, signature)
        return drawn or self.cache.put(index, signature, painter.service(entry, facts, selected))

    def _facts(self, row: Row) -> RowFacts:
        return RowFacts.of(
            self.model.entries[row.id], self.clock.now(), with_client=not self.view.sort.grouped
        )

    def _heading(self, index: int, row: Row, selected: bool) -> Strip:
        signature = self._heading_signature(row, selected)
        drawn = self.cache.get(index, signature)
        if drawn is not None:
            return drawn
        client = self.model.clients[row.id]
        counts = self.model.client_totals[row.id]
        strip = self.painter.heading(client, counts, row.id in self.view.folded, selected)
        return self.cache.put(index, signature, strip)

    def _heading_signature(self, row: Row, selected: bool) -> Hashable:
        counts = self.model.client_totals[row.id]
        client = self.model.clients[row.id]
        return (
            client.spec.name,
            client.spec.active,
            tuple(counts[status] for status in Status),
            row.id in self.view.folded,
            selected,
        )

    def _is_drawn(self, index: int) -> bool:
        row, selected = self.rows[index], index == self.cursor
        if row.heading:
            return self.cache.shows(index, self._heading_signature(row, selected))
        entry = self.model.entries[row.id]
        return self.cache.shows(index, self.painter.signature(entry, self._facts(row), selected))

    # Moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row and bring it into view."""
        index = max(0, min(index, len(self.rows) - 1))
        before = self.cursor
        if index == before or not self.rows:
            return
        self.cursor = index
        top, height = self.scroll_offset.y, self.size.height
        if top <= index < top + height:
            self._refresh_rows((before, index))
        else:
            self._scroll_after(index, top, height)
        self.post_message(self.Moved(self, self.row))

    def _scroll_after(self, index: int, top: int, height: int) -> None:
        target = index if index < top else index - height + 1
        if abs(target - top) > _SCROLL_MARGIN:
            target = index - height // 2
        self._keep_in_view(target)
        self.refresh()

    def move_to_first(self) -> None:
        """Put the cursor on the first service and show the top."""
        self.move_to(_first(self.rows))
        self._keep_in_view(0)

    def move_to_service(self, service_id: int) -> bool:
        """Put the cursor on a service; False if the view does not show it."""
        index = self._index.get(Row(service_id))
        if index is not None:
            self.move_to(index)
        return index is not None

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by pages."""
        self.move_to(self.cursor + step * max(1, self.size.height - 2))

    def action_half_page(self, step: int) -> None:
        """Move the cursor by half pages."""
        self.move_to(self.cursor + step * max(1, self.size.height // 2))

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last row."""
        self.move_to(0 if step < 0 else len(self.rows) - 1)

    def action_problem(self, step: int) -> None:
        """Move the cursor to the next or previous service that is not well."""
        index = next_problem(self.rows, self.model, self.cursor, step)
        if index is None:
            self.app.bell()
        else:
            self.move_to(index)

    def action_fold(self) -> None:
        """Fold or unfold the client of the row under the cursor."""
        row = self.row
        if row is None or not self.view.sort.grouped:
            return
        client_id = row.id if row.heading else self.model.entries[row.id].line.client.id
        self.show(self.view.toggled(client_id))
        self.move_to(self._index[Row(client_id, heading=True)])

    def filter(self, text: str) -> None:
        """Show only what a text matches; empty: everything."""
        self.show(replace(self.view, filter=text))

    # Textual

    def on_mount(self) -> None:
        """Begin to draw what changes."""
        self.virtual_size = Size(self.size.width, len(self.rows))
        self.set_interval(1 / FRAMES_PER_SECOND, self.flush)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view in another size."""
        self.virtual_size = Size(event.size.width, len(self.rows))
        self._keep_in_view(self.scroll_offset.y)
        self.post_message(self.Arranged(self))

    def notify_style_update(self) -> None:
        """Draw in the colours of another theme."""
        super().notify_style_update()
        self.cache.clear()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        self.move_to(self.scroll_offset.y + event.y)


def _first(rows: Sequence[Row]) -> int:
    """Give the row of the first service, or the first row of all."""
    return 1 if len(rows) > 1 and rows[0].heading and not rows[1].heading else 0
