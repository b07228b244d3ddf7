"""An unposted document is taken out of CMiC again; a posted one stays."""

from dataclasses import replace

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, ErpRefused, ErpUnavailable, ErpUnconfirmed, PostingState, WithdrawState
from tests.cmic_adapter.support import (
    COMPANY,
    PENDING,
    STARTED,
    Diary,
    Tenant,
    change,
    entered,
    line,
    money,
    original,
)

TRANSFER = change(line("01-100", "L", "-250"), line("02-100", "M", "250"))
BUDGET = original(entered("01-100", "L", "80", before="70"), entered("02-100", "M", "5"))
PLACE = {"company": COMPANY, "job": STARTED, "code": TRANSFER.number}


def deliver(cmic: CmicBackend, document: ErpDocument) -> ErpDocument:
    diary = Diary()
    cmic.push(document, diary)
    return diary.of(document)


@pytest.mark.parametrize("header_delete", ["refuse", "cascade"])
def test_a_waiting_change_is_set_back_emptied_and_deleted_in_that_order(
    tenant: Tenant, cmic: CmicBackend, header_delete: str
):
    tenant.switch(header_delete=header_delete)
    document, diary = deliver(cmic, TRANSFER), Diary()
    assert cmic.withdraw(document, diary).state is WithdrawState.WITHDRAWN
    assert diary.steps == [
        "staging",
        "remove_line:01-100/L@2401",
        "remove_line:02-100/M@2401",
        "remove_header",
    ]
    assert (tenant.pcis(), tenant.lines()) == ([], [])


def test_withdrawing_twice_writes_nothing_more(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, TRANSFER)
    cmic.withdraw(document, Diary())
    tenant.forget_calls()
    assert cmic.withdraw(document, Diary()).state is WithdrawState.WITHDRAWN
    assert tenant.writes() == []


@pytest.mark.parametrize(
    ("given", "resources"), [(TRANSFER, ["cmmast", "cmdetail"]), (BUDGET, ["jcjobcategory"])]
)
def test_what_cmic_still_shows_is_not_told_as_taken_out(
    tenant: Tenant, cmic: CmicBackend, given: ErpDocument, resources: list[str]
):
    document = deliver(cmic, given)
    tenant.fault("stale_read", times=None, match={"resource": resources})
    with pytest.raises(ErpUnconfirmed) as unconfirmed:
        cmic.withdraw(document, Diary())
    assert unconfirmed.value.step == "verify"
    tenant.no_faults()
    assert cmic.withdraw(document, Diary()).state is WithdrawState.WITHDRAWN


def test_a_posted_change_stays_and_says_so(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, TRANSFER)
    tenant.post(document.number)
    tenant.forget_calls()
    outcome = cmic.withdraw(document, Diary())
    assert outcome.state is WithdrawState.POSTED
    assert outcome.posting is not None and outcome.posting.state is PostingState.POSTED
    assert tenant.writes() == []


def test_a_change_posted_in_the_middle_of_the_withdrawal_stays(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, TRANSFER)

    class Accountant(Diary):
        def before(self, **told: str) -> None:
            if told["step"] == "staging":
                tenant.post(document.number)
            super().before(**told)

    assert cmic.withdraw(document, Accountant()).state is WithdrawState.POSTED
    assert len(tenant.lines()) == 2


def test_a_line_somebody_added_is_for_a_person(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, TRANSFER)
    smaller = replace(document, lines=document.lines[:1])
    assert cmic.withdraw(smaller, Diary()).state is WithdrawState.CONFLICT
    assert len(tenant.lines()) == 2


@pytest.mark.parametrize("amounts", [(-300, 250), (-300, 300)])
def test_an_amount_an_accountant_edited_is_a_conflict_and_nothing_is_deleted(
    tenant: Tenant, cmic: CmicBackend, amounts: tuple[int, int]
):
    document = deliver(cmic, TRANSFER)
    for (cost_code, cost_type), amount in zip([("01-100", "L"), ("02-100", "M")], amounts, strict=True):
        tenant.ask("edit_amount", {**PLACE, "phase": cost_code, "category": cost_type, "amount": amount})
    tenant.forget_calls()
    outcome = cmic.withdraw(document, Diary())
    assert outcome.state is WithdrawState.CONFLICT
    assert "CMiC has -300 for 01-100/L@2401, we sent -250" in outcome.note
    assert tenant.writes() == []
    assert tenant.pcis()[0]["status"] == "APPR"


def test_an_amount_edited_until_it_was_set_back_is_a_conflict_and_nothing_is_deleted(
    tenant: Tenant, cmic: CmicBackend
):
    document = deliver(cmic, TRANSFER)

    class Accountant(Diary):
        def before(self, **told: str) -> None:
            if told["step"] == "staging":
                tenant.ask("edit_amount", {**PLACE, "phase": "01-100", "category": "L", "amount": -9})
            super().before(**told)

    diary = Accountant()
    assert cmic.withdraw(document, diary).state is WithdrawState.CONFLICT
    assert diary.steps == ["staging"]
    assert len(tenant.lines()) == 2


