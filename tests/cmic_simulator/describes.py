"""Recorded-looking descriptions of tenants, made from what the stand-in declares; `tests/describes/` keeps them.

    python -m tests.cmic_simulator.describes        writes the files anew

Each is the answer of /describe for all applications together, as a tenant of another make would give it.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cmic_simulator.messages import Target
from cmic_simulator.profile import BASE_PROFILE
from cmic_simulator.reading import describe

FOLDER = Path(__file__).parents[1] / "describes"
HOST = "https://cmic.example"
Description = dict[str, Any]


def own() -> Description:
    """What the stand-in itself declares."""
    resources: Description = {}
    for root in sorted(BASE_PROFILE.roots):
        resources |= describe(Target("describe", root=root), profile=BASE_PROFILE, host=HOST)["Resources"]
    return resources


def attribute(resources: Description, resource: str, name: str) -> dict[str, Any]:
    return next(a for a in resources[resource]["attributes"] if a["name"] == name)


def in_the_vendors_words(resources: Description) -> None:
    """Other words for the same facts: `number`, `timestamp`, figures as text, paths of another version."""
    words = {"decimal": "number", "datetime": "timestamp"}
    for resource in resources.values():
        for one in resource["attributes"]:
            one["type"] = words.get(one["type"], one["type"])
            if "length" in one:
                one["precision" if one["type"] == "number" else "maxLength"] = str(one.pop("length"))
            if one["type"] == "number":
                one["scale"] = 4 if one["name"].endswith("Units") else 2
            one["title"] = one["name"].removeprefix("Cmm")


def renamed_attribute(resources: Description) -> None:
    """The amount of a line and the date of a header have other names."""
    attribute(resources, "cmdetail", "CmdBudgAmt")["name"] = "CmdBudgetAmt"
    attribute(resources, "cmdetailunposted", "CmdBudgAmt")["name"] = "CmdBudgetAmt"
    attribute(resources, "cmmast", "CmmRefDate")["name"] = "CmmReferenceDate"


def no_pci_rights(resources: Description) -> None:
    """Change items may be read only."""
    for name in ("cmmast", "cmdetail"):
        resources[name]["collection"]["actions"] = [{"name": "get", "method": "GET"}]
        resources[name]["item"]["actions"] = [{"name": "get", "method": "GET"}]


def shorter_lengths(resources: Description) -> None:
    """Numbers, names and codes hold less."""
    for resource, name, length in (
        ("cmmast", "CmmCode", 8),
        ("cmmast", "CmmName", 60),
        ("cmdetail", "CmdChgCode", 8),
        ("jcjobcategory", "JcatPhsCode", 10),
    ):
        attribute(resources, resource, name)["length"] = length


def missing_resource(resources: Description) -> None:
    """Unposted lines and statuses are not there under these names."""
    del resources["cmdetailunposted"]
    resources["cmstatuses"] = resources.pop("cmstatus")


def more_is_wanted(resources: Description) -> None:
    """A header has a mandatory attribute and a free one that nobody has heard of."""
    facts = {"type": "string", "mandatory": True, "updatable": True, "queryable": True, "length": 4}
    resources["cmmast"]["attributes"] += [
        {"name": "CmmReasonCode", **facts},
        {"name": "CmmWeather", **facts, "mandatory": False},
    ]


VARIANTS: dict[str, Callable[[Description], None]] = {
    "as_declared": lambda resources: None,
    "vendor_words": in_the_vendors_words,
    "renamed_attribute": renamed_attribute,
    "no_pci_rights": no_pci_rights,
    "shorter_lengths": shorter_lengths,
    "missing_resource": missing_resource,
    "more_is_wanted": more_is_wanted,
}


def text_of(variant: str) -> str:
    """A variant as its file keeps it: an attribute a line."""
    resources = copy.deepcopy(own())
    VARIANTS[variant](resources)
    parts = []
    for name, resource in resources.items():
        attributes = resource.pop("attributes")
        lines = ",\n   ".join(json.dumps(one) for one in attributes)
        rest = json.dumps(resource)[1:]
        parts.append(f'  {json.dumps(name)}: {{"attributes": [\n   {lines}\n  ], {rest}')
    return '{"Resources": {\n' + ",\n".join(parts) + "\n}}\n"


def path_of(variant: str) -> Path:
    return FOLDER / f"{variant}.json"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in VARIANTS:
        path_of(each).write_text(text_of(each))
