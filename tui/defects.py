"""What becomes of a defect in a worker: it is logged with its traceback and told, and the round goes on."""

from __future__ import annotations

import logging

from textual.app import App
from textual.worker import Worker, WorkerState

from core.i18n import _

_log = logging.getLogger(__name__)


def tell_defect(app: App[None], event: Worker.StateChanged) -> None:
    """Log and tell what ended a worker that was started with ``exit_on_error=False``.

    Such a worker catches ``RondaError`` itself; anything else is a defect, which must be seen but need
    not end the console, whose checks would stop with it.
    """
    error = event.worker.error
    if event.state is WorkerState.ERROR and error is not None:
        _log.error("a worker ended with a defect: %s", event.worker.name, exc_info=error)
        text = _("Something went wrong inside Ronda ({kind}). The log has the details.")
        app.notify(text.format(kind=type(error).__name__), severity="error", markup=False)
