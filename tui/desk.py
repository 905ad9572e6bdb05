"""How a screen comes by the desk: the application has it, once the database is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

from core.operations.desk import Desk

if TYPE_CHECKING:
    from tui.app import RondaApp


def desk_of(node: DOMNode) -> Desk:
    """Give the desk of the application that the screen or widget belongs to."""
    return cast("RondaApp", node.app).desk
