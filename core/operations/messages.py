"""Messages: what a channel is sent about the notices that go out together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from core.domain.channels import Message, Tone
from core.domain.gates import NoticeKind
from core.domain.notices import Facts, Notice
from core.domain.text import printable
from core.i18n import _, ngettext

MOST_LISTED = 20
"""Notices that the text of a message lists; the others are counted."""
MOST_IN_DOCUMENT = 1_000
"""The same for the JSON document."""
_LINE_LIMIT = 300
"""Characters of what was seen, in one line of a message."""

_HEADS = {
    NoticeKind.PROBLEM: {"down": _("DOWN"), "degraded": _("DEGRADED")},
    NoticeKind.REMINDER: {"down": _("STILL DOWN"), "degraded": _("STILL DEGRADED")},
    NoticeKind.RECOVERY: {"": _("RECOVERED")},
    NoticeKind.FLAPPING: {"": _("FLAPPING")},
    NoticeKind.FLAPPING_END: {"": _("NO LONGER FLAPPING")},
    NoticeKind.CERTIFICATE: {"": _("CERTIFICATE")},
    NoticeKind.BLIND: {"": _("BLIND")},
    NoticeKind.BLIND_END: {"": _("NO LONGER BLIND")},
    NoticeKind.TEST: {"": _("TEST")},
}
_FIELDS = (
    "client",
    "service",
    "service_id",
    "incident_id",
    "started_at",
    "resolved_at",
    "error",
    "detail",
    "address",
    "runbook_url",
)
_GOOD = frozenset({NoticeKind.RECOVERY, NoticeKind.FLAPPING_END, NoticeKind.BLIND_END})


def message_of(message_id: str, notices: Iterable[Notice]) -> Message:
    """Make one message of what goes out together: down first, then by client and service."""
    ordered = sorted(notices, key=_rank)
    return Message(
        id=message_id,
        title=_title(ordered),
        text="\n".join(_lines(ordered)),
        tone=_tone(ordered),
        document={
            "id": message_id,
            "title": _title(ordered),
            "sent_by": "ronda",
            "items": [item_document(notice) for notice in ordered[:MOST_IN_DOCUMENT]],
            "more": max(0, len(ordered) - MOST_IN_DOCUMENT),
        },
    )


def _rank(notice: Notice) -> tuple[int, str, str]:
    ranks = {"DOWN": 0, "DEGRADED": 1}
    rank = 3 if notice.kind in _GOOD else ranks.get(_severity(notice).upper(), 2)
    return (
        rank,
        str(notice.facts.get("client", "")).casefold(),
        str(notice.facts.get("service", "")).casefold(),
    )


def _severity(notice: Notice) -> str:
    """Give ``down`` or ``degraded`` of a problem; empty for anything else."""
    if notice.kind not in (NoticeKind.PROBLEM, NoticeKind.REMINDER):
        return ""
    return str(notice.facts.get("status", "down"))


def _head(notice: Notice) -> str:
    words = _HEADS[notice.kind]
    return words.get(_severity(notice), words.get("", words.get("down", "")))


def _label(facts: Facts) -> str:
    names = [printable(str(facts[name]), 80) for name in ("client", "service") if facts.get(name)]
    return "/".join(names) or _("Ronda")


def _title(ordered: Sequence[Notice]) -> str:
    """Say what there is in one line: the thing itself if it is one, else how many of each."""
    if len(ordered) == 1:
        return f"{_head(ordered[0])}: {_label(ordered[0].facts)}"
    counts: dict[str, int] = {}
    for notice in ordered:
        counts[_head(notice)] = counts.get(_head(notice), 0) + 1
    return ", ".join(f"{count} {head}" for head, count in counts.items())


def _lines(ordered: Sequence[Notice]) -> Iterator[str]:
    for notice in ordered[:MOST_LISTED]:
        yield from _item_lines(notice)
    more = len(ordered) - MOST_LISTED
    if more > 0:
        yield ngettext("and {count} more", "and {count} more", more).format(count=more)


def _item_lines(notice: Notice) -> Iterator[str]:
    facts = notice.facts
    yield f"{_head(notice)}: {_label(facts)}"
    if detail := str(facts.get("detail") or ""):
        yield f"  {printable(detail, _LINE_LIMIT)}"
    began, ended = _moment(facts, "started_at"), _moment(facts, "resolved_at")
    if began is not None and ended is not None:
        text = _("from {begin} to {end} UTC ({duration})")
        yield "  " + text.format(begin=_shown(began), end=_shown(ended), duration=_lasted(ended - began))
    elif began is not None:
        yield "  " + _("since {begin} UTC").format(begin=_shown(began))
    if facts.get("runbook_url") and notice.kind not in _GOOD:
        yield "  " + _("runbook: {url}").format(url=printable(str(facts["runbook_url"]), _LINE_LIMIT))
    if facts.get("incident_id"):
        yield "  " + _("incident {id}").format(id=facts["incident_id"])


def _moment(facts: Facts, name: str) -> datetime | None:
    text = facts.get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _lasted(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    parts = [
        (seconds // 86_400, "d"),
        (seconds // 3_600 % 24, "h"),
        (seconds // 60 % 60, "m"),
        (seconds % 60, "s"),
    ]
    shown = [f"{count}{unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0s"


def _tone(ordered: Sequence[Notice]) -> Tone:
    if any(_severity(notice) == "down" for notice in ordered):
        return Tone.DOWN
    if any(notice.kind not in _GOOD and notice.kind is not NoticeKind.TEST for notice in ordered):
        return Tone.DEGRADED
    return Tone.GOOD if any(notice.kind in _GOOD for notice in ordered) else Tone.NEUTRAL


def item_document(notice: Notice) -> dict[str, object]:
    """Give one notice as the JSON document of a message has it."""
    facts = notice.facts
    began, ended = _moment(facts, "started_at"), _moment(facts, "resolved_at")
    return {
        "kind": notice.kind.value,
        "status": "up" if notice.kind is NoticeKind.RECOVERY else facts.get("status"),
        **{name: facts.get(name) for name in _FIELDS},
        "duration_s": None if began is None or ended is None else (ended - began).total_seconds(),
    }
