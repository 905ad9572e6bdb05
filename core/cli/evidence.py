"""How ``ronda service show`` tells why a service failed: in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.cli.figures import iso, local
from core.cli.output import Document
from core.domain.evidence import FailureEvidence
from core.i18n import _
from core.wording import reach_text, reason_text

TAB_CELLS = 4
"""Cells of a tab in what a peer sent."""


def evidence_documents(failures: Iterable[FailureEvidence]) -> list[Document]:
    """Give what the first and the latest failing check of a run met."""
    return [_document(failure) for failure in failures]


def _document(failure: FailureEvidence) -> Document:
    evidence = failure.evidence
    return {
        "began_at": iso(failure.began_at),
        "checked_at": iso(failure.checked_at),
        "place": "first" if failure.is_first else "latest",
        "error": failure.error.value if failure.error else None,
        "detail": failure.detail,
        "phase": evidence.phase,
        "address": evidence.address,
        "head": evidence.head,
        "body": evidence.body,
        "truncated": evidence.truncated,
    }


def evidence_rows(failures: tuple[FailureEvidence, ...]) -> Iterator[tuple[str, str]]:
    """Give labels and texts, the latest failure first."""
    if not failures:
        return
    first, latest = failures[0], failures[-1]
    yield from _rows(_("Latest failure"), latest)
    if first.met_the_same_as(latest):
        if first is not latest:
            when = _("{time}, just the same").format(time=local(first.checked_at))
            yield _("First failure"), when
    else:
        yield from _rows(_("First failure"), first)


def _rows(label: str, failure: FailureEvidence) -> Iterator[tuple[str, str]]:
    evidence = failure.evidence
    yield label, "\n".join((local(failure.checked_at), reason_text(failure), reach_text(failure.evidence)))
    if evidence.head:
        yield _("Answer"), evidence.head.expandtabs(TAB_CELLS)
    if evidence.body:
        more = "\n" + _("… and more that is not kept") if evidence.truncated else ""
        yield _("Body"), evidence.body.expandtabs(TAB_CELLS).rstrip("\n") + more
