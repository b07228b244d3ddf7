"""What a batch carries: the first time everything, later only what is new, and never what counts already."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from budgets import services as budget_services
from erp import documents
from erp.delivery import aftercare
from erp.models import CostCodeLink, Document, ErpCostCode
from erp.port import DocumentKind, ErpCompany, ErpDocument, ErpKey, ErpLine, JobStatus
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB

CONCRETE, CARPET, LABOR = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S"), (MAIN, "01-31-00", "L")
NOTHING = (SUB, "09-68-00", "O")
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


def lines_of(batch, kind="original"):
    rows = batch.items.get(kind=kind).lines.select_related("line")
    return {(row.job, row.cost_code, row.cost_type): row for row in rows}


def post(scene, batch):
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)
    scene.reload()


def edit(scene, key, amount):
    """Dana unlocks, changes an original, and locks again."""
    now, line = timezone.now(), scene.lines[key]
    line.refresh_from_db()
    budget_services.unlock(scene.budget, user=scene.dana, now=now)
    budget_services.edit_line(line, user=scene.dana, now=now, version=line.version, values={"amount": amount})
    acts.lock(scene)


# -- the first send ---------------------------------------------------------------------------------------


def test_the_first_send_carries_every_line_also_those_of_nothing(scene):
    rows = lines_of(acts.send(scene))
    assert set(rows) == set(scene.lines)
    assert rows[NOTHING].target == rows[NOTHING].delta == 0
    for key, row in rows.items():
        assert (row.target, row.base, row.delta) == (scene.lines[key].amount, 0, scene.lines[key].amount)


def test_each_modification_is_a_document_of_its_own_behind_the_original(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    acts.modify(scene, "again", (CONCRETE, "-6.00"), (LABOR, "6.00"))
    acts.modify(scene, "only a draft", (CONCRETE, "-7.00"), (LABOR, "7.00"), effective=False)
    items = acts.send(scene).items.all()
    assert [(item.kind, item.title) for item in items] == [
        ("original", "Original budget"),
        ("modification", "Modification 1: buyout"),
        ("modification", "Modification 2: again"),
    ]
    assert items[1].date == items[1].modification.date


def test_a_negative_original_goes_as_it_is(scene):
    line = scene.lines[NOTHING]
    budget_services.edit_line(
        line, user=scene.dana, now=timezone.now(), version=0, values={"amount": "-0.01"}
    )
    assert lines_of(acts.send(scene))[NOTHING].delta == Decimal("-0.01")


def test_an_untouched_second_try_after_a_rejection_carries_the_same_again(scene):
    first = acts.send(scene)
    acts.reject(scene, first)
    second = acts.send(scene)
    assert (second.number, second.round, second.answers) == (2, 2, first)
    amounts = [{key: row.delta for key, row in lines_of(batch).items()} for batch in (first, second)]
    assert amounts[0] == amounts[1]


# -- the next send ----------------------------------------------------------------------------------------


def test_a_resend_carries_the_changed_original_as_a_difference_and_nothing_else(scene):
    post(scene, acts.send(scene))
    edit(scene, CONCRETE, "40000.10")
    batch = acts.send(scene)
    rows = lines_of(batch)
    assert set(rows) == {CONCRETE}
    assert (rows[CONCRETE].base, rows[CONCRETE].target) == (Decimal(40000), Decimal("40000.10"))
    assert rows[CONCRETE].delta == batch.moved == batch.net == Decimal("0.10")
    assert batch.items.get().title == "Changes of the original budget"


def test_a_resend_after_a_posting_carries_only_the_new_modification(scene):
    acts.lock(scene)
    acts.modify(scene, "first", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    post(scene, acts.send(scene))
    acts.modify(scene, "second", (CONCRETE, "-6.00"), (CARPET, "6.00"))
    batch = acts.send(scene)
    assert [item.title for item in batch.items.all()] == ["Modification 2: second"]
    assert (batch.moved, batch.net, batch.lines_changed, batch.round) == (6, 0, 2, 1)


def test_a_new_line_of_nothing_goes_along_with_the_next_change(scene):
    post(scene, acts.send(scene))
    acts.add_line(scene.budget, scene.dana, MAIN, "01-31-00", "O", "0.00")
    edit(scene, CONCRETE, "1.00")
    rows = lines_of(acts.send(scene))
    assert set(rows) == {CONCRETE, (MAIN, "01-31-00", "O")}


def test_bringing_an_amount_back_sends_the_way_back(scene):
    post(scene, acts.send(scene))
    edit(scene, CONCRETE, "1.00")
    post(scene, acts.send(scene))
    edit(scene, CONCRETE, "40000.00")
    row = lines_of(acts.send(scene))[CONCRETE]
    assert (row.base, row.target, row.delta) == (1, 40000, 39999)


def test_a_batch_that_was_not_posted_counts_nothing(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="Owner changed his mind.")
    acts._step(acts.documents(batch)[0], "mark_withdrawn", "mark_withdrawn")
    acts._settle(batch)
    rows = lines_of(acts.send(scene))
    assert set(rows) == set(scene.lines)
    assert all(row.base == 0 for row in rows.values())


# -- a job that has a budget in the ERP already -----------------------------------------------------------


def test_on_a_started_job_the_base_is_what_the_erp_holds_when_it_is_accepted(scene):
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    batch = acts.send(scene)
    acts.accept(scene, batch)
    row = lines_of(batch)[CONCRETE]
    assert (row.before, row.base, row.target, row.delta) == (39000, 39000, 40000, 1000)
    batch.refresh_from_db()
    assert batch.moved == acts.TOTAL - 39000


def test_what_the_erp_holds_is_read_again_at_accept_not_taken_from_the_send(scene):
    scene.sheet.hold(MAIN, "03-30-00", "2000", "1.00")
    acts.lock(scene)
    acts.read(scene)
    batch = acts.send(scene, read_it=False)
    assert lines_of(batch)[CONCRETE].base == 1
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    acts.read(scene)
    acts.accept(scene, batch)
    assert lines_of(batch)[CONCRETE].base == 39000


def test_each_reading_is_written_on_the_lines_of_a_waiting_batch_so_that_they_sum_to_what_the_batch_says(
    scene,
):
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    batch = acts.send(scene, read_it=False)
    for held in ("39000.00", "38000.00"):
        scene.sheet.hold(MAIN, "03-30-00", "2000", held)
        acts.read(scene)
        batch.refresh_from_db()
        rows = lines_of(batch)
        assert (rows[CONCRETE].base, rows[CONCRETE].before) == (Decimal(held), Decimal(held))
        assert sum(row.delta for row in rows.values()) == batch.net == acts.TOTAL - Decimal(held)
        assert not rows[CONCRETE].erp_cost_code  # codes are fixed by Accept alone
    acts.reject(scene, batch)
    scene.sheet.hold(MAIN, "03-30-00", "2000", "1.00")
    acts.read(scene)
    assert lines_of(batch)[CONCRETE].base == 38000  # what the approver saw stays


def test_a_pending_job_that_holds_amounts_is_weighed_by_what_changes_there_too(scene):
    scene.sheet.status = JobStatus.PENDING
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    batch = acts.accept(scene, acts.send(scene))
    row = lines_of(batch)[CONCRETE]
    assert (row.before, row.base, row.target, row.delta) == (39000, 39000, 40000, 1000)


def test_once_something_is_posted_the_base_is_ours_and_not_the_erps(scene):
    post(scene, acts.send(scene))
    scene.sheet.hold(MAIN, "03-30-00", "2000", "12345.00")
    acts.read(scene)
    edit(scene, CONCRETE, "40001.00")
    batch = acts.send(scene)
    acts.accept(scene, batch)
    row = lines_of(batch)[CONCRETE]
    assert (row.before, row.base, row.delta) == (12345, 40000, 1)


def test_a_started_job_that_holds_the_very_amounts_gets_no_write_at_all(scene):
    types = {"L": "1000", "M": "2000", "E": "3000", "S": "4000", "O": "5000"}
    for (job, code, kind), line in scene.lines.items():
        scene.sheet.hold(job, code, types[kind], str(line.amount))
    batch = acts.accept(scene, acts.send(scene))
    document = Document.objects.get(batch=batch)
    assert (document.state, document.posting["note"]) == (
        "posted",
        "nets to zero in the ERP; nothing was written",
    )
    batch.refresh_from_db()
    assert (batch.state, scene.reload().state) == ("posted", "locked")


# -- several of our codes are one of the ERP's ------------------------------------------------------------


def join(scene, ours, theirs):
    link = CostCodeLink.objects.get(cost_code__code=ours, cost_code__company=scene.company)
    link.erp_cost_code = ErpCostCode.objects.get(connection=scene.connection, code=theirs)
    link.save()


def test_lines_that_are_one_code_in_the_erp_share_what_it_holds_once(scene):
    budget_services.add_line(
        scene.budget,
        user=scene.dana,
        now=timezone.now(),
        values={"cost_code": "09-68-00", "cost_type": "M", "amount": "100.00"},
    )
    join(scene, "09-68-00", "03-30-00")
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    batch = acts.accept(scene, acts.send(scene))
    rows = lines_of(batch)
    both = [rows[CONCRETE], rows[MAIN, "09-68-00", "M"]]
    assert {(row.erp_cost_code, row.erp_cost_type) for row in both} == {("03-30-00", "2000")}
    assert [row.before for row in both] == [39000, 0]
    assert sum(row.delta for row in both) == 40000 + 100 - 39000


def test_a_transfer_within_one_code_of_the_erp_is_settled_without_a_write(scene):
    post(scene, acts.send(scene))
    join(scene, "09-68-00", "01-31-00")
    scene.lines["shares"] = acts.add_line(scene.budget, scene.dana, MAIN, "09-68-00", "L", "0.00")
    acts.modify(scene, "inside", (LABOR, "-5.00"), ("shares", "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    states = {d.item.kind: d.state for d in Document.objects.filter(batch=batch)}
    assert states["modification"] == "posted"


# -- the pure rules ---------------------------------------------------------------------------------------


def erp_document(*lines):
    return ErpDocument(
        company=ErpCompany("001"),
        number="TBAAAAAAAAA",
        content_hash="",
        kind=DocumentKind.MODIFICATION,
        job=MAIN,
        title="",
        date=date(2026, 11, 20),
        lines=tuple(
            ErpLine(str(n), ErpKey(MAIN, code, "1000"), "", delta) for n, (code, delta) in enumerate(lines)
        ),
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), AMOUNTS), max_size=8))
def test_a_document_nets_to_nothing_when_no_code_of_the_erp_changes(lines):
    sums = {}
    for code, delta in lines:
        sums[code] = sums.get(code, 0) + delta
    assert documents.nets_to_nothing(erp_document(*lines)) == (set(sums.values()) <= {Decimal(0)})


@given(
    st.dictionaries(st.integers(1, 30), AMOUNTS, max_size=20),
    st.dictionaries(st.integers(1, 30), AMOUNTS, max_size=20),
)
def test_originals_lead_from_what_was_posted_to_what_shall_be(amounts, posted):
    lines = documents.original_lines(amounts.items(), posted)
    after = dict(posted) | {line.line_id: posted.get(line.line_id, Decimal(0)) + line.delta for line in lines}
    assert {key: after.get(key, 0) for key in amounts} == amounts
    if posted:
        untouched = {key for key in amounts if key in posted and posted[key] == amounts[key]}
        assert not untouched & {line.line_id for line in lines}
    else:
        assert [line.line_id for line in lines] == list(amounts)


@given(
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.dictionaries(st.sampled_from("abcdef"), AMOUNTS, max_size=6),
)
def test_the_bases_of_all_lines_add_up_to_what_the_erp_holds_for_their_codes(codes, held):
    keys = {code: ErpKey(MAIN, code, "1000") for code in "abcdef"}
    spread = documents.bases_in_erp(
        ((n, keys[code]) for n, code in enumerate(codes)), {keys[c]: a for c, a in held.items()}
    )
    for code in "abcd":
        total = sum((spread[n] for n, c in enumerate(codes) if c == code), Decimal(0))
        assert total == (held.get(code, Decimal(0)) if code in codes else 0)


def test_a_number_has_the_prefix_and_eight_characters_that_nobody_misreads():
    numbers = {documents.mint_number("TB1") for _ in range(2000)}
    assert len(numbers) == 2000
    for number in numbers:
        assert len(number) == 11
        assert number.startswith("TB1")
        assert not set(number[3:]) & set("ILOU")


def test_the_hash_sees_every_cent_of_what_is_sent():
    def hashed(**changes):
        said = {
            "kind": DocumentKind.ORIGINAL,
            "company": "001",
            "job": MAIN,
            "title": "Original budget",
            "day": date(2026, 11, 20),
            "lines": [["1", "a", "1.00"], ["2", "b", "2.00"]],
        }
        return documents.content_hash(**said | changes)

    same = hashed()
    assert same == hashed()
    for changes in (
        {"kind": DocumentKind.MODIFICATION},
        {"company": "002"},
        {"job": SUB},
        {"title": "Original  budget"},
        {"day": date(2026, 11, 21)},
        {"lines": [["1", "a", "1.01"], ["2", "b", "2.00"]]},
        {"lines": [["2", "b", "2.00"], ["1", "a", "1.00"]]},
    ):
        assert hashed(**changes) != same


@pytest.mark.parametrize("delta", ["0.01", "-0.01"])
def test_a_cent_is_something(delta):
    assert not documents.nets_to_nothing(erp_document(("a", Decimal(delta))))
