"""What people are told while an ERP does not answer: on pages, and by mail when it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from erp.mail import notifications
from erp.models import Circuit, Connection, Document, DocumentState
from erp.words import erp_name
from workflow.templatetags.figures import plain_moment

TELL_AFTER = timedelta(minutes=15)  # then the ERP admins are mailed

WAITING = (DocumentState.QUEUED, DocumentState.SENDING, DocumentState.UNCONFIRMED, DocumentState.WITHDRAWING)


@dataclass(frozen=True)
class Silence:
    """An ERP that does not answer. Times are aware; `asks_at` is when Tieback asks next."""

    erp: str
    since: datetime
    asks_at: datetime
    because: str
    waiting: int
    zone: str

    @property
    def sentence(self) -> str:
        """All of it: since when, when Tieback asks again, and that nothing is lost."""
        asks = (
            f"asks again {self._moment(self.asks_at)}" if self.asks_at > timezone.now() else "is asking now"
        )
        number = {0: "", 1: ", 1 document waits"}.get(self.waiting, f", {self.waiting:,} documents wait")
        return f"{self.brief}; Tieback {asks}. Nothing is lost{number}."

    @property
    def brief(self) -> str:
        """Since when it is silent."""
        return f"{self.erp} has not answered since {self._moment(self.since, at='')}"

    def _moment(self, moment: datetime, at: str = "at ") -> str:
        """The time of the day; with its date where that is another one."""
        local, today = moment.astimezone(ZoneInfo(self.zone)), timezone.now().astimezone(ZoneInfo(self.zone))
        if local.date() == today.date():
            return local.strftime(f"{at}%H:%M")
        return f"{'on ' if at else ''}{plain_moment(local)}"


def silence_of(connection: Connection | None) -> Silence | None:
    """This function will say that a connection's ERP does not answer, and since when; None while it does."""
    circuit = _open(connection)
    if connection is None or circuit is None or circuit.silent_since is None or circuit.ask_at is None:
        return None
    company = connection.company
    waiting = Document.objects.filter(batch__budget__project__company=company, state__in=WAITING).count()
    return Silence(
        erp_name(connection),
        circuit.silent_since,
        circuit.ask_at,
        circuit.because,
        waiting,
        company.time_zone,
    )


def _open(connection: Connection | None) -> Circuit | None:
    if connection is None or connection.stopped_at or not connection.enabled:
        return None  # there is something else to say of these
    return Circuit.objects.filter(connection=connection, opened_at__isnull=False).first()


def tell_admins(*, now: datetime) -> int:
    """This function will mail the ERP admins, once, about each ERP that has been silent too long. Returns how many."""
    long_silent = Circuit.objects.filter(
        opened_at__lte=now - TELL_AFTER,
        told_at=None,
        connection__enabled=True,
        connection__stopped_at=None,
    )
    keys = list(long_silent.values_list("pk", flat=True))
    for key in keys:
        with transaction.atomic():
            row = (
                Circuit.objects.select_for_update(of=("self",))
                .select_related("connection__company")
                .get(pk=key)
            )
            if row.opened_at is not None and row.told_at is None:
                row.told_at = now
                row.save(update_fields=["told_at"])
                notifications.tell_admins_of_silence(row.connection, row)
    return len(keys)
