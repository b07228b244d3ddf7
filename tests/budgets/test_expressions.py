"""What people may calculate in a column: read by our own rules, held against Decimal and against fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.saved_views.calculation import degree, evaluate, rounded
from budgets.saved_views.expressions import (
    Apply,
    BadExpression,
    Name,
    Node,
    Number,
    check,
    cycle,
    names,
    parse,
)

COLUMNS = ("original", "modifications", "revised", "in_erp", "quantity", "unit_cost")


def calculated(text: str, **values: str | None) -> Decimal | None:
    return evaluate(
        parse(text), {key: None if value is None else Decimal(value) for key, value in values.items()}
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 4 - 3", "3"),
        ("16 / 4 / 2", "2"),
        ("-2 * -3", "6"),
        ("2 - -3", "5"),
        ("--2", "2"),
        ("+.5 + 1.", "1.5"),
        ("0.10 * 3", "0.30"),
        ("max(1, min(5, 3), -7)", "3"),
        ("ABS(2 - 5)", "3"),
        ("7 × 2 − 4 ÷ 2", "12"),
        ("((((1))))", "1"),
    ],
)
def test_the_usual_rules_of_arithmetic(text, result):
    assert calculated(text) == Decimal(result)


def test_columns_are_named_whatever_the_case():
    assert calculated("Revised - IN_ERP", revised="100.10", in_erp="0.20") == Decimal("99.90")


@pytest.mark.parametrize(
    "text", ["original / quantity", "original / (quantity - quantity)", "0 / quantity", "quantity / 0 * 0"]
)
def test_a_division_by_zero_is_an_empty_cell(text):
    assert calculated(text, original="5.00", quantity="0") is None


def test_a_missing_value_is_an_empty_cell_however_it_is_used():
    for text in ("in_erp", "revised - in_erp", "in_erp * 0", "max(in_erp, 5)", "-in_erp", "abs(in_erp)"):
        assert calculated(text, revised="1", in_erp=None) is None, text


def test_what_is_too_large_to_show_is_an_empty_cell():
    assert calculated("original * original", original="9999999999999.99") is None
    assert calculated("*".join(["original"] * 15), original="9999999999999.99") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write what to calculate"),
        ("   ", "Write what to calculate"),
        ("revisd - in_erp", "Unknown column “revisd” at 1; did you mean revised?"),
        ("original - zzz", "Unknown column “zzz” at 12; there are original, modifications"),
        ("original -", "is missing; there is the end."),
        ("original - * 2", "is missing; there is “*” at 12."),
        ("original 2", "Between two values there must be + - * or /; there is “2” at 10."),
        ("2 original", "there is “original” at 3."),
        ("(original", "A closing parenthesis is missing; there is the end."),
        ("original)", "there is “)” at 9."),
        ("()", "there is “)” at 2."),
        ("original ** 2", "there is “*” at 11."),
        ("original ^ 2", "“^” at 10 cannot stand here."),
        ("original.real", "“.” at 9 cannot stand here."),
        ("original[0]", "“[” at 9 cannot stand here."),
        ("'a'", "“'” at 1 cannot stand here."),
        ("original % 2", "“%” at 10 cannot stand here."),
        ("1_000", "there is “_000” at 2."),
        ("1e9", "there is “e9” at 2."),
        ("1.2.3", "there is “.3” at 4."),
        ("٣ + 1", "“٣” at 1 cannot stand here."),
        ("оriginal", "“о” at 1 cannot stand here."),
        ("__import__(1)", "Unknown function “__import__” at 1. There are min, max, abs."),
        ("min(1)", "min at 1 takes 2 to 9 values; it has 1."),
        ("abs(1, 2)", "abs at 1 takes 1 values; it has 2."),
        ("min", "min at 1 wants its values in parentheses"),
        ("1234567890123456789", "The number at 1 has more than 18 digits."),
        ("(" * 21 + "1" + ")" * 21, "nested more than 20 deep at 21"),
        ("-" * 30 + "1", "nested more than 20 deep"),
        ("1+" * 100 + "1", "At most 200 characters; this has 201."),
        ("1 +\n\t\0", "cannot stand here"),
    ],
)
def test_what_cannot_be_calculated_is_refused_with_its_place(text, sentence):
    with pytest.raises(BadExpression) as refused:
        check(parse(text), COLUMNS)
    assert sentence in str(refused.value)


def test_columns_that_need_one_another_are_found():
    written = {"a": parse("b + 1"), "b": parse("original * c"), "c": parse("a"), "d": parse("a + original")}
    assert cycle(written) == ["a", "b", "c", "a"]
    assert cycle({"a": parse("a")}) == ["a", "a"]
    assert cycle({"a": parse("b + b"), "b": parse("original"), "c": parse("a + b")}) == []


DEGREES = {"original": 1, "revised": 1, "in_erp": 1, "quantity": 1, "unit_cost": 0, "share": 0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("revised - in_erp", 1),
        ("revised * 1.05 + 100", 1),
        ("-revised / 2", 1),
        ("max(revised - in_erp, 0)", 1),
        ("quantity * unit_cost", 1),
        ("original * share", 1),
        ("original / quantity", 0),
        ("(revised - in_erp) / revised", 0),
        ("original * original", 2),
        ("1 / original", -1),
        ("original + unit_cost", None),
        ("original / quantity + original", None),
        ("2 * 3", 0),
    ],
)
def test_amounts_add_up_and_ratios_do_not(text, expected):
    assert degree(parse(text), DEGREES) == expected


# -- properties ----------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=-(10**6), max_value=10**6, places=2, allow_nan=False)
leaves = st.one_of(
    st.builds(Number, st.decimals(min_value=0, max_value=999, places=2, allow_nan=False)),
    st.sampled_from(COLUMNS).map(lambda key: Name(key, 1)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda what, a, b: Apply(what, (a, b)), st.sampled_from("+-*"), inner, inner),
        st.builds(lambda a, b: Apply("/", (a, b)), inner, leaves),  # so that a divisor is zero or it is not
        st.builds(lambda what, a, b: Apply(what, (a, b)), st.sampled_from(("min", "max")), inner, inner),
        st.builds(lambda what, a: Apply(what, (a,)), st.sampled_from(("neg", "abs")), inner),
    ),
    max_leaves=8,
)
rows = st.fixed_dictionaries(dict.fromkeys(COLUMNS, amounts))


def written(node: Node) -> str:
    """The tree as a person would type it."""
    if isinstance(node, Number):
        return f"{node.value:f}"
    if isinstance(node, Name):
        return node.key
    inner = [written(given) for given in node.given]
    if node.what == "neg":
        return f"(-{inner[0]})"
    return f"({node.what.join(inner)})" if node.what in "+-*/" else f"{node.what}({', '.join(inner)})"


def exactly(node: Node, values: dict[str, Decimal]) -> Fraction:
    """The same with fractions, which never round. Raises ZeroDivisionError."""
    if isinstance(node, Number):
        return Fraction(node.value)
    if isinstance(node, Name):
        return Fraction(values[node.key])
    given = [exactly(inner, values) for inner in node.given]
    return {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "neg": lambda a: -a,
        "abs": abs,
        "min": min,
        "max": max,
    }[node.what](*given)


@given(trees, rows)
def test_every_result_is_what_fractions_say(tree, row):
    text = written(tree)
    if len(text) > 200:
        return
    found = evaluate(parse(text), row)
    try:
        exact = exactly(tree, row)
    except ZeroDivisionError:
        assert found is None
        return
    if found is None:
        assert abs(exact) >= 10**17
    else:
        assert abs(Fraction(found) - exact) <= abs(exact) / 10**20 + Fraction(1, 10**9)


@given(st.text(max_size=60))
def test_any_text_is_calculated_or_refused_with_a_sentence(text):
    try:
        node = parse(text)
        check(node, COLUMNS)
    except BadExpression as refused:
        assert str(refused).endswith((".", "?"))
    else:
        assert evaluate(node, dict.fromkeys(COLUMNS, Decimal("1.00"))) is None or names(node) is not None


linear = st.lists(st.tuples(st.sampled_from(COLUMNS[:4]), st.integers(-9, 9)), min_size=1, max_size=4).map(
    lambda terms: " + ".join(f"{factor} * {key}" for key, factor in terms)
)


@given(linear, st.lists(rows, max_size=6))
def test_a_sum_of_columns_gives_the_same_over_rows_as_from_totals(text, lines):
    node = parse(text)
    assert degree(node, dict.fromkeys(COLUMNS, 1)) == 1
    totals = {key: sum((line[key] for line in lines), Decimal("0.00")) for key in COLUMNS}
    assert sum((evaluate(node, line) for line in lines), Decimal(0)) == evaluate(node, totals)


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "-0.01"),
        ("2.675", 2, "2.68"),
        ("-0.004", 2, "0.00"),
        ("5", 1, "5.0"),
    ],
)
def test_what_is_shown_is_rounded_half_up(value, places, shown):
    assert str(rounded(Decimal(value), places)) == shown


def test_a_column_goes_on_with_what_was_not_rounded():
    third = calculated("original / 3", original="1.00")
    assert rounded(evaluate(parse("third * 3"), {"third": third}), 10) == Decimal(1)
