"""Duty 7, posting: what became of delivered documents, told with evidence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, ErpKey, ErpUnconfirmed, PostingState
from tests.cmic_adapter.support import (
    COMPANY,
    PENDING,
    STARTED,
    Diary,
    Tenant,
    book,
    change,
    entered,
    line,
    money,
    original,
)

PLACE = {"company": COMPANY, "job": STARTED, "code": "TB-7K3MQ0XV"}


@pytest.fixture
def delivered(tenant: Tenant, cmic: CmicBackend) -> ErpDocument:
    """A transfer that waits for its posting."""
    return deliver(cmic, change(line("01-100", "L", "-250"), line("02-100", "M", "250")))


def deliver(cmic: CmicBackend, document: ErpDocument) -> ErpDocument:
    diary = Diary()
    cmic.push(document, diary)
    return diary.of(document)


def state(cmic: CmicBackend, document: ErpDocument) -> PostingState:
    return cmic.postings([document])[0].state


def test_a_delivered_document_waits(cmic: CmicBackend, delivered: ErpDocument):
    assert state(cmic, delivered) is PostingState.WAITING


@pytest.mark.parametrize("hidden", [False, True])
def test_a_posted_document_is_posted_with_its_day_and_the_lines_as_evidence(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument, hidden: bool
):
    tenant.ask("post", {**PLACE, "date": "2026-11-23"})
    tenant.switch(hide_posted=hidden)
    [posting] = cmic.postings([delivered])
    assert (posting.state, posting.differences) == (PostingState.POSTED, ())
    assert posting.posted_on == (None if hidden else date(2026, 11, 23))
    assert posting.evidence["still_unposted"] == 0
    assert len(posting.evidence["lines"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("hidden", [False, True])
def test_changed_amounts_are_named_even_where_the_total_is_the_same(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument, hidden: bool
):
    for cost_code, cost_type, amount in (("01-100", "L", -200), ("02-100", "M", 200)):
        tenant.ask("edit_amount", {**PLACE, "phase": cost_code, "category": cost_type, "amount": amount})
    tenant.post(delivered.number)
    tenant.switch(hide_posted=hidden)
    [posting] = cmic.postings([delivered])
    assert posting.state is PostingState.POSTED_DIFFERENT
    assert [(d.key, d.refs, d.sent, d.found) for d in posting.differences] == [
        (ErpKey(STARTED, "01-100", "L"), ("2401/01-100/L",), money(-250), money(-200)),
        (ErpKey(STARTED, "02-100", "M"), ("2401/02-100/M",), money(250), money(200)),
    ]


def test_lines_that_are_still_listed_as_unposted_are_no_posting(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument
):
    tenant.fault("stale_read", match={"resource": "cmdetailunposted"})
    tenant.post(delivered.number)
    [posting] = cmic.postings([delivered])
    assert (posting.state, posting.evidence["still_unposted"]) == (PostingState.INDETERMINATE, 2)
    assert state(cmic, delivered) is PostingState.POSTED


def test_another_change_item_on_the_same_cost_code_is_no_posting_of_ours(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument
):
    other = deliver(cmic, replace(delivered, number="TB-00000001", route=""))
    tenant.post(other.number)
    assert state(cmic, delivered) is PostingState.WAITING
    assert state(cmic, other) is PostingState.POSTED


def test_rejected_set_back_and_deleted_ones_are_told_apart(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument
):
    tenant.ask("set_status", {**PLACE, "status": "PPEND"})
    assert state(cmic, delivered) is PostingState.STAGING
    tenant.ask("reject", PLACE)
    assert state(cmic, delivered) is PostingState.REJECTED
    tenant.ask("delete", PLACE)
    assert state(cmic, delivered) is PostingState.ABSENT


def test_a_job_we_cannot_see_decides_nothing(tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument):
    tenant.ask("hide_job", {"company": COMPANY, "job": STARTED})
    assert state(cmic, delivered) is PostingState.INDETERMINATE


def test_an_entered_budget_waits_for_start_job_and_is_posted_by_it(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, original(entered("01-100", "L", "80", before="70"), entered("02-100", "M", "5")))
    assert state(cmic, document) is PostingState.WAITING
    tenant.start(PENDING)
    assert state(cmic, document) is PostingState.POSTED


def test_an_entered_budget_that_was_changed_before_the_start_is_posted_different(
    tenant: Tenant, cmic: CmicBackend
):
    document = deliver(cmic, original(entered("01-100", "L", "80", before="70"), entered("02-100", "M", "5")))
    tenant.ask(
        "set_budget", {"company": COMPANY, "job": PENDING, "phase": "02-100", "category": "M", "original": 6}
    )
    tenant.start(PENDING)
    [posting] = cmic.postings([document])
    assert posting.state is PostingState.POSTED_DIFFERENT
    assert [(d.refs, d.sent, d.found) for d in posting.differences] == [(("2402/02-100/M",), 5, 6)]


def test_an_entered_budget_of_a_hidden_job_decides_nothing(tenant: Tenant, cmic: CmicBackend):
    document = deliver(cmic, original(entered("01-100", "L", "80", before="70")))
    tenant.ask("hide_job", {"company": COMPANY, "job": PENDING})
    assert state(cmic, document) is PostingState.INDETERMINATE


def test_answers_come_in_the_order_of_the_questions_whatever_the_route(tenant: Tenant, cmic: CmicBackend):
    first = deliver(cmic, original(entered("01-100", "L", "80", before="70")))
    second = deliver(cmic, change(line("01-100", "L", "1")))
    tenant.start(PENDING)
    assert [(p.number, p.state) for p in cmic.postings([second, first])] == [
        (second.number, PostingState.WAITING),
        (first.number, PostingState.POSTED),
    ]


def test_a_thousand_open_documents_take_twenty_requests(tenant: Tenant, cmic: CmicBackend):
    seed = book()
    document = change(line("01-100", "L", "1"))
    documents = [replace(document, number=f"TB-{n:08}", route="pci_internal") for n in range(1000)]
    seed["pcis"] = [
        {
            "company": COMPANY,
            "job": STARTED,
            "code": d.number,
            "type": "COI",
            "status": "APPR",
            "lines": [{"job": STARTED, "phase": "01-100", "category": "L", "amount": Decimal(1)}],
        }
        for d in documents
    ]
    tenant.reset(seed)
    cmic.postings(documents[:1])
    tenant.forget_calls()
    assert {p.state for p in cmic.postings(documents)} == {PostingState.WAITING}
    assert len(tenant.calls()) == 20


@pytest.mark.parametrize("remembered", [True, False])
def test_where_cmic_numbers_itself_the_name_leads_to_the_document(
    tenant: Tenant, make_backend: Callable[..., CmicBackend], remembered: bool
):
    tenant.switch(auto_numbering=[COMPANY])
    cmic, diary = make_backend(), Diary()
    document = change(line("01-100", "L", "-1"), line("02-100", "M", "1"))
    receipt = cmic.push(document, diary)
    [pci] = tenant.pcis()
    assert pci["code"] == receipt.erp_number == diary.erp_number == "COT0001"
    known = diary.of(document) if remembered else replace(document, route=diary.route)
    tenant.forget_calls()
    assert cmic.push(known, Diary()) == cmic.find(known) == receipt
    assert tenant.writes() == []
    assert state(cmic, known) is PostingState.WAITING
    tenant.post("COT0001")
    assert state(cmic, known) is PostingState.POSTED


def test_one_document_that_is_there_twice_holds_up_no_other(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.switch(auto_numbering=[COMPANY])
    cmic = make_backend()
    first = deliver(cmic, change(line("01-100", "L", "1"), number="TB-00000001"))
    twice = change(line("01-100", "L", "2"), number="TB-00000002")
    tenant.fault("late_commit", match={"method": "POST", "resource": "cmmast"}, seconds=3600, then="reset")
    with pytest.raises(ErpUnconfirmed):
        cmic.push(twice, Diary())
    cmic.push(twice, Diary())
    tenant.later(3600)
    last = deliver(cmic, change(line("01-100", "L", "3"), number="TB-00000003"))
    tenant.post(last.erp_number)
    answers = cmic.postings([first, twice, last])
    assert [posting.state for posting in answers] == [
        PostingState.WAITING,
        PostingState.INDETERMINATE,
        PostingState.POSTED,
    ]
    assert "twice" in str(answers[1].evidence["unclear"])


def test_where_cmic_numbers_itself_a_document_whose_number_we_never_learned_is_not_taken_for_removed(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.switch(auto_numbering=[COMPANY], hide_posted=True)
    cmic = make_backend()
    document = change(line("01-100", "L", "1"))
    cmic.push(document, Diary())
    tenant.post("COI0001")
    [posting] = cmic.postings([replace(document, route="pci_internal")])
    assert posting.state is PostingState.INDETERMINATE
    assert "never reached us" in str(posting.evidence["unclear"])


def test_a_header_posted_while_one_of_its_lines_is_gone_is_posted_with_a_difference(
    tenant: Tenant, cmic: CmicBackend, delivered: ErpDocument
):
    more = (*delivered.lines, line("03-100", "E", "9"))
    tenant.post(delivered.number)
    [posting] = cmic.postings([replace(delivered, lines=more)])
    assert posting.state is PostingState.POSTED_DIFFERENT
    assert [(d.key.cost_code, d.sent, d.found) for d in posting.differences] == [("03-100", 9, 0)]
