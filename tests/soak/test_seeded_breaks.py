"""Amounts changed in CMiC behind everybody's back: the reconciliation names each with both values, and nothing else."""

import random
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.files import spreadsheets
from budgets.importing.loading import import_rows
from budgets.states import state_of
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation.balance_reads import balance_of
from erp.sync import readings
from tests.support.delivery import assert_books_agree
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import CATEGORIES, JOB, Story, begin_all, cmic_holds
from workflow.events import events_about

pytestmark = pytest.mark.django_db(transaction=True)

LINES_A_BREAK = 50  # so many lines for each that is changed
LETTERS = dict(zip(CATEGORIES, "LSEMO", strict=True))
Place = tuple[str, str]  # phase and category


def held_already(dice: random.Random, lines: int) -> dict[Place, Decimal]:
    """What CMiC holds: five categories of as many phases as it takes, from cents to millions."""
    phases = [f"{number:05}" for number in range(lines // len(CATEGORIES))]
    return {
        (phase, category): Decimal(dice.randint(-(10**4), 10**9)) / 100
        for phase in phases
        for category in CATEGORIES
    }


def posted_budget(simulator: Simulator, held: dict[Place, Decimal]) -> Story:
    """A budget that equals what CMiC holds: once accepted it counts as posted, and no call was needed."""
    seed = cmic_holds(status="I")
    seed["phases"] += [
        {"company": "001", "code": phase, "control": "ALL", "name": f"Phase {phase}"}
        for phase in sorted({phase for phase, _ in held})
    ]
    seed["budget"] = [
        {"company": "001", "job": JOB, "phase": phase, "category": category, "original": str(amount)}
        for (phase, category), amount in held.items()
    ]
    [story] = begin_all(simulator, seed, JOB)
    file = "job,cost_code,cost_type,amount\n" + "\n".join(
        f"{JOB},{phase},{LETTERS[category]},{amount}" for (phase, category), amount in held.items()
    )
    sheet = spreadsheets.read(data=file.encode())
    import_rows(story.budget, user=story.dana, now=timezone.now(), sheet=sheet, source="lines.csv")
    story.reload()
    story.lock()
    story.accept(story.send())
    assert state_of(story.reload()).code == "posted"
    return story


def read(story: Story) -> list[reconciliation.Drift]:
    """A worker reads CMiC; return what differs."""
    readings.ask(story.budget, now=timezone.now())
    reading = story.read()
    return reconciliation.compare(story.reload(), reading)


def change(story: Story, place: Place, amount: Decimal) -> None:
    """Somebody sets the current budget past all rules."""
    phase, category = place
    story.simulator.accountant(
        "set_budget", company="001", job=JOB, phase=phase, category=category, current=str(amount)
    )


def changed(dice: random.Random, amount: Decimal) -> Decimal:
    """Another amount: a cent off, sign turned, taken out altogether, or anything."""
    other = dice.choice(
        [
            amount + Decimal("0.01"),
            amount - Decimal("0.01"),
            -amount,
            Decimal(0),
            amount + dice.randint(1, 10**6),
        ]
    )
    return other if other != amount else amount + 1


@counts("breaks", short=20, long=200)
def test_every_seeded_break_is_reported_with_both_values_and_no_other(
    cmic: Simulator, dice: random.Random, figures: Figures, breaks: int
):
    held = held_already(dice, breaks * LINES_A_BREAK)
    story = posted_budget(cmic, held)
    assert read(story) == []
    broken = {place: changed(dice, held[place]) for place in dice.sample(sorted(held), breaks)}
    for place, amount in broken.items():
        change(story, place, amount)
    only_there = {"company": "001", "job": JOB, "phase": "01-31-00", "category": "5000", "original": "77.00"}
    cmic.seed({"budget": [only_there]})

    found = {(d.key.cost_code, d.key.cost_type): (d.posted, d.in_erp) for d in read(story)}
    wanted = {place: (held[place], amount) for place, amount in broken.items()}
    figures(
        "seeded breaks",
        lines=len(held),
        breaks=breaks,
        found=len(found.keys() & wanted.keys()),
        false=len(found.keys() - wanted.keys()),
    )
    assert found == wanted
    told = events_about(story.budget).filter(action="compare").get()
    lines = {
        (code, kind): (Decimal(posted), Decimal(there)) for _, code, kind, posted, there in told.data["lines"]
    }
    assert lines == wanted
    assert state_of(story.reload()).words == f"Differs from CMiC by {breaks} lines"

    _, balance = balance_of(story.budget)
    laid_out = {(r.key.cost_code, r.key.cost_type): (r.posted, r.in_erp) for r in balance.to_decide}  # type: ignore[union-attr]
    assert laid_out == wanted
    assert {cause.value: one.count for cause, one in balance.causes.items()} == {
        "edited": breaks,
        "only_there": 1,
    }
    assert balance.ties

    kept = dice.sample(sorted(broken), breaks // 2)
    for place in broken.keys() - set(kept):
        change(story, place, held[place])
    assert {(d.key.cost_code, d.key.cost_type) for d in read(story)} == set(kept)
    for place in kept:
        change(story, place, held[place])
    assert read(story) == []
    assert state_of(story.reload()).code == "posted"
    assert balance_of(story.budget)[1].in_balance
    assert_books_agree(story)
