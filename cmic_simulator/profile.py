"""What the stand-in declares: the resources and attributes of profile.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

# The type of an attribute of a recorded description whose word the stand-in does not know: taken as it comes.
OTHER = "other"
FILE = Path(__file__).with_name("profile.json")


@dataclass(frozen=True)
class Attribute:
    """One attribute; `name` is how rows keep it, `public` how callers see it (a tenant or a fault may rename it).

    `recorded` is what a recorded description said of it, kept word for word; empty for the profile's own.
    """

    name: str
    public: str
    type: str
    mandatory: bool
    updatable: bool
    queryable: bool
    length: int | None
    decimals: int | None = None
    recorded: Mapping[str, object] = field(default_factory=dict)

    @property
    def scale(self) -> int:
        """This property will say how many decimals the number may have."""
        if self.decimals is not None:
            return self.decimals
        return 4 if self.name.endswith("Units") else 2

    def described(self) -> dict[str, object]:
        """This function will return the attribute as /describe shows it."""
        if self.recorded:
            return {**self.recorded, "name": self.public}
        facts: dict[str, object] = {
            "name": self.public,
            "type": self.type,
            "mandatory": self.mandatory,
            "updatable": self.updatable,
            "queryable": self.queryable,
        }
        if self.length is not None:
            facts["length"] = self.length
        return facts


@dataclass(frozen=True)
class Resource:
    """One resource of the profile; `recorded` is what a recorded description says beside the attributes."""

    name: str
    path: str
    key: str
    unique: tuple[str, ...]
    verbs: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    actions: dict[str, list[str]]
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def app(self) -> str:
        """This property will give the application, e.g. `jc-rest-api`."""
        return self.path.split("/", 1)[0]

    @property
    def root(self) -> str:
        """This property will give the application root, e.g. `jc-rest-api/rest/1`."""
        return self.path.rsplit("/", 1)[0]

    @cached_property
    def by_public(self) -> dict[str, Attribute]:
        """This property will map the names callers use to attributes."""
        return {attribute.public: attribute for attribute in self.attributes}

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        """This property will map the names rows use to attributes."""
        return {attribute.name: attribute for attribute in self.attributes}

    @property
    def prefix(self) -> str:
        """This property will give the prefix of the attribute names, e.g. `Cmm`."""
        return self.key.removesuffix("VUuid")

    def altered(self, *, drop: set[str], rename: dict[str, str]) -> "Resource":
        """This function will return the resource as it looks after attributes were dropped or renamed."""
        if not drop and not rename:
            return self
        kept = tuple(
            replace(attribute, public=rename.get(attribute.name, attribute.public))
            for attribute in self.attributes
            if attribute.name not in drop
        )
        return replace(self, attributes=kept)


def _resource(name: str, raw: dict) -> Resource:
    attributes = tuple(
        Attribute(
            name=a["name"],
            public=a["name"],
            type=a["type"],
            mandatory=a["mandatory"],
            updatable=a["updatable"],
            queryable=a["queryable"],
            length=a.get("length"),
        )
        for a in raw["attributes"]
    )
    # postcm has no key in the profile: it is an action, no row of it is ever addressed.
    return Resource(
        name=name,
        path=raw["path"],
        key=raw["key"] or "PstVUuid",
        unique=tuple(raw["unique"] or ()),
        verbs=tuple(raw["verbs"]),
        attributes=attributes,
        actions=raw.get("actions", {}),
    )


def load() -> dict[str, Resource]:
    """This function will read profile.json into resources by name."""
    raw = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: _resource(name, entry) for name, entry in raw["resources"].items()}


RESOURCES = load()


@dataclass(frozen=True)
class Profile:
    """What one tenant declares: its resources by the names of profile.json, as its callers see them.

    `others` are resources of a recorded description that the stand-in does not play: described, not served.
    `differences` tells in sentences what is not as in profile.json.
    """

    resources: dict[str, Resource]
    others: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    @cached_property
    def by_path(self) -> dict[str, Resource]:
        """This property will map paths to resources."""
        return {resource.path: resource for resource in self.resources.values()}

    @cached_property
    def roots(self) -> set[str]:
        """This property will give the application roots, e.g. `jc-rest-api/rest/1`."""
        return {resource.root for resource in self.resources.values()} | set(self.others)

    @cached_property
    def apps(self) -> set[str]:
        """This property will give the applications, e.g. `jc-rest-api`."""
        return {root.split("/", 1)[0] for root in self.roots}

    def beside(self, name: str) -> tuple[str, ...]:
        """This function will return the attributes of a resource that profile.json does not know."""
        resource, known = self.resources.get(name), RESOURCES[name].by_name
        return tuple(a for a in resource.by_name if a not in known) if resource else ()


BASE_PROFILE = Profile(resources=RESOURCES)
