"""Duty 5, unknown outcome: nothing is sent again before looking, and the end is each line exactly once.

A write is cut, and then the outbox's part is played: find, and push what is missing. Every write with every fault is
cut in matrix/.
"""

from collections.abc import Callable
from typing import Any

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, ErpRefused, ErpUnavailable, ErpUnconfirmed, PostingState, Receipt
from tests.cmic_adapter.support import (
    COMPANY,
    PENDING,
    PENDING_SUB,
    STARTED,
    Diary,
    Tenant,
    change,
    entered,
    line,
    money,
    original,
)

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)
TRANSFER_LINES = [
    (STARTED, "01-100", "L", money(-250)),
    (STARTED, "02-100", "M", money(150)),
    (STARTED, "03-100", "E", money(100)),
]
TRANSFER_WRITES = 6  # header, one assignment, three lines, ready
BUDGET = original(
    entered("01-100", "L", "100.10", before="70"),
    entered("02-100", "M", "9999999999999.99"),
    entered("01-100", "L", "-0.01", job=PENDING_SUB),
)
BUDGET_WRITES = 5  # two assignments, three amounts
AFTER_COMMIT = ["reset_after_commit", "hang_after_commit", "error500_after_commit"]
WRITES = ["POST", "PATCH", "DELETE"]


Cut = Callable[..., ErpDocument]


@pytest.fixture
def cut(cmic: CmicBackend, impatient: CmicBackend, tenant: Tenant) -> Cut:
    """Pushes with the nth write cut, sees that it is unconfirmed and was the last thing sent, and mends
    the line. Returns the document as it stands then."""

    def push(document: ErpDocument, fault: str, nth: int, **given: Any) -> ErpDocument:
        tenant.forget_calls()
        tenant.fault(fault, match={"method": WRITES, "nth": nth}, **given)
        diary = Diary()
        with pytest.raises(ErpUnconfirmed) as unconfirmed:
            (impatient if "hang" in (fault[:4], given.get("then")) else cmic).push(document, diary)
        assert len(tenant.writes()) == nth == len(diary.before_calls)
        assert unconfirmed.value.step == diary.steps[-1]
        assert diary.after_calls[-1]["outcome"] == "unconfirmed"
        tenant.no_faults()
        return diary.of(document)

    return push


def finish(cmic: CmicBackend, document: ErpDocument, *, tries: int = 4) -> Receipt:
    """What the outbox does: find; where it is not whole, push again; nothing a person must do."""
    for _ in range(tries):
        found = cmic.find(document)
        if found is not None:
            return found
        diary = Diary()
        try:
            return cmic.push(document, diary)
        except (ErpUnconfirmed, ErpUnavailable):
            document = diary.of(document)
    raise AssertionError("the document was never finished")


def assert_one_transfer(tenant: Tenant) -> None:
    [pci] = tenant.pcis()
    assert pci["status"] == "APPR"
    assert tenant.lines() == TRANSFER_LINES


def assert_budget_entered(tenant: Tenant) -> None:
    assert tenant.originals(PENDING) == {
        ("01-100", "L"): money("100.10"),
        ("02-100", "M"): money("9999999999999.99"),
    }
    assert tenant.originals(PENDING_SUB) == {("01-100", "L"): money("-0.01")}
    assert tenant.pcis() == []


@pytest.mark.parametrize("fault", ["reset_after_commit", "bad_json", "reset_before"])
@pytest.mark.parametrize("nth", range(1, TRANSFER_WRITES + 1))
def test_a_change_cut_at_any_write_ends_as_one_document_with_each_line_once(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, fault: str, nth: int
):
    document = cut(TRANSFER, fault, nth)
    if nth < TRANSFER_WRITES:
        assert cmic.find(document) is None
        assert all(pci["status"] == "PPEND" for pci in tenant.pcis())
    finish(cmic, document)
    assert_one_transfer(tenant)


@pytest.mark.parametrize("fault", [*AFTER_COMMIT, "truncate_after_commit"])
def test_the_last_write_needs_no_other_when_it_had_landed(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, fault: str
):
    document = cut(TRANSFER, fault, TRANSFER_WRITES)
    tenant.forget_calls()
    assert cmic.find(document) is not None
    assert cmic.push(document, Diary()).lines == 3
    assert tenant.writes() == []


