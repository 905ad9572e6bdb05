"""``ronda check``: one check of a target. It needs no database, and must start fast."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace

from core.cli.commands import Subparsers, add_command
from core.cli.documents import check_document
from core.cli.evidence import TAB_CELLS
from core.cli.figures import local, milliseconds
from core.cli.options import REQUEST_OPTIONS, REQUEST_SWITCHES, add_json_option, add_options
from core.cli.output import Output, clean
from core.cli.specs import option_faults, service_spec
from core.domain.clients import ClientSpec
from core.domain.evidence import Evidence
from core.domain.faults import Fault
from core.domain.kinds import Kind, kind_of
from core.domain.observations import Observation, Status
from core.domain.services import LONGEST_INTERVAL_SECONDS, ServiceSpec
from core.domain.typed import Typist
from core.errors import Refused
from core.i18n import _
from core.operations.lookup import refuse
from core.operations.observing import observe, refuse_heartbeat
from core.operations.validating import service_faults
from core.wording import ERROR_WORDS, PHASE_WORDS

MOST_BODY_LINES = 20
"""Lines of the body of a wrong answer that are shown."""


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    parser = add_command(commands, "check", _("check a target once, without a database"), _check)
    text = _(
        "an http or https URL, tcp://HOST:PORT, tls://HOST[:PORT], dns://NAME, dns://SERVER/NAME or icmp://HOST"
    )
    parser.add_argument("url", metavar="TARGET", help=text)
    add_options(parser, REQUEST_OPTIONS, REQUEST_SWITCHES)
    add_json_option(parser)


def _check(args: Namespace, output: Output) -> int:
    spec = _spec(args)
    import asyncio

    observation = asyncio.run(_observed(spec))
    show_check(output, spec.endpoint, observation)
    return int(observation.status is Status.DOWN)


def show_check(output: Output, url: str, observation: Observation) -> None:
    """Print one check: the document of the contract, or where its time went."""
    output.data(check_document(url, observation), _lines(output, url, observation))


def _spec(args: Namespace) -> ServiceSpec:
    """Give what is to be checked; the longest interval, since a single check may take its time."""
    if args.url.partition("://")[0].lower() == Kind.HEARTBEAT:
        refuse_heartbeat(Kind.HEARTBEAT)
    base = ServiceSpec("check", args.url, kind_of(args.url), interval_seconds=LONGEST_INTERVAL_SECONDS)
    typist = Typist()
    spec = _with_whole_paths(service_spec(args, base, typist))
    if args.url.startswith("/"):
        raise Refused([Fault("url", "url_form")])
    faults = typist.faults(service_faults(spec, ClientSpec(_("of this check"))))
    refuse(option_faults(map(_of_check, faults)))
    return spec


def _with_whole_paths(spec: ServiceSpec) -> ServiceSpec:
    """Give whole paths of files: this is the machine that checks."""
    certificate, key = (os.path.abspath(path) if path else "" for path in (spec.client_cert, spec.client_key))
    return replace(spec, client_cert=certificate, client_key=key)


def _of_check(fault: Fault) -> Fault:
    """Give a fault of the service as one of the command, which has no endpoint and no client."""
    if fault.field == "endpoint":
        return replace(fault, field="url")
    return Fault("auth_secret", "required") if fault.code == "auth_secret_missing" else fault


async def _observed(spec: ServiceSpec) -> Observation:
    from core.checks.prober import Prober
    from core.clock import SystemClock

    prober = Prober(SystemClock())
    try:
        return await observe(prober, ClientSpec(""), spec)
    finally:
        await prober.close()


def _lines(output: Output, url: str, observation: Observation) -> Iterator[str]:
    figures = [output.word(observation.status)]
    if observation.status_code is not None:
        figures.append(str(observation.status_code))
    if observation.latency_ms is not None:
        figures.append(milliseconds(observation.latency_ms))
    yield "  ".join([*figures, clean(url)])
    yield from output.pairs((f"  {label}", text) for label, text in _details(observation))


def _details(observation: Observation) -> Iterator[tuple[str, str]]:
    if observation.error is not None:
        yield _("error"), f"{ERROR_WORDS[observation.error]} ({observation.error.value})"
    if observation.detail:
        yield _("detail"), observation.detail
    if observation.address is not None:
        yield _("address"), observation.address
    phases = observation.phases
    for label, spent in (
        (_("dns"), phases.dns_ms),
        (_("connect"), phases.connect_ms),
        (_("tls"), phases.tls_ms),
        (_("first byte"), phases.first_byte_ms),
    ):
        if spent is not None:
            yield label, milliseconds(spent)
    if observation.certificate is not None:
        certificate = observation.certificate
        yield (
            _("certificate"),
            _("{subject}, issued by {issuer}, ends {moment} ({days} days left)").format(
                subject=certificate.subject,
                issuer=certificate.issuer,
                moment=local(certificate.expires_at),
                days=certificate.days_left(observation.checked_at),
            ),
        )
    for target in observation.redirects:
        yield _("redirected to"), target
    if observation.evidence is not None:
        yield from _met(observation.evidence)


def _met(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Give what a failing check met, the beginning of a long body."""
    yield _("came as far as"), PHASE_WORDS[evidence.phase]
    if evidence.head:
        yield _("answer"), evidence.head.expandtabs(TAB_CELLS)
    if evidence.body:
        lines = evidence.body.expandtabs(TAB_CELLS).splitlines()
        more = evidence.truncated or len(lines) > MOST_BODY_LINES
        yield _("body"), "\n".join([*lines[:MOST_BODY_LINES], *(["…"] if more else [])])
