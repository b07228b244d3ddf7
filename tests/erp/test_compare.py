"""Two states of a budget beside each other: what pairs, what differs, and sums that tie."""

from contextlib import contextmanager
from decimal import Decimal
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets import selectors
from budgets import services as budget_services
from erp import services
from erp.compare.states import CHANGED, ONLY_A, ONLY_B, SAME, NoSuchSide, compare
from erp.models import CostCodeLink, ErpCostCode
from projects.models import CostCode
from tests.support.scene import MAIN, SUB, TOTAL, accept, add_line, deliver, modify, post, read, reject, send

CONCRETE, LABOR, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "03-30-00", "L"), (MAIN, "09-68-00", "S")


def edit(scene, key, **values):
    line = scene.lines[key]
    line.refresh_from_db()
    return budget_services.edit_line(
        line, user=scene.dana, now=timezone.now(), version=line.version, values=values
    )


def unlock(scene):
    budget_services.unlock(scene.reload(), user=scene.dana, now=timezone.now())
    scene.reload()


def posted(scene, batch):
    accept(scene, batch)
    deliver(batch)
    post(batch)
    scene.reload()
    return batch


def differing(found):
    return {
        str(row.shown.code): (row.status, row.difference, row.notes)
        for row in found.rows
        if row.status != SAME
    }


def counts(found):
    return {status: sums.count for status, sums in found.by_status.items() if sums.count}


def test_a_re_send_beside_the_rejected_batch_shows_exactly_what_dana_changed(scene):
    reject(scene, send(scene))
    unlock(scene)
    edit(scene, CONCRETE, amount=Decimal("38000.00"))
    send(scene)
    found = compare(scene.budget, "1", "2")
    assert differing(found) == {"26-0288 03-30-00 M": (CHANGED, Decimal("-2000.00"), ())}
    assert (found.a.total, found.b.total, found.ties) == (TOTAL, TOTAL - 2000, True)
    assert counts(found) == {CHANGED: 1, SAME: 5}


def test_a_send_of_modifications_alone_stands_on_what_was_posted_before(scene):
    posted(scene, send(scene))
    modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    posted(scene, send(scene))
    found = compare(scene.budget, "1", "2")
    assert {code: row[1] for code, row in differing(found).items()} == {
        "26-0288 03-30-00 M": Decimal("-500.00"),
        "26-0288 09-68-00 S": Decimal("500.00"),
    }
    assert (found.a.total, found.b.total, found.difference, found.ties) == (TOTAL, TOTAL, 0, True)


def test_a_rejected_modification_counts_in_its_own_batch_and_in_no_later_one(scene):
    posted(scene, send(scene))
    written = modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    reject(scene, send(scene))
    budget_services.void_modification(written, user=scene.dana, now=timezone.now())
    modify(scene, "Other", (LABOR, "-10.00"), (CARPET, "10.00"))
    send(scene)
    assert {code: row[1] for code, row in differing(compare(scene.budget, "2", "3")).items()} == {
        "26-0288 03-30-00 M": Decimal("500.00"),
        "26-0288 03-30-00 L": Decimal("-10.00"),
        "26-0288 09-68-00 S": Decimal("-490.00"),
    }


def test_lines_pair_by_id_when_their_code_is_another_one_now(scene):
    reject(scene, send(scene))
    unlock(scene)
    edit(scene, CONCRETE, cost_code="01-31-00", description="Moved")
    found = compare(scene.budget, "1", "now")
    assert differing(found) == {
        "26-0288 01-31-00 M": (
            CHANGED,
            Decimal("0.00"),
            ("code was 26-0288 03-30-00 M", "description was “”"),
        )
    }
    assert found.ties


def test_lines_of_one_side_alone_are_named(scene):
    reject(scene, send(scene))
    unlock(scene)
    add_line(scene.budget, scene.dana, MAIN, "01-31-00", "O", "7.00")
    there = compare(scene.budget, "1", "now")
    assert differing(there) == {"26-0288 01-31-00 O": (ONLY_B, Decimal("7.00"), ())}
    back = compare(scene.budget, "now", "1")
    assert differing(back) == {"26-0288 01-31-00 O": (ONLY_A, Decimal("-7.00"), ())}
    assert there.ties and back.ties