@pytest.mark.parametrize("then", ["reset", "500"])
@pytest.mark.parametrize("nth", range(1, TRANSFER_WRITES + 1))
def test_a_write_that_lands_after_we_gave_up_and_before_we_look_is_found(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, nth: int, then: str
):
    document = cut(TRANSFER, "late_commit", nth, seconds=30, then=then)
    tenant.later(60)
    finish(cmic, document)
    assert_one_transfer(tenant)


@pytest.mark.parametrize("nth", range(1, TRANSFER_WRITES + 1))
def test_a_write_that_lands_after_we_wrote_it_again_is_taken_out_again(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, nth: int
):
    document = cut(TRANSFER, "late_commit", nth, seconds=3600, then="reset")
    finish(cmic, document)
    tenant.later(3600)
    finish(cmic, document)
    assert_one_transfer(tenant)


@pytest.mark.parametrize("nth", [3, 4, 5])
def test_a_line_that_lands_while_the_rest_is_being_written_is_taken_out_before_it_is_approved(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, nth: int
):
    document = cut(TRANSFER, "late_commit", nth, seconds=3600, then="reset")

    class Meanwhile(Diary):
        def after(self, **told) -> None:
            super().after(**told)
            if self.steps[-1].startswith("line:"):
                tenant.later(3600)

    diary = Meanwhile()
    cmic.push(document, diary)
    assert [step.partition(":")[0] for step in diary.steps[-2:]] == ["surplus", "ready"]
    assert_one_transfer(tenant)


