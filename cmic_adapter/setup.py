"""How one company is set up in CMiC: its types and statuses, and whether every name we need is there."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cmic_adapter import audit, wire
from cmic_adapter.adf import Attribute, Described
from cmic_adapter.client import Client
from cmic_adapter.options import CompanyOptions, options_of
from cmic_adapter.wire import ChangeStatus, ChangeType, Header, Resource
from erp.port import ErpCompany, ErpMisconfigured

Kept = TypeVar("Kept")
FRESH = 600.0  # seconds a look at the set-up counts


@dataclass(frozen=True)
class Setup:
    """A company's options, and the change types and statuses it has."""

    company: ErpCompany
    options: CompanyOptions
    types: tuple[ChangeType, ...]
    statuses: tuple[ChangeStatus, ...]

    def type_for(self, kind: str) -> ChangeType:
        """This function will return the type to use for a class; ErpMisconfigured when it is not plain."""
        return _only(
            [t for t in self.types if t.kind == kind],
            wanted=str(getattr(self.options, f"type_{kind}")),
            what=f"change type of class {kind}",
            setting=f"type_{kind}",
        )

    def staging(self) -> str:
        """This function will return the status a header has while we still write it."""
        early = [s for s in self.statuses if s.kind == "pre_pending"]
        late = [s for s in self.statuses if s.kind == "pending"]
        named = [s for s in early + late if s.code == self.options.status_staging]
        return self._status(named or early or late, "status_staging")

    def ready(self) -> str:
        """This function will return the status that lets an accountant post."""
        return self._status([s for s in self.statuses if s.kind == "approved"], "status_ready")

    def _status(self, found: list[ChangeStatus], setting: str) -> str:
        wanted = str(getattr(self.options, setting))
        return _only(found, wanted=wanted, what=f"status for {setting}", setting=setting).code

    def is_ready(self, header: Header) -> bool:
        """This function will say whether a header is in an approved status."""
        return self._kind(header.status) == "approved"

    def is_rejected(self, header: Header) -> bool:
        """This function will say whether the ERP's people rejected a header."""
        chosen = self.options.status_rejected
        return header.status == chosen if chosen else self._kind(header.status) == "rejected"

    def _kind(self, status: str) -> str:
        return next((s.kind for s in self.statuses if s.code == status), "")

    def kind_of_type(self, code: str) -> str:
        """This function will return the class of a change type, empty when it is unknown."""
        return next((t.kind for t in self.types if t.code == code), "")

    def complaints(self) -> list[str]:
        """This function will say what is missing or not plain, one sentence each."""
        kinds = ["internal"]
        kinds += ["transfer"] if self.options.transfer_for_balanced else []
        kinds += ["original"] if self.options.originals_on_started_jobs else []
        looks: list[Callable[[], object]] = [self.staging, self.ready]
        looks += [lambda kind=kind: self.type_for(kind) for kind in kinds]  # type: ignore[misc]
        return [said for look in looks if (said := _complaint(look))] + self._unknown_rejected()

    def _unknown_rejected(self) -> list[str]:
        chosen = self.options.status_rejected
        known = {s.code for s in self.statuses}
        return (
            [f"CMiC has no status {chosen}; correct status_rejected."]
            if chosen and chosen not in known
            else []
        )


Code = TypeVar("Code", ChangeType, ChangeStatus)


def _only(found: list[Code], *, wanted: str, what: str, setting: str) -> Code:
    fitting = [row for row in found if row.code == wanted] if wanted else found
    if len(fitting) == 1:
        return fitting[0]
    codes = ", ".join(row.code for row in found) or "none"
    if wanted:
        raise ErpMisconfigured(f"CMiC has no {what} {wanted}: it has {codes}; correct {setting}.")
    raise ErpMisconfigured(f"CMiC must have exactly one {what}, it has {codes}; set {setting}.")


def _complaint(look: Callable[[], object]) -> str:
    try:
        look()
    except ErpMisconfigured as error:
        return str(error)
    return ""


