"""Amounts divided over lines make the amount again, to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.modifications import spreading

CENTS = st.integers(-(10**15), 10**15).map(lambda n: Decimal(n) / 100)
WEIGHTS = st.lists(st.integers(0, 10**12).map(lambda n: Decimal(n) / 100), min_size=1, max_size=40)


@given(amount=CENTS, weights=WEIGHTS.filter(any))
def test_shares_add_up_and_each_is_within_a_cent_of_its_exact_share(amount, weights):
    shares = spreading.by_weight(amount, weights=weights)
    assert sum(shares) == amount
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * whole - amount * weight) < whole / 100
        assert -share.as_tuple().exponent == 2


def test_what_is_left_over_goes_to_the_first_lines_a_cent_each():
    assert spreading.evenly(Decimal("-1.00"), parts=3) == [
        Decimal("-0.34"),
        Decimal("-0.33"),
        Decimal("-0.33"),
    ]


def test_in_proportion_needs_lines_above_zero():
    for weights in ([Decimal(0), Decimal(0)], [Decimal(5), Decimal(-1)]):
        with pytest.raises(spreading.CannotSpread, match="Spread evenly instead"):
            spreading.by_weight(Decimal(1), weights=weights)


def test_percent_rounds_half_up_as_people_do():
    assert spreading.percent_of(Decimal("0.50"), Decimal(1)) == Decimal("0.01")
    assert spreading.percent_of(Decimal("-0.50"), Decimal(1)) == Decimal("-0.01")
