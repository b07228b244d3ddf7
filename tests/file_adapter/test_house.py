"""The adapter knows the port alone, and writes in one room."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import file_adapter

FILES = sorted(Path(file_adapter.__file__).parent.glob("*.py"))


def test_the_adapter_loads_without_django_and_with_nothing_of_ours_but_the_port():
    code = (
        "import sys, file_adapter.backend;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('django', 'celery', 'httpx2', 'erp', 'budgets', 'projects', 'workflow', 'config', 'cmic_adapter')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(ast.literal_eval(told)) == {"erp", "erp.port"}


def test_only_the_disk_writes():
    writing = re.compile(
        r"\.(write_text|write_bytes|mkdir|unlink|rename|touch|rmtree)\(|os\.(replace|rename)|open\("
    )
    for path in FILES:
        if path.name != "disk.py":
            found = [line for line in path.read_text().splitlines() if writing.search(line)]
            harmless = ("_disk.rename", "parts.open")  # the second reads a workbook that is in memory
            assert [line for line in found if not any(one in line for one in harmless)] == [], path.name


def test_files_stay_short_enough_to_read():
    assert max(len(path.read_text().splitlines()) for path in FILES) <= 300
