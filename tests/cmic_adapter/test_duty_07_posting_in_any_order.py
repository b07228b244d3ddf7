"""Duty 7, posting: whatever accountants do and in whatever order it is asked about, each answer says what is so now."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, Posting, PostingState
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
    original,
)
from tests.support.soak import Figures, counts

DOCUMENTS = [
    change(line("01-100", "L", f"-{n}"), line("02-100", "M", f"{n}"), number=f"TB-0000000{n}")
    for n in (1, 2, 3)
]
BUDGET = original(entered("01-100", "L", "80", before="70"), entered("02-100", "M", "5"))
FOREIGN = change(line("01-100", "L", "7"), number="TB-FOREIGN")  # nobody ever sent it
Act = Callable[["Desk"], None]


@dataclass
class Desk:
    """An accountant, and what the answer for a document must be after what was done to it."""

    tenant: Tenant
    document: ErpDocument
    state: PostingState = PostingState.WAITING

    @property
    def place(self) -> dict:
        return {"company": COMPANY, "job": self.document.job, "code": self.document.number}

    def post(self) -> None:
        if self.state is not PostingState.WAITING:
            return
        if self.document.route == "enter_budget":
            self.tenant.start(PENDING)
        else:
            self.tenant.ask("post", self.place)
        self.state = PostingState.POSTED

    def post_with_another_amount(self) -> None:
        if self.state is PostingState.WAITING and self.document.route != "enter_budget":
            for cost_code, cost_type, amount in (("01-100", "L", -50), ("02-100", "M", 50)):
                place = {**self.place, "phase": cost_code, "category": cost_type}
                self.tenant.ask("edit_amount", {**place, "amount": amount})
            self.tenant.ask("post", self.place)
            self.state = PostingState.POSTED_DIFFERENT

    def set_back(self) -> None:
        self._unless_posted("set_status", PostingState.STAGING, status="PPEND")

    def approve(self) -> None:
        self._unless_posted("set_status", PostingState.WAITING, status="APPR")

    def reject(self) -> None:
        self._unless_posted("reject", PostingState.REJECTED)

    def delete(self) -> None:
        self._unless_posted("delete", PostingState.ABSENT)

    def _unless_posted(self, act: str, state: PostingState, **given: str) -> None:
        over = (PostingState.POSTED, PostingState.POSTED_DIFFERENT, PostingState.ABSENT)
        if self.state not in over and self.document.route != "enter_budget":
            self.tenant.ask(act, {**self.place, **given})
            self.state = state


ACTS = [Desk.post, Desk.post_with_another_amount, Desk.set_back, Desk.approve, Desk.reject, Desk.delete]


@counts("orders", short=25, long=1000)
def test_postings_seen_late_twice_and_in_any_order_are_what_is_so(
    tenant: Tenant, cmic: CmicBackend, dice: random.Random, figures: Figures, orders: int
):
    asked = 0
    for _ in range(orders):
        tenant.reset(book())
        tenant.switch(hide_posted=dice.random() < 0.5)
        desks = [Desk(tenant, deliver(cmic, document)) for document in (*DOCUMENTS, BUDGET)]
        for _ in range(dice.randrange(2, 9)):
            dice.choice(ACTS)(dice.choice(desks))
            if dice.random() < 0.6:
                asked += 1
                look(cmic, desks, dice)
        look(cmic, desks, dice)
    figures("postings in any order", orders=orders, polls=asked + orders)


def deliver(cmic: CmicBackend, document: ErpDocument) -> ErpDocument:
    diary = Diary()
    cmic.push(document, diary)
    return diary.of(document)


def look(cmic: CmicBackend, desks: list[Desk], dice: random.Random) -> None:
    """Ask about some, in any order, with one among them that CMiC never saw, twice; the second answer is the same."""
    some = dice.sample(desks, dice.randrange(1, len(desks) + 1))
    foreign = replace(FOREIGN, route="pci_internal", job=STARTED)
    documents = [desk.document for desk in some] + [foreign]
    dice.shuffle(documents)
    first, second = cmic.postings(documents), cmic.postings(list(reversed(documents)))
    assert [posting.number for posting in first] == [document.number for document in documents]
    assert by_number(first) == by_number(second)
    expected = {desk.document.number: desk.state for desk in some} | {FOREIGN.number: PostingState.ABSENT}
    assert {posting.number: posting.state for posting in first} == expected
    for posting in first:
        assert bool(posting.differences) == (posting.state is PostingState.POSTED_DIFFERENT)


def by_number(postings: list[Posting]) -> dict[str, Posting]:
    return {posting.number: posting for posting in postings}
