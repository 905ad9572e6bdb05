"""Words for people: every sentence that somebody reads goes through ``_`` or ``ngettext``."""

from __future__ import annotations

import gettext
from pathlib import Path

_catalogue = gettext.translation("ronda", Path(__file__).parent / "locales", fallback=True)
_ = _catalogue.gettext
ngettext = _catalogue.ngettext
