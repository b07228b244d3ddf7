"""How one company is set up in CMiC: its types and statuses, and whether every name we need is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cmic_adapter import audit, names, wire
from cmic_adapter.adf import Described
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
        return [said for look in looks if (said := complaint(look))] + self._unknown_rejected()

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


def complaint(look: Callable[[], object]) -> str:
    """This function will return the sentence that a look at the set-up raises, empty when it raises none."""
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
        return [fault.sentence for resource in resources for fault in names.faults(resource, described)]

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
