"""Sends a message by Apprise: mail, chat, pagers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.domain.channels import Delivery, Message, Tone
from core.i18n import _
from core.notifications.library import Line, hearing, library
from core.notifications.opening import Opened, Unusable, opened
from core.wording import fault_text

if TYPE_CHECKING:
    from apprise import NotifyBase

MESSAGE_ID_HEADER = "Ronda-Message-Id"
"""Bears the message's id wherever there are headers."""

_TYPES = {Tone.DOWN: "failure", Tone.DEGRADED: "warning", Tone.GOOD: "success", Tone.NEUTRAL: "info"}
_TELLING = ("exception", "response details")
"""What Apprise logs for developers only, although it is what the other side said."""
_log = logging.getLogger(__name__)


def deliver(url: str, message: Message) -> Delivery:
    """Make one attempt and say what came of it; never raises. Blocks, for as long as the sockets do."""
    try:
        target = opened(url)
    except Unusable as unusable:
        return Delivery(False, fault_text(unusable.fault))
    with hearing(message.id) as lines:
        try:
            accepted = _notify(target.plugin, message)
        except Exception as error:  # noqa: BLE001 - a plugin that breaks is a failed delivery
            _log.warning("Apprise broke down in %s: %s", type(target.plugin).__name__, type(error).__name__)
            lines.append(Line(logging.ERROR, _("Apprise broke down: {error}").format(error=error)))
            accepted = False
    return Delivery(accepted, _answer(target, lines, accepted))


def _notify(plugin: NotifyBase, message: Message) -> bool:
    text = _identified(plugin, message)
    types = library().NotifyType
    return bool(
        plugin.notify(
            body=text,
            title=message.title,
            notify_type=types(_TYPES[message.tone]),
            body_format=library().NotifyFormat.TEXT,
        )
    )


def _identified(plugin: NotifyBase, message: Message) -> str:
    """Have the message's id go with it as the service allows, and give the text to send."""
    own = vars(plugin)
    if "dedup" in own and "integration_key" in own:
        own["dedup"] = own["dedup"] or dedup_key(message)
        return message.text
    if isinstance(own.get("headers"), dict):
        own["headers"].setdefault(MESSAGE_ID_HEADER, message.id)
        return message.text
    return _("{text}\n\nMessage {id}").format(text=message.text, id=message.id)


def dedup_key(message: Message) -> str:
    """Give PagerDuty's key for a message: that of its incident, so that the end resolves what began.

    A message about several incidents has a key of its own.
    """
    items = message.document.get("items")
    if not isinstance(items, Sequence) or len(items) != 1 or not isinstance(items[0], Mapping):
        return message.id
    item = items[0]
    if item.get("incident_id") is None:
        return message.id
    # With the names, for two installations of Ronda may both have an incident 7.
    named = "\n".join(str(item.get(name)) for name in ("client", "service", "service_id", "incident_id"))
    return f"ronda-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _answer(target: Opened, lines: Sequence[Line], accepted: bool) -> str:
    if accepted:
        said = [line.text for line in lines if line.level >= logging.INFO]
    else:
        said = [
            line.text
            for line in lines
            if line.level >= logging.WARNING or any(word in line.text.lower() for word in _TELLING)
        ]
    otherwise = _("accepted") if accepted else _("not accepted; no reason was given")
    return target.masking.answer(" · ".join(said)) or otherwise
