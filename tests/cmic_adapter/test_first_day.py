"""The first-day page lists every assumption that the code still makes, and every right that it needs."""

import re
from pathlib import Path

from cmic_adapter import assumed
from cmic_adapter.sight import RESOURCES

PAGE = (Path(assumed.__file__).parents[1] / "docs" / "cmic-first-day.md").read_text()


def test_every_assumed_name_is_on_the_page_and_the_page_names_no_other():
    table = PAGE.split("| resource | assumed names |")[1].split("| assumed behaviour |")[0]
    cells = [re.split(r" \| ", row)[1] for row in table.splitlines() if row.startswith("| ")]
    told = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert told == {name for names in assumed.NAMES.values() for name in names}


def test_every_behaviour_to_confirm_is_on_the_page():
    told = PAGE.split("| assumed behaviour |")[1].split("\n## ")[0]
    for sentence in assumed.MEANINGS:
        assert f"| {sentence.split(': ')[0]} |" in told


def test_every_right_we_need_is_asked_for():
    asked = PAGE.split("## 1.")[1].split("\n## ")[0]
    for resource in RESOURCES:
        assert f"`{resource.label}`" in asked
        if resource.methods[1:]:
            assert f"**{', '.join(resource.methods[1:])}** on `{resource.label}`" in asked
