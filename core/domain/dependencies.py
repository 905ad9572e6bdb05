"""Dependencies: which service cannot work without which, and what is down only because of that.

As with Icinga only the hard state of what a service depends on counts, however far up it stands.
Nothing here trusts the data: a circle in it ends every walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

MOST_DEEP = 256
"""Services above each other, at most; Icinga's limit."""

Parents = Mapping[int, int | None]
"""What each service depends on, by number; one that depends on nothing may be left out."""


def ancestors(service_id: int, parents: Parents) -> Iterator[int]:
    """Give what a service depends on, directly and through others, the nearest first."""
    seen = {service_id}
    parent = parents.get(service_id)
    while parent is not None and parent not in seen and len(seen) <= MOST_DEEP:
        yield parent
        seen.add(parent)
        parent = parents.get(parent)


def cycle_through(service_id: int, parent_id: int | None, parents: Parents) -> tuple[int, ...]:
    """Give the services of the circle that this parent would close, each before its own parent.

    It begins with the service itself; empty if there would be none.
    """
    if parent_id is None:
        return ()
    path = [service_id]
    for ancestor in (parent_id, *ancestors(parent_id, parents)):
        if ancestor == service_id:
            return tuple(path)
        path.append(ancestor)
    return ()


def is_too_deep(service_id: int | None, parent_id: int, parents: Parents) -> bool:
    """Whether more than ``MOST_DEEP`` services would stand above another; None: a service to be made."""
    above = 1 + sum(1 for _ancestor in ancestors(parent_id, parents))
    below = 0 if service_id is None else _levels_below(service_id, parents)
    return above + below > MOST_DEEP


def behind(service_id: int, parents: Parents, down: Callable[[int], bool]) -> int | None:
    """Give the nearest of all that a service depends on which is down, in its hard state; None if none is."""
    return next((ancestor for ancestor in ancestors(service_id, parents) if down(ancestor)), None)


def _levels_below(service_id: int, parents: Parents) -> int:
    """Count how far down the chain of those goes that depend on a service."""
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(child)
    levels, level = 0, children.get(service_id, [])
    while level and levels <= MOST_DEEP:
        levels += 1
        level = [below for each in level for below in children.get(each, [])]
    return levels
