"""How one code becomes another: table before rules before identity, whole codes, in a time nobody can stretch."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.mapping.resolving import Means, Rule, given_by, match, resolve, wrong_with, wrong_with_all

KNOWN = {"03000", "0330", "09-68-00"}
TEXT = st.text(alphabet="0a-*?", max_size=12)


def resolved(code, *, table=None, rules=(), known=KNOWN):
    return resolve(
        code, table=table or {}, rules=rules, identity={one: one for one in known}, known=frozenset(known)
    )


def test_the_table_comes_before_the_rules_and_the_rules_before_identity():
    rules = [Rule("09-*", "03000")]
    assert resolved("09-68-00").means is Means.IDENTITY
    assert (resolved("09-68-00", rules=rules).target, resolved("09-68-00", rules=rules).rule) == ("03000", 1)
    tabled = resolved("09-68-00", rules=rules, table={"09-68-00": "0330"})
    assert (tabled.target, tabled.means) == ("0330", Means.TABLE)


def test_the_first_rule_that_fits_decides():
    rules = [Rule("03-3*", "0330"), Rule("03-*", "03000")]
    assert [resolved(code, rules=rules).target for code in ("03-30-00", "03-15-00")] == ["0330", "03000"]


def test_a_rule_whose_code_the_erp_lacks_leaves_the_code_unmapped_and_says_so():
    rules = [Rule("09-*", "9$1"), Rule("09-*-00", "03000")]
    lost = resolved("09-68-00", rules=rules)
    assert (lost.target, lost.means, lost.rule) == ("", None, 1)
    assert lost.why == "rule 1 (09-* → 9$1) gives 968-00, which is unknown"


@pytest.mark.parametrize(
    ("pattern", "code", "stars"),
    [
        ("03-*", "03-30-00", ["30-00"]),
        ("03-*", "03-", [""]),
        ("03-*", "103-30", None),
        ("*-00", "03-30-00", ["03-30"]),
        ("*-*-00", "03-30-00", ["03", "30"]),
        ("*-*", "03-30-00", ["03", "30-00"]),
        ("??-*", "03-30", ["30"]),
        ("??-*", "3-30", None),
        ("03-30", "03-30", []),
        ("03-30", "03-301", None),
        ("a*a", "a", None),
        ("a*a", "aa", [""]),
        ("03-*", "03-30\n", ["30\n"]),
        ("3.*", "3030", None),
        ("A*", "a1", None),
    ],
)
def test_a_pattern_is_laid_over_the_whole_code(pattern, code, stars):
    assert match(pattern, code) == stars


@given(TEXT, st.text(alphabet="0a-", max_size=12))
def test_a_pattern_fits_exactly_what_the_same_regular_expression_fits(pattern, code):
    shape = "".join({"*": "(.*?)", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    same = re.fullmatch(shape, code, re.DOTALL)
    found = match(pattern, code)
    assert (found is None) == (same is None)
    if found is not None:
        rebuilt = iter(found)
        parts = [next(rebuilt) if letter == "*" else letter for letter in pattern]
        assert len("".join(parts)) == len(code)


def test_what_the_stars_stood_for_is_put_where_the_rule_says():
    assert given_by(Rule("*-*-*", "$1$2.$3"), "03-30-00") == "0330.00"
    assert given_by(Rule("*-*", "$2-$1-$2"), "a-b") == "b-a-b"
    assert given_by(Rule("03*", "x"), "04") is None


def test_no_pattern_takes_long_whatever_was_typed():
    """A regular expression of this shape would take longer than the universe has."""
    started = time.process_time()
    assert match("a*a*a*a*b", "a" * 40) is None
    assert match("*a*a*a*a*a*a*a*a*a*a*a*a*b", "a" * 200) is None
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("pattern", "gives", "said"),
    [
        ("", "03000", "Write both"),
        ("03-*", "", "Write both"),
        ("03-*", "0$2", "$2 stands for no star of the pattern: use $1."),
        ("03-00", "0$1", "use no $, as the pattern has no star"),
        ("*-*", "$3", "use $1 to $2"),
        ("*", "$", "$ stands for no star"),
        ("*", "$x", "$x stands for no star"),
        ("*", "$²", "stands for no star"),
        ("*", "03*", "write $1 for what the first star stood for"),
        ("*-*-*-*-*", "x", "at most 4"),
        ("0" * 41, "x", "41 characters"),
        ("03- *", "x\u200b", "cannot be seen"),
        (" 03", "x", "begins or ends with a space"),
    ],
)
def test_a_rule_that_cannot_be_kept_says_what_to_do(pattern, gives, said):
    assert said in wrong_with(Rule(pattern, gives))


def test_one_pattern_cannot_lead_to_two_codes():
    wrong = wrong_with_all([Rule("03-*", "03000"), Rule("04-*", "x"), Rule("03-*", "0330")])
    assert wrong == {2: "03-* is rule 1 already. One code cannot become two: keep one."}
