"""Every refusal that CMiC's stand-in can word is explained, and so are the codes of Oracle below it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cmic_adapter
import cmic_simulator
from cmic_adapter import adf, dictionary
from erp.port import Place
from erp.refusals import own_advice
from erp.refusals.advice import NAMED, Dictionary, compiled, filled

ENTRIES = dictionary.entries()
KNOWN = Dictionary(own=(), built_in=ENTRIES)
SIMULATOR, ADAPTER = (Path(package.__file__).parent for package in (cmic_simulator, cmic_adapter))
RULES = ("book", "operations", "posting", "rules_budget", "rules_pci", "service", "values", "writing")
WORDED_BY = ("refused", "Detail", "not_found")  # what turns a text into a refusal
FILLED = frozenset({"job", "cost_code", "cost_type", "number", "erp"})  # known of any document
OURS_ALONE = frozenset({"line_refused", "document_refused"})  # say that nothing is known


def wording(node: ast.expr) -> str:
    """A literal or an f-string, with a code in each place; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(wording(part) or "X-1" for part in node.values)
    return ""


def refusals(path: Path) -> Iterator[str]:
    """The texts that a module of the stand-in refuses with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WORDED_BY and node.args:
            text = wording(node.args[0])
            if " " in text:
                yield f"{text} was not found." if getattr(node.func, "id", "") == "not_found" else text
        if isinstance(node, ast.Return) and node.value is not None:
            for part in ast.walk(node.value):
                if isinstance(part, ast.JoinedStr) and wording(part).startswith("Value "):
                    yield wording(part)


TEXTS = sorted({text for name in RULES for text in refusals(SIMULATOR / f"{name}.py")})


def test_the_stand_ins_texts_are_found():
    assert len(TEXTS) >= 35
    assert "Cost Code Code X-1 with Category Code X-1 is not active on job X-1." in TEXTS


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "shape", ["{}", "rejected (HTTP 400): JBO-27019: {}", "rejected (HTTP 200): ERROR: {}"]
)
def test_every_refusal_of_the_stand_in_is_explained(shape: str, text: str):
    assert KNOWN.explain(shape.format(text)) is not None


@pytest.mark.parametrize(
    ("text", "code", "meaning"),
    [
        (
            "rejected (HTTP 400): JBO-27019: Cost Code Code 03-100 is not active on job 2401.",
            "cost_code_inactive",
            "Cost code 03-100 is not active on job 2401 in CMiC.",
        ),
        (
            "Cost Code Code 03-100 with Category Code L is not active on job 2401.",
            "cost_code_inactive",
            "Cost code 03-100 is not active on job 2401 in CMiC.",
        ),
        (
            "JBO-27019: Cost Code Code 0100 with Category Code M is not assigned to job 24-1.",
            "not_assigned",
            "Cost code 0100 with cost type M is not set up on job 24-1 in CMiC.",
        ),
        (
            "JBO-25013: Too many objects match: ORA-00001: unique constraint (DA.X_PK) violated.",
            "duplicate_key",
            "CMiC has an entry with this key already.",
        ),
        (
            "JBO-25014: Another user has changed the row with primary key oracle.jbo.Key[7].",
            "changed_meanwhile",
            "",
        ),
        (
            "JBO-26080: Error while selecting entity for Cmmast. ORA-00054: resource busy",
            "locked_by_somebody",
            "",
        ),
        ("ORA-20001: Contract is on hold", "rule_of_the_company", ""),
        ("ORA-12899: value too large for column DA.CMMAST.CMM_NAME (actual: 201)", "value_too_long", ""),
        ("rejected (HTTP 413): Request Entity Too Large.", "too_much_at_once", ""),
        ("The period of 2026-11-20 is closed for company 001.", "period_closed", ""),
        ("WSD-0400 JBO-27014: Attribute CmmName in Cmmast is required.", "value_missing", ""),
    ],
)
def test_a_text_is_explained_with_what_it_names(text: str, code: str, meaning: str):
    hit = KNOWN.explain(text)
    assert hit is not None and hit.advice.code == code
    if meaning:
        assert filled(hit.advice.meaning, hit.values) == meaning


def test_nothing_is_explained_by_chance():
    for text in ("Not today.", "Error", "JBO", "", "rejected (HTTP 400)", "The job is fine."):
        assert KNOWN.explain(text) is None


def test_every_finding_of_the_adapter_and_of_tieback_has_an_entry():
    told: set[str] = {refusal.code for refusal in adf.REFUSALS}
    for path in ADAPTER.glob("*.py"):
        told |= set(re.findall(r'code="(\w+)"', path.read_text()))
        told |= set(re.findall(r'_fault\(document, [\w.]+, "(\w+)"', path.read_text()))
    explained = {entry.code for entry in (*ENTRIES, *own_advice.OWN_ADVICE)}
    assert told - OURS_ALONE - explained == set()


def test_every_entry_can_be_read_by_people():
    assert len({entry.code for entry in ENTRIES}) == len(ENTRIES)
    for entry in (*ENTRIES, *own_advice.OWN_ADVICE):
        assert entry.meaning.endswith(".") and entry.steps, entry.code
        assert all(step.endswith(".") for step in entry.steps), entry.code
        names = [compiled(pattern).names for pattern in entry.matches]
        wanted = {name for text in (entry.meaning, *entry.steps) for name in NAMED.findall(text)} - FILLED
        assert wanted <= set().union(*names), entry.code
        assert entry.place in Place
