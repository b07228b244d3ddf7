"""The contract of `push` and `find`: once, to the cent and the character, whatever interrupts it."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from erp.port import ErpRefused, ErpUnconfirmed, PostingState
from erp.testing.case import Case
from erp.testing.tenant import POSTED_ON, TRICKY, ClaimLost, Diary, Killed, failure, in_order


class Pushing(Case):
    """A document is written once, however often its push is interrupted."""

    def test_a_pushed_document_is_there_once_and_to_the_cent(self) -> None:
        for tenant, shape in self.each():
            diary = Diary()
            receipt = tenant.backend().push(shape.document, diary)
            assert self.is_whole(tenant, diary.of(shape.document)) == receipt
            assert (receipt.lines, receipt.route) == (len(tenant.expected(shape.document)), diary.route)
            assert isinstance(receipt.total, Decimal)
            assert tenant.may_be_posted(shape.document)

    def test_the_book_shows_everything_it_was_told(self) -> None:
        tenant = self.tenant()
        first, second = tenant.shapes()[:2]
        for shape in (first, second):
            self.deliver(tenant, shape.document)
        expected = [*tenant.expected(first.document), *tenant.expected(second.document)]
        assert in_order(tenant.entries()) == in_order(expected)
        assert tenant.writes() > 1

    def test_every_write_is_journaled_before_it_leaves_and_its_answer_after(self) -> None:
        for tenant, shape in self.each():
            start, diary = tenant.writes(), Diary(tenant)
            tenant.backend().push(shape.document, diary)
            assert diary.received == [(start + n, start + n + 1) for n in range(tenant.writes() - start)]
            assert [told["outcome"] for told in diary.told_after] == ["done"] * len(diary.told_before)
            told = [(before["step"], before["target"], before["method"]) for before in diary.told_before]
            assert all(all(words) for words in told)
            steps = [step for step, _, _ in told]
            assert len(set(steps)) == len(steps), "a step key names one write"
            ids = [before["request_id"] for before in diary.told_before]
            assert len(set(ids)) == len(ids)
            assert ids == [after["request_id"] for after in diary.told_after]

    def test_pushing_a_finished_document_again_writes_nothing(self) -> None:
        for tenant, shape in self.each():
            known = self.deliver(tenant, shape.document)
            start, diary = tenant.writes(), Diary()
            assert tenant.backend().push(known, diary) == self.is_whole(tenant, known)
            assert (tenant.writes(), diary.told_before) == (start, [])

    def test_pushing_a_document_that_was_posted_meanwhile_writes_nothing(self) -> None:
        for tenant, shape in self.each(PostingState.POSTED):
            known = self.deliver(tenant, shape.document)
            first = tenant.backend().find(known)
            tenant.post(known, on=POSTED_ON)
            start, diary = tenant.writes(), Diary()
            assert tenant.backend().push(known, diary) == first
            assert (tenant.writes(), diary.told_before) == (start, [])

    def test_a_push_killed_after_any_write_is_finished_by_the_next_and_nothing_is_doubled(self) -> None:
        for _, shape in self.each():
            for nth in count(1):
                tenant, diary = self.tenant(), Diary(killed_after=nth)
                try:
                    tenant.backend().push(shape.document, diary)
                except Killed:
                    self.finish(tenant, shape, diary)
                else:
                    assert len(diary.told_before) == nth - 1 > 0
                    break

    def test_a_claim_lost_before_any_write_stops_it_there(self) -> None:
        for _, shape in self.each():
            for nth in count(1):
                tenant, diary = self.tenant(), Diary(lost_before=nth)
                start = tenant.writes()
                try:
                    tenant.backend().push(shape.document, diary)
                except ClaimLost:
                    assert tenant.writes() == start + nth - 1, "the write left although the claim was lost"
                    self.finish(tenant, shape, diary)
                else:
                    break

    def test_a_connection_cut_after_any_write_is_unconfirmed_and_finished_by_the_next(self) -> None:
        for _, shape in self.each("cut"):
            for nth in count(1):
                tenant, diary = self.tenant(), Diary()
                tenant.cut(nth)
                try:
                    tenant.backend().push(shape.document, diary)
                except ErpUnconfirmed as unknown:
                    assert unknown.reason
                    assert diary.told_after[-1]["outcome"] == "unconfirmed"
                    self.finish(tenant, shape, diary)
                else:
                    assert len(diary.told_before) == nth - 1 > 0
                    break

    def test_what_stands_under_our_number_and_is_not_ours_is_for_a_person(self) -> None:
        for tenant, shape in self.each("taken_number"):
            tenant.take_number(shape.document)
            before = in_order(tenant.entries())
            refused = failure(ErpRefused, lambda: tenant.backend().push(shape.document, Diary()))
            assert refused.findings[0].message
            assert in_order(tenant.entries()) == before

    def test_amounts_arrive_to_the_cent(self) -> None:
        tenant = self.tenant()
        a, b, c, d, *_ = tenant.keys
        most = "9999999999999.99"
        lines = [(a, "0.10")] * 3 + [(b, "-0.01"), (c, most), (d, f"-{most}")]
        known = self.deliver(tenant, tenant.modification(*lines))
        assert self.is_whole(tenant, known).lines == 4
        amounts = {(entry.cost_code, entry.cost_type): entry.amount for entry in tenant.entries()}
        assert amounts[a.cost_code, a.cost_type] == Decimal("0.30")

    def test_lines_of_one_budget_code_are_summed_and_what_sums_to_nothing_makes_no_line(self) -> None:
        tenant = self.tenant()
        a, b, c, *_ = tenant.keys
        lines = [(a, "70.00"), (a, "30.00"), (b, "5.00"), (b, "-5.00"), (c, "0.00")]
        known = self.deliver(tenant, tenant.modification(*lines))
        assert self.is_whole(tenant, known).lines == 1
        assert [entry.amount for entry in tenant.entries()] == [Decimal("100.00")]

    def test_codes_arrive_to_the_character(self) -> None:
        tenant = self.tenant()
        keys = [key for key in tenant.keys if key.cost_code in TRICKY]
        assert {key.cost_code for key in keys} == set(TRICKY), "the tenant stands ready with tricky codes"
        document = tenant.modification(*((key, f"{place}.00") for place, key in enumerate(keys, 1)))
        known = self.deliver(tenant, document)
        assert self.is_whole(tenant, known).lines == len(TRICKY)
        assert tenant.backend().postings([known])[0].state is PostingState.WAITING
        tenant.post(known, on=POSTED_ON)
        assert tenant.backend().postings([known])[0].state is PostingState.POSTED