class Setups:
    """Looks at companies and at the description, each at most once in ten minutes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: dict[object, tuple[float, object]] = {}

    def of(self, company: ErpCompany) -> Setup:
        """This function will return how a company is set up; raises ErpUnavailable, ErpMisconfigured."""
        options = options_of(company)
        types, statuses = self._fresh(("company", company.code), lambda: self._look(company.code))
        return Setup(company=company, options=options, types=types, statuses=statuses)

    def _look(self, company: str) -> tuple[tuple[ChangeType, ...], tuple[ChangeStatus, ...]]:
        types = self._client.rows(wire.CHANGE_TYPES, wire.CHANGE_TYPES.where(company=company))
        statuses = self._client.rows(wire.CHANGE_STATUSES, wire.CHANGE_STATUSES.where(company=company))
        return tuple(types), tuple(statuses)

    def ensure_names(self) -> None:
        """This function will raise ErpMisconfigured unless every name that writing needs is described."""
        missing = self._fresh("names", lambda: self.missing_names(wire.NEEDED_TO_WRITE))
        if missing:
            raise ErpMisconfigured("Nothing is written to CMiC: " + " ".join(missing))

    def missing_names(self, resources: Iterable[Resource[Any]]) -> list[str]:
        """This function will compare what we need with the description, a sentence for each fault."""
        resources = list(resources)
        described: dict[str, Described] = {}
        for root in sorted({resource.root for resource in resources}):
            described.update(self._client.description(root))
        return [said for resource in resources for said in _faults(resource, described)]

    def tells_changes(self, resource: Resource[Any]) -> bool:
        """This function will say whether a dated resource can be searched by its audit times."""
        described = self._fresh(("root", resource.root), lambda: self._client.description(resource.root))
        found = described.get(resource.label)
        return found is not None and audit.is_searchable(resource, found.attributes)

    def forget(self) -> None:
        """This function will make the next look a new one."""
        self._kept.clear()

    @contextmanager
    def forgotten_when_wrong(self) -> Iterator[None]:
        """This function will let the next look be a new one when something in here is found to be misconfigured:
        an administrator puts it right and verifies it, perhaps in another process."""
        try:
            yield
        except ErpMisconfigured:
            self.forget()
            raise

    def _fresh(self, name: object, look: Callable[[], Kept]) -> Kept:
        kept = self._kept.get(name)
        if kept is None or time.monotonic() - kept[0] > FRESH:
            kept = self._kept[name] = (time.monotonic(), look())
        return kept[1]  # type: ignore[return-value]


def _faults(resource: Resource[Any], described: Mapping[str, Described]) -> list[str]:
    found = described.get(resource.label)
    if found is None:
        return [f"CMiC does not describe {resource.label}{_candidates(resource.label, described)}."]
    attributes = found.attributes
    written = [resource.name(ours) for ours in resource.created]
    changed = [resource.name(ours) for ours in resource.patched]
    needed = dict.fromkeys([*resource.names, *written, *changed])
    missing = [name for name in needed if name not in attributes]
    others = set(attributes) - set(needed)
    said = [f"{resource.label} has no attribute {name}{_candidates(name, others)}." for name in missing]
    said += [
        f"{resource.label}.{name} cannot be changed in CMiC."
        for name in changed
        if name in attributes and attributes[name].fixed
    ]
    said += [
        f"{resource.label} wants {name}, which we do not know to fill."
        for name, attribute in attributes.items()
        if written and attribute.mandatory and name not in written and not missing
    ]
    return said + _short(resource, attributes) + _not_offered(resource, found)


def _not_offered(resource: Resource[Any], found: Described) -> list[str]:
    lacking = [method for method in resource.methods if found.methods and method not in found.methods]
    if not lacking:
        return []
    return [f"CMiC does not offer {', '.join(lacking)} on {resource.label}; ask its administrator for that."]


def _short(resource: Resource[Any], attributes: Mapping[str, Attribute]) -> list[str]:
    needed = {resource.name(ours): length for ours, length in resource.lengths.items()}
    taken = {name: attributes[name].length for name in needed if name in attributes}
    return [
        f"{resource.label}.{name} takes {length} characters, we need {needed[name]}."
        for name, length in taken.items()
        if length is not None and length < needed[name]
    ]


def _candidates(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.7)
    return f"; likely candidates: {', '.join(near)}" if near else ""
