from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from core.domain.kinds import Kind
from core.domain.services import ServiceSpec
from core.operations.validating import service_faults
from tests.operations.support import ACME

WEB = ServiceSpec("web", "/health")


def found(spec: ServiceSpec) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in service_faults(spec, ACME)]


def test_what_is_right_has_no_faults() -> None:
    lines = ('$.status == "ok"', "$.queue.depth < 100")
    assert found(replace(WEB, matches="^ok", json_conditions=lines, expected_headers=("X-Cache",))) == []


def test_what_only_libraries_can_tell_is_named_along_with_what_the_domain_finds() -> None:
    spec = replace(
        WEB, method="BREW", matches="(", json_conditions=("status", "$.a ~ 1"), expected_headers=("a b: c",)
    )
    assert found(spec) == [
        ("method", "method"),
        ("matches", "pattern_form"),
        ("json_conditions", "condition_path"),
        ("json_conditions", "condition_operator"),
        ("expected_headers", "header_condition"),
    ]


@pytest.mark.parametrize("text", ["(" * 4_001, "(\x00"])
def test_a_pattern_that_the_domain_refuses_is_named_once(text: str) -> None:
    assert len(found(replace(WEB, matches=text))) == 1


def test_the_form_of_what_means_nothing_for_a_kind_is_not_looked_at() -> None:
    spec = replace(WEB, kind=Kind.ICMP, endpoint="192.0.2.7", matches="(")
    assert found(spec) == [("matches", "not_of_kind")]


def test_a_plain_service_loads_no_library() -> None:
    code = (
        "import sys\n"
        "from core.domain.clients import ClientSpec\n"
        "from core.domain.services import ServiceSpec\n"
        "from core.operations.validating import service_faults\n"
        "assert service_faults(ServiceSpec('web', 'https://x'), ClientSpec('Acme')) == ()\n"
        "loaded = {'re2', 'jsonpath', 'httpx'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
