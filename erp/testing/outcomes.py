"""The contract of failures, postings and withdrawals: each answer means one thing."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from erp.port import ErpDocument, ErpMisconfigured, ErpRefused, ErpUnavailable, PostingState, WithdrawState
from erp.testing.case import Case
from erp.testing.tenant import DEEDS, POSTED_ON, Diary, Killed, cents_changed, change, failure, in_order


class Outcomes(Case):
    """What the ERP says and does not say is told apart."""

    def test_an_erp_that_is_down_is_unavailable_and_nothing_was_written(self) -> None:
        for tenant, shape in self.each():
            known, down = self.deliver(tenant, shape.document), tenant.out_of_reach()
            other = replace(shape.document, number="TB-00000000")
            start, diary = tenant.writes(), Diary()
            assert failure(ErpUnavailable, lambda: down.push(other, diary)).reason
            failure(ErpUnavailable, lambda: down.find(known))
            failure(ErpUnavailable, lambda: down.postings([known]))
            failure(ErpUnavailable, lambda: down.withdraw(known, Diary()))
            failure(ErpUnavailable, lambda: down.reading(tenant.company, [tenant.job]))
            failure(ErpUnavailable, lambda: list(down.jobs(tenant.company)))
            assert tenant.writes() == start

    def test_a_refused_line_is_named_and_only_what_is_missing_is_sent_once_it_is_allowed(self) -> None:
        for tenant, shape in self.each():
            line = shape.document.lines[-1]
            tenant.forbid(line.key)
            diary = Diary()
            refused = failure(ErpRefused, lambda: tenant.backend().push(shape.document, diary))
            assert {ref for finding in refused.findings for ref in finding.refs} == {line.ref}
            assert all(finding.code and finding.message.endswith(".") for finding in refused.findings)
            assert tenant.backend().find(diary.of(shape.document)) is None
            tenant.allow(line.key)
            answered = [told["request_id"] for told in diary.told_after if told["outcome"] == "done"]
            diary.told_before = [told for told in diary.told_before if told["request_id"] in answered]
            self.finish(tenant, shape, diary)

    def test_being_turned_away_is_misconfigured_and_nothing_is_written(self) -> None:
        for tenant, shape in self.each():
            turned_away = tenant.misconfigured()
            start = tenant.writes()
            said = failure(ErpMisconfigured, lambda: turned_away.push(shape.document, Diary()))
            assert str(said)
            assert tenant.writes() == start

    def test_problems_are_found_without_the_network(self) -> None:
        tenant = self.tenant()
        down, good = tenant.out_of_reach(), tenant.shapes()[0].document
        assert down.problems(good) == []
        line = good.lines[0]
        long = replace(line.key, cost_code="9" * (down.limits.cost_code + 1))
        for wrong in (
            replace(line, delta=Decimal("0.001")),
            replace(line, delta=Decimal("NaN")),
            replace(line, key=long),
        ):
            [finding, *_] = down.problems(replace(good, lines=(wrong, *good.lines[1:])))
            assert (finding.refs, finding.message[-1:]) == ((line.ref,), ".")
            start, bad = tenant.writes(), replace(good, lines=(wrong, *good.lines[1:]))
            failure(ErpRefused, lambda bad=bad: tenant.backend().push(bad, Diary()))  # type: ignore[misc]
            assert tenant.writes() == start

    def test_each_answer_about_a_posting_is_told_from_the_others(self) -> None:
        for state in PostingState:
            for tenant, shape in self.each(*({state} - {PostingState.WAITING})):
                known = self.deliver(tenant, shape.document)
                if state is not PostingState.WAITING:
                    DEEDS[state](tenant, known)
                start = tenant.writes()
                [posting] = tenant.backend().postings([known])
                assert (shape.name, posting.state) == (shape.name, state)
                assert tenant.backend().postings([known]) == [posting], "asking again gives the same answer"
                assert tenant.writes() == start
                self._evidence(posting, known)

    @staticmethod
    def _evidence(posting: Any, document: ErpDocument) -> None:
        assert posting.number == document.number
        assert json.loads(json.dumps(posting.evidence)) == posting.evidence
        counts = posting.state in (PostingState.POSTED, PostingState.POSTED_DIFFERENT)
        assert posting.posted_on in ((None, POSTED_ON) if counts else (None,))
        assert bool(posting.evidence) or not counts, "a posting is told with its evidence"
        if posting.state is PostingState.POSTED_DIFFERENT:
            refs = {line.key: line.ref for line in document.lines}
            found = {each.key: each.found - each.sent for each in posting.differences}
            assert found == cents_changed(document)
            assert all(each.refs == (refs[each.key],) for each in posting.differences)
        else:
            assert posting.differences == ()

    def test_many_are_answered_in_one_call_in_the_order_they_were_asked_for(self) -> None:
        tenant = self.tenant()
        a, b, *_ = tenant.keys
        known = [
            self.deliver(tenant, tenant.modification((a, "-1.00"), (b, "1.00"), number=f"TB-0000000{n}"))
            for n in range(4)
        ]
        tenant.post(known[2], on=POSTED_ON)
        asked = [known[3], known[2], known[0], known[1]]
        answers = tenant.backend().postings(asked)
        assert [answer.number for answer in answers] == [document.number for document in asked]
        posted, waiting = PostingState.POSTED, PostingState.WAITING
        assert [answer.state for answer in answers] == [waiting, posted, waiting, waiting]
        assert tenant.backend().postings([]) == []

    def test_a_waiting_document_is_taken_out_whole_and_taking_it_out_again_writes_nothing(self) -> None:
        for tenant, shape in self.each():
            known, start, diary = self.deliver(tenant, shape.document), tenant.writes(), Diary(tenant)
            assert tenant.backend().withdraw(known, diary).state is WithdrawState.WITHDRAWN
            assert (tenant.entries(), tenant.may_be_posted(known)) == ([], False)
            assert diary.received == [(start + n, start + n + 1) for n in range(tenant.writes() - start)]
            again, start = Diary(), tenant.writes()
            assert tenant.backend().withdraw(known, again).state is WithdrawState.WITHDRAWN
            assert (tenant.writes(), again.told_before) == (start, [])

    def test_half_a_document_is_taken_out_too(self) -> None:
        for _, shape in self.each():
            for nth in count(1):
                tenant, diary = self.tenant(), Diary(killed_after=nth)
                try:
                    tenant.backend().push(shape.document, diary)
                except Killed:
                    known = diary.of(shape.document)
                    outcome = tenant.backend().withdraw(known, Diary())
                    assert (outcome.state, tenant.entries()) == (WithdrawState.WITHDRAWN, [])
                else:
                    break

    def test_a_withdrawal_killed_after_any_write_is_finished_by_the_next(self) -> None:
        for _, shape in self.each():
            for nth in count(1):
                tenant = self.tenant()
                known, diary = self.deliver(tenant, shape.document), Diary(killed_after=nth)
                try:
                    tenant.backend().withdraw(known, diary)
                except Killed:
                    assert tenant.backend().withdraw(known, Diary()).state is WithdrawState.WITHDRAWN
                    assert tenant.entries() == []
                else:
                    assert len(diary.told_before) == nth - 1 > 0
                    break

    def test_a_posted_document_stays_and_is_told_with_its_posting(self) -> None:
        for tenant, shape in self.each(PostingState.POSTED):
            known = self.deliver(tenant, shape.document)
            tenant.post(known, on=POSTED_ON)
            start = tenant.writes()
            outcome = tenant.backend().withdraw(known, Diary())
            assert outcome.state is WithdrawState.POSTED
            assert outcome.posting is not None and outcome.posting.state is PostingState.POSTED
            assert tenant.writes() == start

    def test_what_an_accountant_changed_is_left_for_a_person(self) -> None:
        for tenant, shape in self.each(PostingState.POSTED_DIFFERENT):
            known = self.deliver(tenant, shape.document)
            change(tenant, known)
            changed = {key.cost_code for key in cents_changed(known)}
            before = in_order(entry for entry in tenant.entries() if entry.cost_code in changed)
            outcome = tenant.backend().withdraw(known, Diary())
            assert outcome.state is WithdrawState.CONFLICT
            assert outcome.note.endswith("."), "a person reads what to look at"
            left = in_order(entry for entry in tenant.entries() if entry.cost_code in changed)
            assert left == before
