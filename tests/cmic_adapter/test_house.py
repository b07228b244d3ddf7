"""One room holds what is CMiC's, and the adapter knows the port alone."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import cmic_adapter
from cmic_adapter import assumed, audit, names, report, wire

PACKAGE = Path(cmic_adapter.__file__).parent
FILES = sorted(PACKAGE.glob("*.py"))
USED = (*wire.NEEDED_TO_READ, *wire.NEEDED_TO_WRITE, *wire.GOOD_TO_HAVE)
PROFILE = json.loads((PACKAGE.parent / "cmic_simulator" / "profile.json").read_text())["resources"]


def literals(path: Path) -> set[str]:
    """Every text in a module, docstrings and names apart."""
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    }


def test_only_the_wire_holds_a_name_of_cmic():
    known = {attribute["name"] for resource in PROFILE.values() for attribute in resource["attributes"]}
    known |= set(PROFILE) | {resource["path"] for resource in PROFILE.values()}
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(known)))
    values = set(wire.JOB_STATUSES) | set(wire.TYPE_CLASSES) | set(wire.PENDING_TYPES) | {wire.NO_PARENT}
    for path in FILES:
        if path.name in ("wire.py", "audit.py", "assumed.py"):
            continue
        assert not [text for text in literals(path) if pattern.search(text)], path.name
        # The flags' values are an option that people write down, so options.py may know them.
        assert not literals(path) & (values - ({"Y", "N"} if path.name == "options.py" else set())), path.name


def test_every_name_of_the_wire_is_one_of_the_profile():
    for resource in USED:
        known = {attribute["name"]: attribute for attribute in PROFILE[resource.label]["attributes"]}
        assert PROFILE[resource.label]["path"] == resource.path
        assert set(resource.names) <= set(known)
        assert {resource.name(ours) for ours in resource.created + resource.patched} <= set(known)
        assert all(
            known[resource.name(ours)]["length"] == length for ours, length in resource.lengths.items()
        )


def test_what_is_assumed_is_what_the_profile_assumes():
    used = {r.label: names.needed(r) for r in USED}
    grades = {label: {a["name"]: a["evidence"] for a in PROFILE[label]["attributes"]} for label in used}
    guessed = {label: {n for n in named if grades[label][n] == "A"} for label, named in used.items()}
    assert {label: set(found) for label, found in assumed.NAMES.items()} == {
        k: v for k, v in guessed.items() if v
    }


def test_every_audit_time_is_one_of_the_profile_and_searchable():
    for resource in report.DATED:
        known = {attribute["name"]: attribute for attribute in PROFILE[resource.label]["attributes"]}
        assert all(known[name]["queryable"] for name in audit.names(resource))


def test_the_adapter_loads_without_django_and_with_nothing_of_ours_but_the_port():
    code = (
        "import sys, cmic_adapter.backend;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('django', 'celery', 'erp', 'budgets', 'projects', 'workflow', 'config', 'cmic_simulator')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(ast.literal_eval(told)) == {"erp", "erp.port"}


def test_files_stay_short_enough_to_read():
    assert max(len(path.read_text().splitlines()) for path in FILES) <= 320
