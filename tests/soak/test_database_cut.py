"""PostgreSQL cuts sessions of workers at random moments: no half state, they connect again, each line lands once."""

import random
import time
from collections.abc import Callable

import pytest
from django.db import connection

from erp.models import Document
from tests.support.delivery import assert_books_agree, until
from tests.support.nursery import Nursery
from tests.support.people import People, projects
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.worker import READY

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 120.0  # seconds until everything has come to rest
PACE = {"CMIC_WRITE_TIMEOUT": "5", "CMIC_PROBE_SECONDS": "0,2", "CMIC_CONCURRENCY": "40"}


def cut(dice: random.Random) -> int:
    """End one session of another process on this database, or none where there is none; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' ORDER BY pid"
        )
        sessions = [pid for (pid,) in cursor.fetchall()]
        if not sessions:
            return 0
        cursor.execute("SELECT pg_terminate_backend(%s)", [dice.choice(sessions)])
        return int(cursor.fetchone()[0])


@counts("cuts", short=6, long=300)
def test_sessions_cut_in_the_middle_of_anything_leave_every_line_exactly_once(
    steady_cmic: Simulator,
    nursery: Callable[..., Nursery],
    dice: random.Random,
    figures: Figures,
    cuts: int,
):
    people = People(projects(steady_cmic, 3), dice)
    nursery(**PACE).start(concurrency=2, beat=True).wait_for(READY)
    done = 0
    while done < cuts:
        people.act()
        time.sleep(dice.uniform(0, 0.3))
        done += cut(dice)
    until(people.rest, patience=PATIENCE)
    figures("database sessions cut", cuts=done, documents=Document.objects.count(), batches=people.sent)
    for story in people.stories:
        assert_books_agree(story)
