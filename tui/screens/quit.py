"""The question before checks stop."""

from __future__ import annotations

from core.i18n import _
from tui.screens.confirm import Confirm


def leaving() -> Confirm:
    """Ask whoever is the last to watch whether checks may stop, and say how they go on."""
    return Confirm(
        _("Checks stop when you leave. Quit?"),
        _(
            "This console runs the checks and no other process would go on. To keep them running, "
            "start `ronda agent` in another terminal or as a service first."
        ),
        yes=_("Quit"),
        no=_("Stay"),
    )
