"""Ours beside the ERP's: every difference has a cause, and the causes add up to the difference of the totals."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from erp.port import ErpKey
from erp.reconciliation.balance import Row, lay_out
from erp.reconciliation.balance_facts import Cause, Facts, Held, OurLine

KEYS = [ErpKey("26-0288", code, kind) for code in ("03-30-00", "09-68-00") for kind in ("L", "S")]
CODE = KEYS[0]
amounts = st.decimals(-(10**12), 10**12, places=2)
keys = st.sampled_from([*KEYS, 7])
sums = st.dictionaries(keys, amounts)
lines = st.lists(st.builds(OurLine, st.integers(1, 9), keys, st.just("x"), st.just(""), amounts, amounts))
held = st.dictionaries(st.sampled_from(KEYS), st.builds(Held, st.just(""), amounts, amounts))
way = st.dictionaries(
    st.tuples(keys, st.sampled_from([Cause.WAITING, Cause.EXPORTING, Cause.NOT_POSTED, Cause.REFUSED])),
    amounts,
)
facts = st.builds(
    Facts,
    lines=lines,
    held=held,
    posted=st.none() | sums,
    bases=sums,
    taken=sums,
    on_its_way=way,
    posted_otherwise=sums,
    by_hand=sums,
    accepted=sums,
    sent=st.sets(keys),
)


@given(facts)
def test_the_causes_of_every_row_and_of_all_rows_add_up_to_the_cent(known):
    balance = lay_out(known)
    for row in balance.rows:
        assert sum((part.amount for part in row.parts), Decimal(0)) == row.difference
    assert sum((row.difference for row in balance.rows), Decimal(0)) == balance.difference
    assert sum((one.amount for one in balance.causes.values()), Decimal(0)) == balance.difference
    assert balance.ties
    assert balance.difference == sum((one.current for one in known.held.values()), Decimal(0)) - sum(
        (line.amount for line in known.lines), Decimal(0)
    )


def row(ours: str, there: str | None, *, posted: str | None = None, **more) -> Row:
    """One code: what counts here, what the ERP holds, what was posted."""
    known = Facts(
        lines=[OurLine(1, CODE, "26-0288 03-30-00 L", "Concrete", Decimal(ours), more.pop("correction", 0))],
        held={CODE: Held("Concrete", Decimal(there), Decimal(there))} if there is not None else {},
        posted=None if posted is None else {CODE: Decimal(posted)},
        **more,
    )
    [found] = lay_out(known).rows
    return found


def causes(found: Row) -> dict[str, str]:
    return {part.cause.value: f"{part.amount:.2f}" for part in found.parts}


def test_what_is_the_same_on_both_sides_has_no_cause():
    assert causes(row("100.00", "100.00", posted="100.00")) == {}


def test_never_sent_and_changed_since_it_was_sent():
    assert causes(row("100.00", None)) == {"never_sent": "-100.00"}
    assert causes(row("105.00", "100.00", posted="100.00", sent={CODE})) == {"not_sent": "-5.00"}


def test_a_job_that_has_a_budget_before_the_first_posting_is_its_base_and_no_edit():
    assert causes(row("105.00", "100.00")) == {"never_sent": "-5.00"}


def test_what_the_erp_changed_before_our_first_posting_is_told_as_that_and_not_as_ours_to_send():
    def known(**more) -> dict[str, str]:
        held = Held("", Decimal("400.00"), Decimal("368.00"))
        [found] = lay_out(Facts([OurLine(1, CODE, "a", "", Decimal("417.00"))], {CODE: held}, **more)).rows
        assert not found.to_decide and not found.ever_posted
        return causes(found)

    changed, waits = {"changed_before": "-32.00"}, {(CODE, Cause.WAITING): Decimal("17.00")}
    assert known() == {**changed, "never_sent": "-17.00"}
    assert known(on_its_way=waits, sent={CODE}) == {**changed, "waiting": "-17.00"}
    accepted = {(CODE, Cause.EXPORTING): Decimal("17.00")}
    fixed = {CODE: Decimal("400.00")}
    assert known(on_its_way=accepted, sent={CODE}, bases=fixed) == {**changed, "exporting": "-17.00"}


def test_what_was_taken_before_a_reset_of_the_link_is_neither_changed_there_nor_to_send():
    held = Held("", Decimal("100.00"), Decimal("118.00"))
    known = Facts(
        [OurLine(1, CODE, "a", "", Decimal("118.00"))], {CODE: held}, taken={CODE: Decimal("18.00")}
    )
    assert lay_out(known).in_balance


def test_on_its_way_in_three_steps():
    for cause in (Cause.WAITING, Cause.EXPORTING, Cause.NOT_POSTED):
        going = {(CODE, cause): Decimal("5.00")}
        assert causes(row("105.00", "100.00", posted="100.00", on_its_way=going)) == {cause.value: "-5.00"}


def test_what_was_entered_on_a_pending_job_counts_there_before_it_counts_as_posted():
    for cause in (
        Cause.NOT_POSTED,
        Cause.EXPORTING,
        Cause.REFUSED,
    ):  # the rest is being written, or was refused
        going = {(CODE, cause): Decimal("100.00")}
        assert causes(row("100.00", "100.00", bases={CODE: Decimal(0)}, on_its_way=going)) == {}
    going = {(CODE, Cause.WAITING): Decimal("100.00")}
    assert causes(row("100.00", "100.00", bases={CODE: Decimal(0)}, on_its_way=going)) != {}


def test_edited_missing_and_posted_with_another_amount():
    assert causes(row("100.00", "118.00", posted="100.00")) == {"edited": "18.00"}
    assert causes(row("100.00", None, posted="100.00")) == {"missing": "-100.00"}
    otherwise = {CODE: Decimal("8.00")}
    assert causes(row("100.00", "108.00", posted="100.00", posted_otherwise=otherwise)) == {
        "posted_otherwise": "8.00"
    }
    assert causes(row("100.00", "118.00", posted="100.00", posted_otherwise=otherwise)) == {
        "edited": "10.00",
        "posted_otherwise": "8.00",
    }


def test_what_was_confirmed_by_hand_and_is_not_there_is_no_edit_and_the_rest_of_it_is():
    word = {CODE: Decimal("18.00")}
    for there, parts in (
        ("100.00", {"by_hand": "-18.00"}),
        ("118.00", {}),
        ("105.00", {"by_hand": "-13.00"}),
        ("90.00", {"by_hand": "-18.00", "edited": "-10.00"}),
        ("120.00", {"edited": "2.00"}),
    ):
        found = row("118.00", there, posted="118.00", by_hand=word)
        assert (causes(found), found.to_decide) == (parts, "edited" in parts), there
    assert row("118.00", None, posted="118.00", by_hand={CODE: Decimal("118.00")}).moved == 0


def test_accepted_as_long_as_the_difference_is_the_same():
    accepted = {CODE: Decimal("18.00")}
    assert causes(row("100.00", "118.00", posted="100.00", accepted=accepted)) == {"accepted": "18.00"}
    assert causes(row("100.00", "119.00", posted="100.00", accepted=accepted)) == {"edited": "19.00"}


def test_several_causes_on_one_line_are_told_apart():
    found = row(
        "112.00",
        "118.00",
        posted="100.00",
        on_its_way={(CODE, Cause.WAITING): Decimal("5.00")},
        sent={CODE},
    )
    assert causes(found) == {"edited": "18.00", "not_sent": "-7.00", "waiting": "-5.00"}
    assert found.difference == Decimal("6.00")


def test_two_lines_on_one_code_are_summed_and_a_line_without_a_code_is_only_here():
    known = Facts(
        lines=[
            OurLine(1, CODE, "a", "", Decimal("60.00")),
            OurLine(2, CODE, "b", "", Decimal("40.00")),
            OurLine(3, 3, "c", "", Decimal("7.00")),
        ],
        held={CODE: Held("", Decimal("100.00"), Decimal("100.00"))},
        posted={CODE: Decimal("100.00")},
    )
    summed, alone = lay_out(known).rows
    assert (len(summed.lines), causes(summed)) == (2, {})
    assert causes(alone) == {"unmapped": "-7.00"}


def test_what_only_the_erp_has_is_its_own_affair_and_stays_in_balance():
    known = Facts(held={CODE: Held("Insurance", Decimal("77.00"), Decimal("77.00"))}, posted={})
    balance = lay_out(known)
    assert balance.in_balance
    assert [causes(own) for own in balance.own_affairs] == [{"only_there": "77.00"}]
    assert balance.difference == Decimal("77.00")


def test_an_amount_that_was_there_before_on_a_code_of_ours_is_to_be_decided_and_may_be_accepted():
    known = Facts(
        lines=[OurLine(1, CODE, "a", "", Decimal("0.00"))],
        held={CODE: Held("", Decimal("77.00"), Decimal("77.00"))},
        posted={KEYS[1]: Decimal("0.00")},
    )
    balance = lay_out(known)
    assert [causes(found) for found in balance.to_decide] == [{"there_before": "77.00"}]
    balance = lay_out(replace(known, accepted={CODE: Decimal("77.00")}))
    assert [causes(found) for found in balance.differing] == [{"accepted": "77.00"}]
    assert not balance.to_decide
    balance = lay_out(replace(known, lines=[], accepted={CODE: Decimal("77.00")}))
    assert [causes(found) for found in balance.own_affairs if found.parts] == [{"only_there": "77.00"}]
    balance = lay_out(replace(known, accepted={CODE: Decimal("76.00")}))
    assert [causes(found) for found in balance.to_decide] == [{"there_before": "77.00"}]