def test_the_erp_now_is_compared_by_its_own_codes_and_lines_that_are_one_there_are_summed(scene):
    other = CostCodeLink.objects.get(cost_code__code="09-68-00", cost_code__company=scene.company)
    other.erp_cost_code = ErpCostCode.objects.get(connection=scene.connection, code="03-30-00")
    other.save()
    add_line(scene.budget, scene.dana, MAIN, "09-68-00", "M", "100.00")
    send(scene)
    scene.sheet.hold(MAIN, "03-30-00", "2000", "40000.00")
    scene.sheet.hold(MAIN, "01", "1000", "55.00")
    read(scene)
    found = compare(scene.budget, "1", "erp")
    rows = {str(row.shown.code): row for row in found.rows}
    summed = rows["26-0288 03-30-00 M"]
    assert (summed.status, summed.a.amount, summed.b.amount) == (
        CHANGED,
        Decimal("40100.00"),
        Decimal("40000.00"),
    )
    assert summed.notes == ("2 lines summed: 26-0288 03-30-00 M, 26-0288 09-68-00 M",)
    assert str(summed.in_erp) == "26-0288 03-30-00 2000"
    assert (rows["26-0288 01 1000"].status, rows["26-0288 01 1000"].difference) == (ONLY_B, Decimal("55.00"))
    assert rows["26-0288-01 09-68-00 O"].status == SAME, "0.00 here and nothing there"
    assert found.ties
    assert [group.code for group in found.groups] == ["01", "03", "09"]


def test_nothing_that_people_do_later_changes_a_comparison_of_the_past(scene):
    def past():
        found = compare(scene.reload(), "1", "2")
        return [(row.status, row.a, row.b) for row in found.rows], found.a.total, found.b.total

    reject(scene, send(scene))
    unlock(scene)
    edit(scene, CONCRETE, amount=Decimal("38000.00"))
    batch = send(scene)
    before = past()
    posted(scene, batch)
    assert past() == before
    code = CostCode.objects.get(company=scene.company, code="09-68-00")
    CostCode.objects.filter(pk=code.pk).update(code="09-99-99")
    unlock(scene)
    edit(scene, LABOR, amount=Decimal("1.00"), description="Other words")
    add_line(scene.budget, scene.dana, SUB, "01-31-00", "L", "9.00")
    third = send(scene)
    assert past() == before
    services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
    assert past() == before
    assert third.number == 3


def test_a_comparison_takes_the_same_number_of_queries_however_many_sends_there_are(
    scene, django_assert_num_queries
):
    reject(scene, send(scene))
    budget = scene.reload()
    with django_assert_num_queries(7) as few:
        compare(budget, "1", "now")
    for _ in range(3):
        reject(scene, send(scene))
    budget = scene.reload()
    with django_assert_num_queries(len(few)):
        compare(budget, "4", "now")


@pytest.mark.parametrize("key", ["7", "0", "x", "", "-1", "9" * 30, "²"])
def test_a_side_that_does_not_exist_is_refused(scene, key):
    with pytest.raises(NoSuchSide):
        compare(scene.budget, key, "now")


DEEDS = ("edit", "reject", "post", "retrieve")
STORY = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 5), st.integers(1, 9_999)), min_size=1, max_size=4
)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=STORY)
def test_a_and_the_differences_make_b_whatever_people_did(scene, story):
    with _undone():
        for deed, place, cents in story:
            _do(scene, deed, list(scene.lines)[place], list(scene.lines)[place - 1], Decimal(cents) / 100)
        budget = scene.reload()
        names = [*map(str, budget.batches.order_by("number").values_list("number", flat=True)), "now"]
        revised = selectors.totals(budget).revised
        for a, b in product(names, names):
            found = compare(budget, a, b)
            assert found.ties
            assert sum(row.difference for row in found.rows) == found.b.total - found.a.total
            assert b != "now" or found.b.total == revised


def _do(scene, deed, line, other, amount):
    if deed == "edit":
        if scene.reload().state == "locked":
            unlock(scene)
        edit(scene, line, amount=amount)
        return
    if scene.reload().state == "draft":
        budget_services.lock(scene.budget, user=scene.dana, now=timezone.now())
    modify(scene, "x", (line, str(amount)), (other, str(-amount)))
    {"reject": reject, "post": posted, "retrieve": retrieved}[deed](scene, send(scene))


@contextmanager
def _undone():
    """A transaction whose work is thrown away; to the code under test it is the test's own."""
    around = transaction.atomic()
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True)


def retrieved(scene, batch):
    services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