def test_lines_whose_header_is_not_shown_are_not_deleted_from_under_it(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("stale_read", times=None, match={"resource": "cmmast"})
    with pytest.raises(ErpUnconfirmed):
        cmic.push(TRANSFER, Diary())
    tenant.forget_calls()
    with pytest.raises(ErpUnavailable, match="not its header"):
        cmic.withdraw(replace(TRANSFER, route="pci_transfer"), Diary())
    assert tenant.writes() == []


def test_somebody_elses_change_item_is_not_deleted(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, TRANSFER)
    assert cmic.withdraw(replace(document, content_hash="f" * 64), Diary()).state is WithdrawState.CONFLICT
    assert len(tenant.pcis()) == 1


def test_an_entered_budget_gets_its_former_amounts_back(tenant: Tenant, cmic: CmicBackend):
    document, diary = deliver(cmic, BUDGET), Diary()
    assert cmic.withdraw(document, diary).state is WithdrawState.WITHDRAWN
    assert diary.steps == ["restore:01-100/L@2402", "restore:02-100/M@2402"]
    assert tenant.originals(PENDING) == {("01-100", "L"): money(70), ("02-100", "M"): money(0)}
    tenant.forget_calls()
    assert cmic.withdraw(document, Diary()).state is WithdrawState.WITHDRAWN
    assert tenant.writes() == []


def test_an_amount_somebody_changed_is_left_and_is_a_conflict(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, BUDGET)
    tenant.ask(
        "set_budget", {"company": COMPANY, "job": PENDING, "phase": "02-100", "category": "M", "original": 6}
    )
    outcome = cmic.withdraw(document, Diary())
    assert outcome.state is WithdrawState.CONFLICT and "02-100/M@2402" in outcome.note
    assert tenant.originals(PENDING) == {("01-100", "L"): money(70), ("02-100", "M"): money(6)}


def test_a_started_jobs_budget_counts_and_is_not_touched(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, BUDGET)
    tenant.start(PENDING)
    tenant.forget_calls()
    assert cmic.withdraw(document, Diary()).state is WithdrawState.POSTED
    assert tenant.writes() == []


def test_a_started_jobs_budget_with_other_amounts_is_a_conflict(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, BUDGET)
    tenant.ask(
        "set_budget", {"company": COMPANY, "job": PENDING, "phase": "02-100", "category": "M", "original": 6}
    )
    tenant.start(PENDING)
    outcome = cmic.withdraw(document, Diary())
    assert outcome.state is WithdrawState.CONFLICT
    assert outcome.posting is not None and len(outcome.posting.differences) == 1


@pytest.mark.parametrize(("document", "job"), [(TRANSFER, STARTED), (BUDGET, PENDING)])
def test_what_we_may_not_see_is_not_taken_for_withdrawn(
    tenant: Tenant, cmic: CmicBackend, document: ErpDocument, job: str
):
    document = deliver(cmic, document)
    tenant.ask("hide_job", {"company": COMPANY, "job": job})
    with pytest.raises(ErpRefused) as refused:
        cmic.withdraw(document, Diary())
    assert {f.code for f in refused.value.findings} == {"job_not_visible"}


def cut(tenant: Tenant, fault: str, nth: int) -> None:
    """Let the nth write of the withdrawal meet a fault; a late commit resets the connection at once."""
    then: dict = {"then": "reset"} if fault == "late_commit" else {}
    tenant.fault(fault, match={"nth": nth, "method": ["PATCH", "DELETE"]}, **then)


FAULTS = ["reset_after_commit", "late_commit"]  # all of them, at every write: matrix/


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_withdrawal_cut_at_any_write_is_finished_by_the_next(
    tenant: Tenant, cmic: CmicBackend, impatient: CmicBackend, fault: str, nth: int
):
    document = deliver(cmic, TRANSFER)
    cut(tenant, fault, nth)
    with pytest.raises(ErpUnconfirmed):
        impatient.withdraw(document, Diary())
    tenant.later(60)
    assert cmic.withdraw(document, Diary()).state is WithdrawState.WITHDRAWN
    assert (tenant.pcis(), tenant.lines()) == ([], [])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_restoration_cut_at_a_write_is_finished_by_the_next(
    tenant: Tenant, cmic: CmicBackend, impatient: CmicBackend, fault: str
):
    document = deliver(cmic, BUDGET)
    cut(tenant, fault, 1)
    with pytest.raises(ErpUnconfirmed):
        impatient.withdraw(document, Diary())
    tenant.later(60)
    assert cmic.withdraw(document, Diary()).state is WithdrawState.WITHDRAWN
    assert tenant.originals(PENDING) == {("01-100", "L"): money(70), ("02-100", "M"): money(0)}


# -- how many lines are there, by the writes --------------------------------------------------------------------


@pytest.mark.parametrize("document", [TRANSFER, BUDGET])
def test_the_lines_that_writes_left_are_counted_in_their_order(cmic: CmicBackend, document: ErpDocument):
    there, back = Diary(), Diary()
    cmic.push(document, there)
    assert cmic.lines_there(document, there.steps) == (2, 2)
    first = next(place for place, step in enumerate(there.steps) if step.startswith(("line:", "amount:")))
    assert cmic.lines_there(document, there.steps[: first + 1]) == (1, 2)
    assert cmic.withdraw(there.of(document), back).state is WithdrawState.WITHDRAWN
    assert cmic.lines_there(document, [*there.steps, *back.steps]) == (0, 2)
    assert cmic.lines_there(document, [*there.steps, *back.steps, *there.steps]) == (2, 2)