@pytest.mark.parametrize("fault", AFTER_COMMIT + ["late_commit", "reset_before"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_the_repair_of_a_doubled_line_may_itself_be_cut_anywhere(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, fault: str, nth: int
):
    document = cut(TRANSFER, "late_commit", 4, seconds=3600, then="reset")
    finish(cmic, document)
    tenant.later(3600)
    cut(
        document, fault, nth, **({"then": "reset"} if fault == "late_commit" else {})
    )  # staging, surplus, ready
    assert cmic.find(document) is None or nth == 3
    tenant.later(60)
    finish(cmic, document)
    assert_one_transfer(tenant)


@pytest.mark.parametrize("fault", ["reset_after_commit", "503_html"])
@pytest.mark.parametrize("nth", range(1, BUDGET_WRITES + 1))
def test_an_original_budget_cut_at_any_write_ends_with_exactly_its_amounts(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, fault: str, nth: int
):
    document = cut(BUDGET, fault, nth)
    assert document.route == "enter_budget"
    finish(cmic, document)
    assert_budget_entered(tenant)


@pytest.mark.parametrize("wait", [0, 60])
@pytest.mark.parametrize("nth", range(1, BUDGET_WRITES + 1))
def test_an_amount_that_lands_late_changes_nothing(
    tenant: Tenant, cmic: CmicBackend, cut: Cut, nth: int, wait: int
):
    document = cut(BUDGET, "late_commit", nth, seconds=30, then="500")
    tenant.later(wait)
    finish(cmic, document)
    tenant.later(60)
    finish(cmic, document)
    assert_budget_entered(tenant)


@pytest.mark.parametrize("status", [400, 200, 409])
def test_a_repeat_that_cmic_did_not_process_is_no_answer(
    tenant: Tenant, cmic: CmicBackend, monkeypatch: pytest.MonkeyPatch, status: int
):
    tenant.switch(request_id_repeat_status=status)

    class Always:
        hex = "0" * 32

    monkeypatch.setattr("cmic_adapter.client.uuid.uuid4", lambda: Always)
    with pytest.raises(ErpUnconfirmed, match="duplicate request"):
        cmic.push(TRANSFER, Diary())


def test_a_stale_list_is_not_taken_for_an_empty_one(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("stale_read", times=None, match={"resource": ["cmmast", "cmdetail"]})
    with pytest.raises(ErpUnconfirmed) as unconfirmed:
        cmic.push(TRANSFER, Diary())
    assert unconfirmed.value.step == "verify"
    with pytest.raises(ErpUnavailable, match="exists but does not show it"):
        cmic.push(TRANSFER, Diary())
    tenant.no_faults()
    finish(cmic, TRANSFER)
    assert_one_transfer(tenant)


def test_two_workers_on_one_document_make_one_change_item(tenant: Tenant, make_backend):
    first, second = make_backend(), make_backend()

    class Overtaken(Diary):
        def before(self, **told: str) -> None:
            super().before(**told)
            if told["step"] == "header":
                second.push(TRANSFER, Diary())

    assert first.push(TRANSFER, Overtaken()).lines == 3
    assert_one_transfer(tenant)


def test_where_cmic_numbers_itself_a_lost_answer_makes_no_second_change_item(
    tenant: Tenant, cmic: CmicBackend, cut: Cut
):
    tenant.switch(auto_numbering=[COMPANY])
    document = cut(TRANSFER, "reset_after_commit", 1)
    assert document.erp_number == ""
    assert finish(cmic, document).erp_number == "COT0001"
    assert_one_transfer(tenant)


def test_a_document_that_is_there_twice_is_for_a_person(tenant: Tenant, cmic: CmicBackend, cut: Cut):
    tenant.switch(auto_numbering=[COMPANY])
    document = cut(TRANSFER, "late_commit", 1, seconds=3600, then="reset")
    assert finish(cmic, document).erp_number == "COT0001"
    tenant.later(3600)
    assert {pci["code"]: len(pci["lines"]) for pci in tenant.pcis()} == {"COT0001": 3, "COT0002": 0}
    assert cmic.find(document) is None
    assert cmic.postings([document])[0].state is PostingState.INDETERMINATE
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert [f.code for f in refused.value.findings] == ["found_twice"]


class Killed(BaseException):
    """The worker is no more."""


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("nth", range(TRANSFER_WRITES))
@pytest.mark.parametrize("document", [TRANSFER, BUDGET], ids=["change", "budget"])
def test_a_worker_killed_before_or_after_any_write_leaves_nothing_to_a_person(
    tenant: Tenant, cmic: CmicBackend, document: ErpDocument, nth: int, sent: bool
):
    class Deadly(Diary):
        def before(self, **told: str) -> None:
            super().before(**told)
            if len(self.steps) > nth and not sent:
                raise Killed

        def after(self, **told: Any) -> None:
            super().after(**told)
            if len(self.steps) > nth and sent:
                raise Killed

    diary = Deadly()
    if nth < (TRANSFER_WRITES if document is TRANSFER else BUDGET_WRITES):
        with pytest.raises(Killed):
            cmic.push(document, diary)
    finish(cmic, diary.of(document))
    (assert_one_transfer if document is TRANSFER else assert_budget_entered)(tenant)


def test_rounded_amounts_are_seen_and_never_approved(tenant: Tenant, cmic: CmicBackend):
    document = change(line("01-100", "L", "-0.30"), line("02-100", "M", "0.30"))
    tenant.fault("round_amounts", times=None, match={"method": "POST"})
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert {f.code for f in refused.value.findings} == {"amount_differs"}
    assert tenant.pcis()[0]["status"] == "PPEND"


def test_a_shortened_code_in_an_answer_is_not_taken_for_ours(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    tenant.fault("truncate_strings", times=None, match={"method": "GET", "resource": "cmmast"}, length=5)
    tenant.forget_calls()
    with pytest.raises(ErpUnavailable):
        cmic.push(TRANSFER, Diary())
    assert tenant.writes() == []


def test_the_adapter_never_waits_out_an_unknown_outcome_itself(
    tenant: Tenant, make_backend: Callable[..., CmicBackend], monkeypatch: pytest.MonkeyPatch
):
    cmic = make_backend(probe_seconds=[0, 5, 9])
    assert cmic.probe_seconds == (0, 5, 9)
    slept: list[float] = []
    monkeypatch.setattr("cmic_adapter.client.time.sleep", slept.append)
    tenant.fault("reset_after_commit", match={"method": WRITES})
    with pytest.raises(ErpUnconfirmed):
        cmic.push(TRANSFER, Diary())
    assert cmic.find(TRANSFER) is None
    assert sum(slept) < 1


def test_a_line_that_is_there_twice_by_somebodys_hand_with_another_amount_is_for_a_person(
    tenant: Tenant, cmic: CmicBackend, cut: Cut
):
    document = cut(TRANSFER, "late_commit", 4, seconds=3600, then="reset")
    finish(cmic, document)
    place = {"company": COMPANY, "job": STARTED, "code": document.number}
    tenant.ask("edit_amount", {**place, "phase": "02-100", "category": "M", "amount": 151})
    tenant.later(3600)
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert {finding.code for finding in refused.value.findings} == {"amount_differs"}
    assert len(tenant.lines()) == 4
