"""Money is exact: what people type is kept to the cent, or refused with a sentence; nothing is rounded silently."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets import money

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)

CENTS = st.integers(min_value=-(10**15 - 1), max_value=10**15 - 1)
STEPS = st.integers(min_value=-(10**18 - 1), max_value=10**18 - 1)  # ten-thousandths


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0", "0.00"),
        ("-0.01", "-0.01"),
        ("0.1", "0.10"),
        (".5", "0.50"),
        ("5.", "5.00"),
        ("+7", "7.00"),
        ("1,234.50", "1234.50"),
        ("1 234.50", "1234.50"),
        ("1\u00a0234\u202f567.5", "1234567.50"),
        ("$1,234.50", "1234.50"),
        ("-$1,234.50", "-1234.50"),
        ("$-5", "-5.00"),
        ("(12.00)", "-12.00"),
        ("($1,234.50)", "-1234.50"),
        ("\u2212 3", "-3.00"),
        ("  42  ", "42.00"),
        ("007", "7.00"),
        ("9,999,999,999,999.99", "9999999999999.99"),
        ("(9,999,999,999,999.99)", "-9999999999999.99"),
        ("1.000000", "1.00"),
    ],
)
def test_what_people_type_is_read_to_the_cent(typed, kept):
    assert str(money.amount(typed)) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            ".",
            "-",
            "$",
            "()",
            "(",
            ")",
            "abc",
            "1e5",
            "1E5",
            "0x10",
            "NaN",
            "Infinity",
            "-inf",
            "1_000",
        ),
        *(
            "12)",
            "(12",
            "((12))",
            "(-12)",
            "-(12)",
            "--1",
            "1-",
            "1,23",
            "1,2345",
            "12,345 678",
            "1 2",
            "12 50",
        ),
        *("1.234.5", "1,234,5", ",123", "1..2", "\u0663", "1\u00bd", "\uff11", "=1+1", "1;2", "1\n2"),
        "9" * 1000,
    ],
)
def test_what_is_no_number_is_refused_with_an_example(typed):
    with pytest.raises(money.NotExact, match=r"is not a number. Write it like 1,234.50 or -1234.5"):
        money.amount(typed)


@pytest.mark.parametrize(
    "number", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")]
)
def test_a_decimal_that_is_no_number_is_refused(number):
    with pytest.raises(money.NotExact, match="is not a number"):
        money.amount(number)


@pytest.mark.parametrize(
    "typed",
    [
        "0.001",
        "-0.005",
        "1,234.505",
        "9999999999998.991",
        "(1.0000000000000000000000000000000000001)",
        "1." + "0" * 30 + "1",
    ],
)
def test_more_decimals_than_cents_are_refused_and_never_rounded(typed):
    with pytest.raises(money.NotExact, match="has more than 2 decimals; round it the way you mean it"):
        money.amount(typed)


@pytest.mark.parametrize("typed", ["10000000000000", "-10000000000000", "9" * 50, Decimal("1E+30"), 10**40])
def test_what_is_too_large_is_refused_with_the_largest(typed):
    with pytest.raises(money.NotExact, match=r"too large: at most 9,999,999,999,999\.99"):
        money.amount(typed)


def test_a_quantity_has_four_places():
    assert str(money.quantity("2.12345".removesuffix("5"))) == "2.1234"
    with pytest.raises(money.NotExact, match="more than 4 decimals"):
        money.quantity("2.12345")
    assert money.quantity("99,999,999,999,999.9999") == money.LARGEST_QUANTITY


def test_nothing_is_minus_nothing():
    assert str(money.amount("-0.00")) == "0.00"
    assert str(money.amount("(0)")) == "0.00"
    assert str(money.extended(Decimal("-0.0001"), Decimal(1))) == "0.00"


def test_three_times_ten_cents_are_thirty_cents():
    assert money.extended(Decimal(3), Decimal("0.10")) == Decimal("0.30")
    assert sum([money.amount("0.10")] * 3) == money.amount("0.30")


@pytest.mark.parametrize(
    ("quantity", "unit_cost", "product"),
    [
        ("1", "0.005", "0.01"),
        ("1", "-0.005", "-0.01"),
        ("1", "0.0049", "0.00"),
        ("1", "2.675", "2.68"),
        ("1", "0.015", "0.02"),
        ("1", "0.025", "0.03"),
        ("3", "33.3333", "100.00"),
        ("1412", "177.05", "249994.60"),
        ("0.0001", "0.0001", "0.00"),
    ],
)
def test_a_product_is_rounded_half_up_to_the_cent(quantity, unit_cost, product):
    assert money.extended(Decimal(quantity), Decimal(unit_cost)) == Decimal(product)


def test_a_product_that_no_amount_can_hold_is_refused():
    for quantity, unit_cost in (
        (money.LARGEST_QUANTITY, money.LARGEST_QUANTITY),
        (Decimal("9999999999999.99"), Decimal("1.0001")),
        (Decimal("9999999999999.995"), Decimal(1)),
    ):
        with pytest.raises(money.NotExact, match="too large"):
            money.extended(quantity, unit_cost)
    assert money.extended(Decimal("9999999999999.9949"), Decimal(1)) == money.LARGEST


@given(CENTS)
def test_every_amount_comes_back_as_it_was_written(cents):
    amount = Decimal(cents).scaleb(-2)
    written = [f"{amount:f}", f"{amount:,.2f}", f"{amount:,.2f}".replace(",", " "), f"{amount:.2f}000"]
    if cents < 0:
        written += [f"({-amount:,.2f})", f"-${-amount:,.2f}"]
    for text in written:
        kept = money.amount(text)
        assert kept == amount
        assert kept.as_tuple().exponent == -2


@given(CENTS, st.integers(min_value=1, max_value=999), st.integers(min_value=3, max_value=40))
def test_an_amount_with_anything_below_the_cent_is_refused(cents, rest, places):
    with localcontext(prec=80):
        number = Decimal(cents).scaleb(-2) + Decimal(rest).scaleb(-places - 2)
    if number * 100 != int(number * 100):
        with pytest.raises(money.NotExact):
            money.amount(f"{number:f}")
        with pytest.raises(money.NotExact):
            money.amount(number)


@given(STEPS, STEPS)
def test_a_product_is_the_exact_one_rounded_half_up_or_refused(quantity, unit_cost):
    exact = Fraction(quantity, 10_000) * Fraction(unit_cost, 10_000)
    with localcontext(prec=60):
        wanted = (Decimal(quantity) * Decimal(unit_cost) / 10**8).quantize(money.CENT, rounding=ROUND_HALF_UP)
    given = Decimal(quantity).scaleb(-4), Decimal(unit_cost).scaleb(-4)
    if abs(wanted) > money.LARGEST:
        with pytest.raises(money.NotExact):
            money.extended(*given)
    else:
        got = money.extended(*given)
        assert got == wanted
        assert abs(Fraction(got) - exact) <= Fraction(1, 200)


@given(st.text(max_size=40))
def test_no_text_does_anything_but_become_an_exact_number_or_be_refused(text):
    try:
        kept = money.amount(text)
    except money.NotExact as problem:
        assert str(problem)
    else:
        assert kept.is_finite()
        assert kept.as_tuple().exponent == -2
        assert any(character.isdigit() for character in text)


@given(st.lists(AMOUNTS, max_size=20))
def test_what_a_document_moves_is_what_goes_up_or_down_whichever_is_more(changes):
    up, down = sum(c for c in changes if c > 0), -sum(c for c in changes if c < 0)
    assert money.moved(changes) == money.moved(-change for change in changes) == max(up, down)
