"""Who watches, who leads, whether the database is there: what the console knows of Ronda itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.i18n import _, ngettext
from core.operations.health import leader_of
from tui import formatting


class Weight(StrEnum):
    """How loudly a notice speaks; also the CSS class and the palette's field."""

    BAD = "down"
    WARNING = "degraded"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence that every place shows until it is no longer true."""

    text: str
    weight: Weight


@dataclass(frozen=True, slots=True)
class Watch:
    """What was last heard of the processes on this database, and of the database."""

    workers: tuple[WorkerReport, ...] = ()
    own_id: str = ""
    heard: bool = False
    """False until the first report: until then nothing is said about who leads."""
    offline_since: datetime | None = None
    offline_detail: str = ""
    key_matches: bool = True

    @property
    def leader(self) -> WorkerReport | None:
        """The process that runs the checks."""
        return leader_of(self.workers)

    @property
    def leads_here(self) -> bool:
        """Whether this console runs the checks."""
        return self.leader is not None and self.leader.id == self.own_id

    def is_ours(self, worker: WorkerReport) -> bool:
        """Whether a process ends with this console: it is this one, or an agent that this one started."""
        return self.own_id in (worker.id, worker.ends_with)

    @property
    def agent_runs(self) -> bool:
        """Whether a process without a screen would go on when every console is closed."""
        agents = (worker for worker in self.workers if worker.kind is WorkerKind.AGENT)
        return any(agent.can_lead and not agent.ends_with for agent in agents)

    @property
    def last_watcher(self) -> bool:
        """Whether checks stop when this console closes."""
        others = any(worker.can_lead for worker in self.workers if not self.is_ours(worker))
        return self.leader is not None and self.is_ours(self.leader) and not others

    @property
    def health(self) -> RoundHealth:
        """How the round goes, wherever it runs."""
        return self.leader.health if self.leader else RoundHealth()

    @property
    def messages_text(self) -> str:
        """Say how many messages were given up, or else wait; empty: all are delivered."""
        failed, waiting = self.health.messages_failed, self.health.messages_waiting
        if failed:
            text = ngettext("{count} message failed", "{count} messages failed", failed)
            return text.format(count=f"{failed:,}")
        if waiting:
            text = ngettext("{count} message waits", "{count} messages wait", waiting)
            return text.format(count=f"{waiting:,}")
        return ""

    def notice(self, services: int) -> Notice | None:
        """Give what must be said at the top of every place; the most pressing thing only."""
        if self.offline_since is not None:
            return Notice(self._offline_text(self.offline_since), Weight.BAD)
        if not self.key_matches:
            text = _(
                "the secret key of this console does not open this database: it may show, not check; "
                "set RONDA_SECRET_KEY to the key that the other processes have"
            )
            return Notice(text, Weight.WARNING)
        if self.heard and self.leader is None and services:
            return Notice(_("no worker: nothing is being checked"), Weight.BAD)
        if self.health.blind_since is not None:
            text = _("blind since {time}: our own line is down; what cannot be reached is not judged")
            return Notice(text.format(time=formatting.local_time(self.health.blind_since)), Weight.BAD)
        return None

    def _offline_text(self, since: datetime) -> str:
        text = _("database away since {time}").format(time=formatting.local_time(since, seconds=True))
        if self.health.waiting:
            count = self.health.waiting
            waits = ngettext("{count} result waits", "{count} results wait", count)
            text += ": " + waits.format(count=f"{count:,}")
        return f"{text} · {formatting.safe(self.offline_detail)}" if self.offline_detail else text
