"""A recorded /describe of a real tenant as the profile: what it says counts, what it leaves open is profile.json's.

A description names resources, attributes, types, lengths and methods. It does not say which attribute plays which
part, nor keys and rules: those come from profile.json, found by the name, by `names.json` beside the recorded
files, or, where exactly one attribute of the same type has a name much like it, by that.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cmic_simulator.profile import OTHER, RESOURCES, Attribute, Profile, Resource

NAMES_FILE = "names.json"
ALIKE = 0.75
KINDS = {
    "string": "string",
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp"), "datetime"),
    **dict.fromkeys(("number", "decimal", "integer", "int", "long", "double", "float"), "decimal"),
}
VERBS = ("GET", "POST", "PATCH", "DELETE")
Described = Mapping[str, Mapping[str, Any]]  # resource -> its description


def load(paths: Iterable[Path]) -> Profile:
    """This function will read files, or folders of them, into a profile; ValueError says what is no description.

    Applications that no file describes stay as in profile.json.
    """
    names: dict[str, dict[str, str]] = {}
    told: list[Described] = []
    for file in _files(paths):
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise ValueError(f"{file} is not JSON: {problem}") from None
        if file.name == NAMES_FILE:
            names = body
        else:
            told.append(_resources(body, file))
    return declared(told, names=names)


def _files(paths: Iterable[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not any(file.name != NAMES_FILE for file in found):
        raise ValueError("there is no recorded description (*.json) to read")
    return found


def _resources(body: object, file: Path) -> Described:
    found = body.get("Resources") if isinstance(body, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise ValueError(f"{file} is not the answer of a /describe: it has no Resources")
    return found


def declared(told: Iterable[Described], *, names: Mapping[str, Mapping[str, str]]) -> Profile:
    """This function will make the profile of descriptions; `names` maps resource -> our name -> the tenant's."""
    resources, others, differences = dict(RESOURCES), {}, []
    seen: set[str] = set()
    described_roots: set[str] = set()
    for document in told:
        for name, one in document.items():
            if name in seen:
                raise ValueError(f"{name} is described twice")
            if name in RESOURCES:
                resources[name], found = _resource(RESOURCES[name], one, names.get(name, {}))
                differences += found
                seen.add(name)
        strange = {name: one for name, one in document.items() if name not in RESOURCES}
        for name in document if len(document) > 1 else ():
            # One resource alone was asked for by its own path: that says nothing of its neighbours.
            if name in RESOURCES:
                described_roots.add(RESOURCES[name].root)
                others[resources[name].root] = strange
    for name, resource in RESOURCES.items():
        if resource.root in described_roots and name not in seen:
            del resources[name]
            differences.append(f"{name} does not exist.")
    return Profile(resources=resources, others=others, differences=tuple(differences))


def _resource(
    base: Resource, told: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[Resource, list[str]]:
    entries = {str(e["name"]): e for e in told.get("attributes", ()) if isinstance(e, dict) and "name" in e}
    ours = {theirs: own for own, theirs in _roles(base, entries, names).items()}
    attributes = tuple(
        _attribute(base.by_name.get(ours.get(name, "")), entry) for name, entry in entries.items()
    )
    renamed = {own: theirs for theirs, own in ours.items() if own != theirs}
    said = [f"{base.name}: {own} is called {theirs}." for own, theirs in renamed.items()]
    said += [f"{base.name}: {own} does not exist." for own in base.by_name if own not in ours.values()]
    said += [line for one in attributes if one.name in base.by_name for line in _other(base, one)]
    extra = [name for name in entries if name not in ours]
    said += [f"{base.name}: {', '.join(extra)} beside what is known."] if extra else []
    verbs, path = _verbs(base, told), _path(base, told)
    said += [f"{base.name}: only {', '.join(verbs) or 'nothing'} is offered."] if verbs != base.verbs else []
    said += [f"{base.name} is at {path}."] if path != base.path else []
    rest = {name: value for name, value in told.items() if name not in ("attributes", "links")}
    return replace(
        base, path=path, verbs=verbs, attributes=attributes, recorded=rest or {"title": base.name}
    ), said


def _other(base: Resource, here: Attribute) -> list[str]:
    usual = base.by_name[here.name]
    facts = {
        name: (getattr(usual, name), getattr(here, name)) for name in ("length", "mandatory", "updatable")
    }
    return [
        f"{base.name}.{here.public}: {fact} is {now}, not {before}."
        for fact, (before, now) in facts.items()
        if before != now
    ]


def _roles(base: Resource, entries: Described, names: Mapping[str, str]) -> dict[str, str]:
    """Map our attribute names to the tenant's: as named, as `names` says, else by the likeness of the names."""
    roles = {own: names.get(own, own) for own in base.by_name if names.get(own, own) in entries}
    open_here = [own for own in base.by_name if own not in roles and own not in names]
    open_there = [theirs for theirs in entries if theirs not in roles.values()]
    pairs = [
        (SequenceMatcher(None, own, theirs).ratio(), own, theirs)
        for own in open_here
        for theirs in open_there
        if _kind(entries[theirs]) == base.by_name[own].type
    ]
    for ratio, own, theirs in sorted(pairs, reverse=True):
        if ratio >= ALIKE and own not in roles and theirs not in roles.values():
            roles[own] = theirs
    return roles


def _attribute(base: Attribute | None, told: Mapping[str, Any]) -> Attribute:
    name = str(told["name"])
    own = base or Attribute(name, name, OTHER, mandatory=False, updatable=True, queryable=True, length=None)
    kind = _kind(told)
    # A moment that the tenant calls a date is still kept to the second.
    same = "type" not in told or {kind, own.type} == {"date", "datetime"}
    return replace(
        own,
        public=name,
        type=own.type if same else kind,
        mandatory=_flag(told, "mandatory", own.mandatory),
        updatable=_flag(told, "updatable", own.updatable),
        queryable=_flag(told, "queryable", own.queryable),
        length=_number(told, "length", "maxLength", "precision", otherwise=own.length),
        decimals=_number(told, "scale", otherwise=own.decimals),
        recorded=told,
    )


def _kind(told: Mapping[str, Any]) -> str:
    return KINDS.get(str(told.get("type", "string")).lower(), OTHER)


def _flag(told: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    return told[name] if isinstance(told.get(name), bool) else otherwise


def _number(told: Mapping[str, Any], *names: str, otherwise: int | None) -> int | None:
    """The first of the facts that is a whole number, written as one or as text: both occur."""
    for name in names:
        text = str(told.get(name, ""))
        if text.isdigit():
            return int(text)
    return otherwise


def _verbs(base: Resource, told: Mapping[str, Any]) -> tuple[str, ...]:
    """The methods that the description offers; those of profile.json where it lists no actions."""
    groups = [
        told[group].get("actions") for group in ("collection", "item") if isinstance(told.get(group), dict)
    ]
    methods = {str(one.get("method")) for group in groups if group for one in group if isinstance(one, dict)}
    if base.actions or not methods:
        return base.verbs
    return tuple(verb for verb in VERBS if verb in methods)


def _path(base: Resource, told: Mapping[str, Any]) -> str:
    """Where the description's links lead, from the application on; else the path of profile.json."""
    for link in told.get("links", ()):
        if isinstance(link, dict) and link.get("rel") == "self":
            parts = urlsplit(str(link.get("href", ""))).path.strip("/").split("/")
            if base.app in parts and parts[-1] == base.name:
                return "/".join(parts[parts.index(base.app) :])
    return base.path
