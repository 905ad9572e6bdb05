"""Everything that is wrong with a service: what the domain finds, and what only libraries can tell."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.services import ServiceSpec


def service_faults(spec: ServiceSpec, client: ClientSpec) -> tuple[Fault, ...]:
    """Give everything that is wrong at once; empty if the client can have this service."""
    faults = spec.faults(client)
    wrong = {fault.field for fault in faults}
    return (*faults, *(fault for fault in _form_faults(spec) if fault.field not in wrong))


def _form_faults(spec: ServiceSpec) -> Iterator[Fault]:
    """Give what is wrong with the form of expectations; only those that are there load their library."""
    if spec.matches:
        from core.checks.patterns import pattern_faults

        yield from pattern_faults("matches", spec.matches)
    if spec.json_conditions:
        from core.checks.json_conditions import condition_faults

        yield from condition_faults("json_conditions", spec.json_conditions)
    if spec.expected_headers:
        from core.checks.header_conditions import header_condition_faults

        yield from header_condition_faults("expected_headers", spec.expected_headers)
