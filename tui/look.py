"""How an application comes by Ronda's themes, palette and signs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from textual.app import App
from textual.filter import LineFilter

from core.i18n import _
from tui.formatting import safe
from tui.glyphs import AsciiFilter, needs_ascii
from tui.themes import DEFAULT_THEME, SIXTEEN_COLOUR_THEME, THEMES, Palette, variable_defaults


class RondaLook(App[None]):
    """An application in Ronda's colours; widgets that draw themselves take them from ``palette``."""

    palette: Palette

    def __init__(self, *, theme: str | None = None, ascii_only: bool = False) -> None:
        self._ascii = AsciiFilter(enabled=ascii_only)
        self._wished_theme = theme
        super().__init__()
        self.animation_level = "none"
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme if theme in self.available_themes else DEFAULT_THEME

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give Ronda's variables for themes that do not know them."""
        return variable_defaults(self.current_theme)

    def get_css_variables(self) -> dict[str, str]:
        """Give the variables of the theme, and take the palette from them."""
        variables = super().get_css_variables()
        self.palette = Palette.of(variables)
        return variables

    def get_line_filters(self) -> list[LineFilter]:
        """Give what every line passes through on its way to the terminal."""
        filters = list(super().get_line_filters())
        return [*filters, self._ascii] if self._ascii.enabled else filters

    def suit_terminal(self, environ: Mapping[str, str]) -> None:
        """Use no more signs and colours than the terminal has, unless a theme was asked for."""
        if needs_ascii(getattr(sys.__stderr__, "encoding", None), environ):
            self._ascii.enabled = True
        if self._wished_theme is None and self.console.color_system == "standard":
            self.theme = SIXTEEN_COLOUR_THEME

    def on_mount(self) -> None:
        """Say so if there is no such theme as was asked for."""
        wished = self._wished_theme
        if wished is not None and wished not in self.available_themes:
            text = _("There is no theme {name}; this is {default}.")
            told = text.format(name=safe(wished), default=DEFAULT_THEME)
            self.notify(told, severity="warning", markup=False)
