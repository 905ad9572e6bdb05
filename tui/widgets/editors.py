"""What a field is edited with: a line, a few lines, a switch, one of many options.

Each holds a ``text``, tells its parent with its own ``Changed`` when that differs, and draws characters
that would steer the terminal as a visible sign, whatever was pasted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea

from core.domain.text import has_control_characters
from core.i18n import _
from tui.formatting import fit, safe
from tui.widgets.values import NO, YES

TYPE_AHEAD_SECONDS = 1.0
"""After so long without a key the letters typed at a list of options start anew."""
NUMBER_CELLS = 14
"""Width of a line that holds a number; its unit stands to the right of it."""

Option = tuple[str, str]
"""A key and the name that is shown for it."""


def visible(text: str) -> str:
    """Give the text with a sign in place of each character that cannot be drawn, so that lengths agree."""
    if text.isprintable():
        return text
    return "".join("�" if char != "\t" and has_control_characters(char) else char for char in text)


def _visible_text(text: str) -> Text:
    return Text(visible(text), no_wrap=True, overflow="ignore", end="")


class LineEditor(Input):
    """One line; a secret one shows dots until it is revealed."""

    DEFAULT_CSS = """
    LineEditor {
        height: 1;
        padding: 0 1;
        border: none;
        border-left: tall $panel;
        background: $panel;
        &:focus {
            border: none;
            border-left: tall $accent;
            background: $selection;
            background-tint: transparent;
        }
        &.-number { width: 14; }
        &>.input--placeholder { color: $text-faint; }
        &>.input--selection { background: $accent 35%; color: $text-strong; }
        &:ansi { border: none; border-left: tall ansi_default; background: ansi_default; }
        &:ansi:focus { border: none; border-left: tall $accent; background: $selection; }
    }
    """

    def __init__(self, *, secret: bool = False, number: bool = False) -> None:
        super().__init__(password=secret, select_on_focus=secret, classes="-number" if number else None)
        # Textual calls it with the text to be drawn and takes what it gives: any callable will do.
        self.highlighter = self._drawn  # type: ignore[assignment]
        self.cursor_blink = False

    @property
    def text(self) -> str:
        """The line as typed."""
        return self.value

    @text.setter
    def text(self, text: str) -> None:
        self.value = text
        self.cursor_position = len(text)

    def _drawn(self, _text: Text) -> Text:
        """Draw the value itself: what Textual hands over has lost some characters, so that lengths differ."""
        return _visible_text(self.value)


class AreaEditor(TextArea):
    """A few lines; Up in the first and Down in the last one leave it."""

    DEFAULT_CSS = """
    AreaEditor {
        height: 4;
        padding: 0 1;
        border: none;
        border-left: tall $panel;
        background: $panel;
        color: $foreground;
        scrollbar-size-vertical: 1;
        &:focus { border: none; border-left: tall $accent; background: $selection; }
        & .text-area--cursor-line { background: transparent; }
        & .text-area--selection { background: $accent 35%; }
    }
    """

    def __init__(self, *, lines: int = 3) -> None:
        super().__init__(highlight_cursor_line=False)
        self.styles.height = lines
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        """Give a line as it is drawn."""
        return _visible_text(self.document.get_line(line_index))

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up, or to the field above from the first line."""
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.screen.focus_previous()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down, or to the field below from the last line."""
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.screen.focus_next()
        else:
            super().action_cursor_down(select)


class OptionEditor(Widget, can_focus=True):
    """One of several options: Left and Right step through them, letters jump to a name."""

    DEFAULT_CSS = """
    OptionEditor {
        height: 1;
        padding: 0 1;
        border-left: tall $panel;
        background: $panel;
        &:focus { border-left: tall $accent; background: $selection; }
        &:disabled { color: $text-quiet; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "step(1)", _("Next option"), show=False),
        Binding("left", "step(-1)", _("Previous option"), show=False),
    ]

    @dataclass
    class Changed(Message):
        """Another option was taken."""

        editor: OptionEditor

        @property
        def control(self) -> OptionEditor:
            """The editor, for ``on``."""
            return self.editor

    text: reactive[str] = reactive("", init=False)
    """The key of the option taken."""
    options: reactive[tuple[Option, ...]] = reactive(())

    def __init__(self, options: Iterable[Option]) -> None:
        super().__init__()
        self.set_reactive(OptionEditor.options, tuple(options))
        self._typed = ""
        self._typed_at = 0.0

    def watch_text(self) -> None:
        """Tell the row."""
        self.post_message(self.Changed(self))

    def action_step(self, steps: int) -> None:
        """Take the option so many further on, round and round."""
        keys = [key for key, _label in self.options]
        if keys:
            place = keys.index(self.text) + steps if self.text in keys else min(steps, 0)
            self.text = keys[place % len(keys)]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keep letters from the bindings of the places: they look for an option here."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        """Jump to the option whose name begins with, or else holds, what is being typed."""
        if event.character is None or not event.is_printable or event.key == "space":
            return
        event.stop()
        if event.time - self._typed_at > TYPE_AHEAD_SECONDS:
            self._typed = ""
        self._typed_at = event.time
        self._typed += event.character.casefold()
        found = self._found(self._typed)
        if found is not None:
            self.text = found

    def _found(self, wanted: str) -> str | None:
        names = [(key, label.casefold()) for key, label in self.options]
        beginning = [key for key, name in names if name.startswith(wanted)]
        holding = [key for key, name in names if wanted in name]
        return next(iter(beginning or holding), None)


class SwitchEditor(OptionEditor):
    """Yes or no; both are seen, the one that holds has a dot. Space turns it over."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "step(1)", _("Turn over"), show=False)]

    def __init__(self) -> None:
        super().__init__(((YES, _("yes")), (NO, _("no"))))

    def render(self) -> RenderResult:
        """Draw both words."""
        return Content("   ").join(self._word(key, label) for key, label in self.options)

    def _word(self, key: str, label: str) -> Content:
        if key == self.text:
            return Content.styled(f"● {label}", "$foreground")
        return Content.styled(f"  {label}", "$text-faint")


class ChoiceEditor(OptionEditor):
    """One of many options; Space opens the whole list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "open", _("Open the list"), show=False)]

    @dataclass
    class ListWanted(Message):
        """The operator wants to pick from the whole list."""

        editor: ChoiceEditor

    def render(self) -> RenderResult:
        """Draw the option taken, and a sign that there are more."""
        names = dict(self.options)
        label = Content(fit(safe(names.get(self.text, "")), max(0, self.content_size.width - 1)))
        return label if self.disabled else Content.assemble(label, ("▾", "$text-quiet"))

    def action_open(self) -> None:
        """Ask for the whole list."""
        if not self.disabled:
            self.post_message(self.ListWanted(self))

    def on_click(self) -> None:
        """Ask for the whole list."""
        self.action_open()
