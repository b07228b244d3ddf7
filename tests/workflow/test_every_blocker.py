"""No rule without a test that shows it and a test that shows how people get rid of it."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from tests.workflow.cases import REMOVED, SHOWN, removes, shows
from workflow.blockers import CODES, Found, Kind, blocker

TESTS = Path(__file__).parents[1]
MODULES = sorted(TESTS.glob("*/test_blockers*.py"))


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    """Every module of blocker tests, imported whatever this run was asked to collect."""
    names = [".".join(path.relative_to(TESTS.parent).with_suffix("").parts) for path in MODULES]
    return {name: importlib.import_module(name) for name in names}


def lacking(register: dict[str, list[str]]) -> list[str]:
    return sorted(set(CODES) - set(register))


def test_every_blocker_has_a_test_that_shows_it(modules):
    assert lacking(SHOWN) == []


def test_every_blocker_has_a_test_that_removes_it(modules):
    assert lacking(REMOVED) == []


def test_no_test_speaks_of_a_blocker_that_is_gone(modules):
    here = {code for code, tests in {**SHOWN, **REMOVED}.items() if not all(__name__ in t for t in tests)}
    assert sorted(here - set(CODES)) == []


def test_every_marked_function_is_a_test_that_pytest_finds(modules):
    for name in {name for tests in [*SHOWN.values(), *REMOVED.values()] for name in tests}:
        module, _, function = name.partition(":")
        if module in modules:
            assert function.startswith("test_"), name
            assert getattr(modules[module], function).__module__ == module, name


def test_two_marked_tests_never_share_a_name(modules):
    """The second would replace the first, whose marks would then promise nothing."""
    for path in MODULES:
        names = [line for line in path.read_text().splitlines() if line.startswith("def test_")]
        defined = [line.partition("(")[0] for line in names]
        assert len(defined) == len(set(defined)), path.name


def test_a_rule_that_somebody_adds_without_tests_is_named(modules):
    before = lacking(SHOWN), lacking(REMOVED)

    @blocker("nobody_tested_this", Kind.PROBLEM)
    def rule(obj: object, user: object) -> Found:
        return Found("Something is wrong.")

    try:
        after = lacking(SHOWN), lacking(REMOVED)
        assert [set(new) - set(old) for old, new in zip(before, after, strict=True)] == [
            {"nobody_tested_this"},
            {"nobody_tested_this"},
        ]
    finally:
        del CODES["nobody_tested_this"]


def test_a_mark_on_a_test_that_never_meets_the_blocker_fails():
    def test_that_looks_at_nothing() -> None:
        pass

    for mark in (shows, removes):
        try:
            with pytest.raises(AssertionError, match="budget_empty"):
                mark("budget_empty")(test_that_looks_at_nothing)()
        finally:
            for register in (SHOWN, REMOVED):
                register["budget_empty"] = [
                    t for t in register.get("budget_empty", []) if "looks_at_no" not in t
                ]
