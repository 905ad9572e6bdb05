from __future__ import annotations

from argparse import ArgumentParser

import pytest

from core.cli.options import SERVICE_OPTIONS, SERVICE_SWITCHES, add_options
from core.cli.specs import new_service_spec, option_faults
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.kinds import FIELDS_OF, Kind
from core.domain.services import ServiceSpec
from core.domain.typed import Typist


def new(*arguments: str, interval_seconds: float = 30.0) -> ServiceSpec:
    """Give the service that ``service add`` would make of its options."""
    parser = ArgumentParser()
    add_options(parser, SERVICE_OPTIONS, SERVICE_SWITCHES)
    typist = Typist()
    args = parser.parse_args(["--name", "web", *arguments])
    spec = new_service_spec(args, interval_seconds, typist)
    assert typist.faults(spec.faults(ClientSpec("Acme", dns="acme.example"))) == ()
    return spec


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["--endpoint", "/health"], Kind.HTTP),
        (["--endpoint", "https://acme.example"], Kind.HTTP),
        (["--endpoint", "TCP://db.acme.example:5432"], Kind.TCP),
        (["--endpoint", "tls://acme.example"], Kind.TLS),
        (["--endpoint", "dns://192.0.2.53/acme.example"], Kind.DNS),
        (["--endpoint", "icmp://192.0.2.7"], Kind.ICMP),
        (["--endpoint", "db.acme.example:5432", "--kind", "tcp"], Kind.TCP),
        (["--endpoint", "acme.example", "--kind", "Tls"], Kind.TLS),
        (["--kind", "heartbeat"], Kind.HEARTBEAT),
    ],
)
def test_the_kind_is_the_one_that_was_named_or_that_the_endpoint_names(
    arguments: list[str], kind: Kind
) -> None:
    assert new(*arguments).kind is kind


@pytest.mark.parametrize(
    ("interval", "grace"), [("30", 30.0), ("60", 60.0), ("300", 60.0), ("3600", 360.0), ("86400", 8640.0)]
)
def test_the_grace_of_a_heartbeat_is_a_tenth_of_its_interval_but_a_minute_at_least(
    interval: str, grace: float
) -> None:
    assert new("--kind", "heartbeat", "--interval", interval).timeout_seconds == grace


def test_a_grace_that_was_given_stands() -> None:
    spec = new("--kind", "heartbeat", "--interval", "2592000", "--timeout", "7200")
    assert (spec.interval_seconds, spec.timeout_seconds) == (2_592_000.0, 7200.0)


def test_an_interval_of_a_month_that_cannot_be_read_is_one_mistake() -> None:
    parser = ArgumentParser()
    add_options(parser, SERVICE_OPTIONS, SERVICE_SWITCHES)
    words = ["--name", "job", "--kind", "heartbeat", "--timeout", "172800", "--interval", "monthly"]
    typist = Typist()
    spec = new_service_spec(parser.parse_args(words), 30.0, typist)
    faults = typist.faults(spec.faults(ClientSpec("Acme")))
    assert [(fault.field, fault.code) for fault in faults] == [("interval_seconds", "number")]


def test_a_type_of_record_is_read_in_any_case() -> None:
    spec = new(
        "--endpoint", "dns://acme.example", "--record-type", "mx", "--expect-answer", "10 mail.acme.example"
    )
    assert (spec.record_type, spec.expected_answers) == ("MX", ("10 mail.acme.example",))


def test_a_new_service_can_be_told_not_to_look_at_the_end_of_its_certificate() -> None:
    assert new("--endpoint", "/health", "--no-tls-warn-days").tls_warn_days is None


def test_every_field_that_a_kind_lacks_has_an_option_that_can_be_named() -> None:
    lacking = set().union(*FIELDS_OF.values()) - frozenset.intersection(*FIELDS_OF.values()) - {"endpoint"}
    faults = [Fault(field, "not_of_kind", {"kind": "tcp"}) for field in sorted(lacking)]
    options = [str(fault.parameters["option"]) for fault in option_faults(faults)]
    assert len(options) == len(set(options)) == len(lacking)
    assert {"--json-condition", "--insecure", "--no-redirects", "--tls-warn-days"} <= set(options)


def test_faults_of_other_codes_stay_as_they_are() -> None:
    fault = Fault("name", "required")
    assert list(option_faults([fault])) == [fault]
