"""An auditor walks the chain: whatever was touched behind the application's back is named."""

from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from workflow import events
from workflow.models import ChainHead, Event


@pytest.fixture
def trail(db):
    """Two chains of five events."""
    for chain in (1, 2):
        for number in range(5):
            with transaction.atomic():
                events.record(chain=chain, at=timezone.now(), actor=None, action=f"act-{number}", about=[])


def verify(*words: str) -> tuple[str, int]:
    said = StringIO()
    try:
        call_command("verify_events", *words, stdout=said, stderr=said, no_color=True)
    except CommandError as problem:
        return said.getvalue() + str(problem), problem.returncode
    return said.getvalue(), 0


def test_an_untouched_trail_holds(trail):
    said, code = verify()
    assert said.splitlines() == ["Chain 1: 5 events hold.", "Chain 2: 5 events hold."]
    assert code == 0


@pytest.mark.parametrize(
    "change", [{"note": "never said"}, {"at": "2020-01-01T00:00Z"}, {"actor": "Somebody"}]
)
def test_a_changed_entry_is_named(trail, change):
    with pgtrigger.ignore("workflow.Event:append_only"):
        Event.objects.filter(chain=2, seq=3).update(**change)
    said, code = verify()
    assert "Chain 1: 5 events hold." in said and "Chain 2: 2 events hold, then entry 3 does not" in said
    assert code == 1
    assert verify("--chain", "1")[1] == 0


@pytest.mark.parametrize(("gone", "named"), [(2, 3), (5, 4)])
def test_a_missing_entry_is_found_also_at_the_end(trail, gone, named):
    with pgtrigger.ignore("workflow.Event:append_only"):
        Event.objects.filter(chain=1, seq=gone).delete()
    said, code = verify()
    assert f"then entry {named} does not" in said and code == 1


def test_a_chain_emptied_altogether_is_found(trail):
    with pgtrigger.ignore("workflow.Event:append_only"):
        Event.objects.filter(chain=1).delete()
    said, code = verify()
    assert "Chain 1: 0 events hold, then entry 1 does not: it is missing" in said and code == 1


def test_a_head_taken_away_is_found(trail):
    ChainHead.objects.filter(chain=1).delete()
    assert verify()[1] == 1


def test_no_events_are_no_error(db):
    assert verify() == ("No events yet.\n", 0)
