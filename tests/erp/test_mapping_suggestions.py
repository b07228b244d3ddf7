"""Which code may be meant: equal but for the writing, then by name, then by the beginning; each says why."""

import pytest

from erp.mapping.suggestions import Candidate, Suggester

THEIRS = [
    Candidate("03300", "Cast-in-place concrete"),
    Candidate("03.31", "Structural concrete"),
    Candidate("9-68-0", "Carpeting"),
    Candidate("A-100", "Foundations"),
    Candidate("22000", "Plumbing fixtures and equipment"),
    Candidate("22100", "Plumbing pumps"),
]


def first(code: str, name: str = ""):
    found = Suggester(THEIRS).suggest(code, name)
    return (found[0].code, found[0].why) if found else None


@pytest.mark.parametrize(
    ("code", "meant", "why"),
    [
        ("03-300", "03300", "the same code but for punctuation or case"),
        ("a100", "A-100", "the same code but for punctuation or case"),
        ("09-68-00", "9-68-0", "the same code but for leading zeros"),
        ("3300", "03300", "the same code but for leading zeros"),
        ("O33OO", "03300", "the same code but for letters that look like digits"),
        ("03302", "03300", "a code that begins alike"),
    ],
)
def test_a_code_is_recognised_however_it_is_written(code, meant, why):
    assert first(code) == (meant, why)


@pytest.mark.parametrize(
    ("name", "meant", "why"),
    [
        ("CARPETING", "9-68-0", "the same name"),
        ("Plumbing fixtures & equipment", "22000", "a name much alike"),
        ("Cast in place concrete", "03300", "a name much alike"),
    ],
)
def test_a_name_is_recognised(name, meant, why):
    assert first("ZZ", name) == (meant, why)


def test_what_resembles_nothing_gets_no_suggestion():
    assert first("ZZ", "Landscaping") is None
    assert first("", "") is None
    assert first("--", "") is None


def test_the_likeliest_comes_first_each_once_and_three_at_most():
    found = Suggester(THEIRS).suggest("03-300", "Structural concrete")
    assert [one.code for one in found] == ["03300", "03.31"]
    many = [Candidate(f"{n}", "Concrete work") for n in range(50)]
    assert len(Suggester(many).suggest("ZZ", "Concrete work")) == 3
