"""Making the demo: CMiC's side first, then everything else by the services people use, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from budgets.models import Budget, Hold
from demo import cmic_seed, foresight
from demo.catalog import COMPANY, NAMES, OTHER_COMPANY, OTHER_JOB, SCHOOL, TIME_ZONE
from demo.control import Control
from demo.office import Office
from demo.people import give_roles, hire
from demo.stories import SLOW_SECONDS, STORIES, Calendar, Story
from erp.backends import forget_backends
from erp.models import Connection, ErpReading, ReadingState
from erp.setup import linking
from erp.setup import stopping as connections
from erp.sync import readings
from erp.sync import syncing as sync
from projects.models import Company
from workflow import events
from workflow.models import Event

ALIAS = "cmic"
DONE = "demo_made"  # the action of the event that says the demo is whole
OPENING = timedelta(days=150)  # how long ago the company began to use Tieback
Progress = Callable[[str], None]


class CannotSeed(Exception):
    """The demo cannot be made here: says why and what to do."""


def is_made() -> bool:
    """This function will tell whether the demo is there. Raises CannotSeed where half of it is, or other data."""
    if Event.objects.filter(action=DONE).exists():
        return True
    if not Company.objects.exists():
        return False
    raise CannotSeed(
        "The database holds companies but no finished demo: making it was cut off, or these are your own data. "
        "Start afresh with `make reset`, then `make run`; or use an empty database for the demo."
    )


def make(*, now: datetime, progress: Progress) -> None:
    """This function will make the whole demo as of `now`. Raises CannotSeed, NoSimulator and the ERP's failures."""
    if ALIAS not in settings.ERP_BACKENDS:
        raise CannotSeed("CMIC_BASE_URL is not set; the demo needs the CMiC simulator. `make run` starts it.")
    with Control(settings.ERP_BACKENDS[ALIAS]["OPTIONS"]["base_url"]) as control, at_full_speed(control):
        begin = now - OPENING
        control.tell("reset", **cmic_seed.seed())
        control.tell("switches", throttle=False)
        control.set_clock(begin)
        progress("CMiC holds two companies and their jobs")
        office = _open_house(control, begin)
        progress("jobs, cost codes and cost types are read from CMiC")
        _tell(office, Calendar(now))
        progress("nine budgets are brought into their states")
        control.set_clock(now)
        _close(office, now)


def keep_going() -> None:
    """This function will set the slow answer for Riverside again, which a restarted simulator has forgotten."""
    exporting = Budget.objects.filter(project__jobs__code=SCHOOL.code, hold=Hold.EXPORTING)
    if exporting.exists() and ALIAS in settings.ERP_BACKENDS:
        with Control(settings.ERP_BACKENDS[ALIAS]["OPTIONS"]["base_url"]) as control:
            control.slow_lines(SCHOOL.code, seconds=SLOW_SECONDS)


@contextmanager
def at_full_speed(control: Control) -> Iterator[None]:
    """Let this process, alone with a simulator, ask as fast as it can; afterwards all is as polite as before.

    Commits do not wait for the disk: a power cut leaves a demo without its last event, which says to start afresh.
    """
    with database.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    entry = settings.ERP_BACKENDS[ALIAS]
    forget_backends()
    settings.ERP_BACKENDS[ALIAS] = {
        **entry,
        "OPTIONS": {**entry["OPTIONS"], "requests_per_second": 5000.0, "redis_url": None},
    }
    try:
        yield
    finally:
        settings.ERP_BACKENDS[ALIAS] = entry
        forget_backends()
        with database.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
        control.tell("switches", throttle=True)


def _open_house(control: Control, now: datetime) -> Office:
    """Open the companies, hire the people, verify and read CMiC, and confirm the cost types."""
    made = {
        code: linking.open_company(
            code=code, name=name, currency="USD", alias=ALIAS, erp_company=code, time_zone=TIME_ZONE
        )
        for code, name in NAMES.items()
    }
    people = hire({code: connection.company for code, connection in made.items()})
    for code, connection in made.items():
        admin = people["jonas"] if code == COMPANY else people["olga"]
        # Changes of originals of started jobs go to CMiC as PCIs of class Original: on in the demo.
        connection.originals_on_started_jobs = True
        connection.save(update_fields=["originals_on_started_jobs"])
        sync.sync_company(connection, now=now)
        missing = connections.verify(connection, user=admin, now=now)
        if missing:
            raise CannotSeed(" ".join(missing))
        linking.confirm_cost_types(connection, user=admin, now=now)
    _link_other(made[OTHER_COMPANY], people, now)
    return Office(Connection.objects.get(company__code=COMPANY), people, control)


def _link_other(connection: Connection, people: dict[str, Any], now: datetime) -> None:
    project = linking.link_project(
        connection, OTHER_JOB.code, user=people["olga"], now=now, name=OTHER_JOB.name
    )
    give_roles(project, people, job=OTHER_JOB.code)


def _tell(office: Office, calendar: Calendar) -> None:
    """Tell all stories at once, moment by moment, so that every trail is in the order of time."""
    order = count()
    waiting: list[tuple[datetime, int, Story]] = []
    for story in STORIES:
        told = story(office, calendar)
        heapq.heappush(waiting, (next(told), next(order), told))
    while waiting:
        moment, _, told = heapq.heappop(waiting)
        office.control.set_clock(moment)
        try:
            heapq.heappush(waiting, (told.send(moment), next(order), told))
        except StopIteration:
            continue


def _close(office: Office, now: datetime) -> None:
    """Let CMiC have its invoices, read it once more, as of today, and note that the demo is whole."""
    office.control.tell("seed", costs=cmic_seed.costs(now.date()))
    for connection in Connection.objects.select_related("company").order_by("company__code"):
        sync.sync_company(connection, now=now)
        connections.verify(connection, user=None, now=now)
    for reading in ErpReading.objects.filter(state=ReadingState.ASKED).select_related(
        "budget__project__company"
    ):
        readings.make(reading, now=now)
    foresight.look_ahead(office, now=now)
    with transaction.atomic():
        events.record(
            chain=office.connection.company_id,
            at=now,
            actor=None,
            action=DONE,
            about=[office.connection],
            sentence="Made the demo",
        )
