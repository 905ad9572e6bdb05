"""Tasks that run for as long as something is open, beside whoever started them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

TIDYING_SECONDS = 1.0
"""How long a task that was cancelled may take to tidy up."""

log = logging.getLogger(__name__)


def in_background(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task that ends by being cancelled; a defect that ends it is logged at once, by its name."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_defect)
    return task


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; one that takes long over it is cancelled again.

    The driver asks the server to cancel a query before it gives in, for ten seconds if that is away.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=TIDYING_SECONDS)


def _tell_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("The %s has ended in a defect of Ronda", task.get_name(), exc_info=error)
