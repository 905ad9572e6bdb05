"""``ronda check``: one check of a URL. It needs no database, and must start fast."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace

from core.cli.commands import Subparsers, add_command
from core.cli.documents import check_document
from core.cli.figures import local, milliseconds
from core.cli.options import REQUEST_OPTIONS, REQUEST_SWITCHES, add_json_option, add_options
from core.cli.output import Output, clean
from core.cli.specs import service_spec
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.observations import Observation, Status
from core.domain.services import LONGEST_INTERVAL_SECONDS, ServiceSpec
from core.domain.typed import Typist
from core.errors import Refused
from core.i18n import _
from core.operations.lookup import refuse
from core.wording import ERROR_WORDS


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    parser = add_command(commands, "check", _("check a URL once, without a database"), _check)
    parser.add_argument("url", metavar="URL", help=_("an http or https URL"))
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
    base = ServiceSpec("check", args.url, interval_seconds=LONGEST_INTERVAL_SECONDS)
    typist = Typist()
    spec = service_spec(args, base, typist)
    if args.url.startswith("/"):
        raise Refused([Fault("url", "url_form")])
    faults = typist.faults(spec.faults(ClientSpec(_("of this check"))))
    refuse(replace(fault, field="url") if fault.field == "endpoint" else fault for fault in faults)
    return spec


async def _observed(spec: ServiceSpec) -> Observation:
    from core.checks.http import Prober
    from core.clock import SystemClock
    from core.operations.observing import observe

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
