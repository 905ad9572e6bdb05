"""How far the console has come: the database is starting, the board is being read, or it failed."""

from __future__ import annotations

from enum import StrEnum

from core.i18n import _
from tui.widgets.placard import Words


class Stage(StrEnum):
    """What the console can do by now."""

    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


def stage_words(stage: Stage, failure: str) -> Words | None:
    """Say what is waited for, or what went wrong; None once there is a board to show."""
    if stage is Stage.STARTING:
        return Words(_("starting the database …"), (_("The first start takes a few seconds."),))
    if stage is Stage.LOADING:
        return Words(_("reading the board …"))
    if stage is Stage.FAILED:
        keys = (("r", _("try again")), ("q", _("quit")))
        return Words(_("the database cannot be used"), (failure,), keys, bad=True)
    return None


def empty_words(clients: bool, may_change: bool) -> Words:
    """Say to a newcomer what to press."""
    if not may_change:
        return Words(_("nothing is being watched yet"), (_("This console is read-only."),))
    if clients:
        return Words(
            _("no service is checked yet"),
            (_("A service is one address that is checked over and over."),),
            (("n", _("add a service")), ("4", _("see the clients")), ("?", _("all keys"))),
        )
    return Words(
        _("nothing is being watched yet"),
        (_("A client is a company that you look after; its services are the addresses that are checked."),),
        (("n", _("add the first client")), ("?", _("all keys")), ("q", _("quit"))),
    )


def unmatched_words(filter: str, only_problems: bool) -> Words:
    """Say why no row is shown although there are services."""
    if filter:
        return Words(
            _("nothing matches {filter}").format(filter=filter), keys=(("Esc", _("clear the filter")),)
        )
    if only_problems:
        return Words(
            _("all is well"), (_("Nothing is down, degraded or failing."),), (("x", _("show everything")),)
        )
    return Words(_("nothing to show"))
