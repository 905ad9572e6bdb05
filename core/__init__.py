"""Everything of Ronda but its screens."""

import sys

# httpx has a command line of its own where click is installed, and loads rich for it: 50 ms of every start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: it cannot be imported
