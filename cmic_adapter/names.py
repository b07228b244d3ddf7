"""What we need of a resource, compared with what `/describe` says of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cmic_adapter.adf import Attribute, Described
from cmic_adapter.wire import Resource


@dataclass(frozen=True)
class Fault:
    """Something we need that is not there or not as needed; `candidates` are the names that may be meant."""

    sentence: str
    candidates: tuple[str, ...] = ()
    is_right: bool = False  # it is there, but not for us


def needed(resource: Resource[Any]) -> list[str]:
    """This function will return the attributes that we read or write, each once."""
    written = [resource.name(ours) for ours in (*resource.created, *resource.patched)]
    return list(dict.fromkeys([*resource.names, *written]))


def faults(resource: Resource[Any], described: Mapping[str, Described]) -> list[Fault]:
    """This function will compare what we need of a resource with the descriptions by name."""
    found = described.get(resource.label)
    if found is None:
        return [_absent(f"CMiC does not describe {resource.label}", resource.label, described)]
    attributes = found.attributes
    missing = [name for name in needed(resource) if name not in attributes]
    others = set(attributes) - set(needed(resource))
    said = [_absent(f"{resource.label} has no attribute {name}", name, others) for name in missing]
    said += [Fault(one) for one in _unfit(resource, attributes, complete=not missing)]
    return said + [Fault(one, is_right=True) for one in _not_offered(resource, found)]


def _absent(sentence: str, name: str, known: Iterable[str]) -> Fault:
    near = tuple(difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.7))
    return Fault(f"{sentence}; likely candidates: {', '.join(near)}." if near else f"{sentence}.", near)


def _unfit(resource: Resource[Any], attributes: Mapping[str, Attribute], *, complete: bool) -> list[str]:
    written = [resource.name(ours) for ours in resource.created]
    changed = [resource.name(ours) for ours in resource.patched]
    said = [
        f"{resource.label}.{name} cannot be changed in CMiC."
        for name in changed
        if name in attributes and attributes[name].fixed
    ]
    said += [
        f"{resource.label} wants {name}, which we do not know to fill."
        for name, attribute in attributes.items()
        if written and attribute.mandatory and name not in written and complete
    ]
    return said + _short(resource, attributes)


def _short(resource: Resource[Any], attributes: Mapping[str, Attribute]) -> list[str]:
    longest = {resource.name(ours): length for ours, length in resource.lengths.items()}
    taken = {name: attributes[name].length for name in longest if name in attributes}
    return [
        f"{resource.label}.{name} takes {length} characters, we need {longest[name]}."
        for name, length in taken.items()
        if length is not None and length < longest[name]
    ]


def _not_offered(resource: Resource[Any], found: Described) -> list[str]:
    lacking = [method for method in resource.methods if found.methods and method not in found.methods]
    if not lacking:
        return []
    return [f"CMiC does not offer {', '.join(lacking)} on {resource.label}; ask its administrator for that."]
