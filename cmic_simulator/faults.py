"""Faults: which requests they meet, how often, and what they are."""

import random
import threading
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cmic_simulator.messages import Request, Target, is_write
from cmic_simulator.profile import RESOURCES, Resource
from cmic_simulator.table import Table

# fault -> (requests it can meet, parameters with defaults)
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "refuse": ("any", {"message": "The request was refused.", "code": "JBO-27019"}),
    "refuse_nth_line": ("write", {"n": 1, "message": ""}),
    "reset_before": ("any", {}),
    "hang_before": ("any", {}),
    "hang_after_commit": ("write", {}),
    "reset_after_commit": ("write", {}),
    "error500_after_commit": ("write", {}),
    "truncate_after_commit": ("write", {}),
    "late_commit": ("write", {"seconds": 5, "then": "hang"}),
    "stale_read": ("read", {}),
    "429": ("any", {"retry_after": None}),
    "503_html": ("any", {"retry_after": None}),
    "401": ("any", {}),
    "403": ("any", {}),
    "413": ("any", {}),
    "login_html_200": ("any", {}),
    "bad_json": ("any", {}),
    "page_drift": ("page", {"shift": 1}),
    "duplicate_across_pages": ("page", {"rows": 1}),
    "has_more_with_nothing": ("read", {}),
    "truncate_strings": ("any", {"length": 10, "attributes": None}),
    "round_amounts": ("any", {"digits": 0}),
    "rename_attribute": ("standing", {"from": "", "to": ""}),
    "drop_attribute": ("standing", {"attribute": ""}),
    "slow": ("any", {"seconds": 1}),
    "custom_answer": (
        "any",
        {"status": 200, "body": "", "content_type": "application/json", "headers": {}, "serve": False},
    ),
}
MATCHES = {"method", "resource", "kind", "contains", "nth", "every", "probability", "seed"}


@dataclass
class Fault:
    """One fault that was set; `times` None means until it is deleted."""

    number: int
    kind: str
    match: dict[str, Any]
    times: int | None
    parameters: dict[str, Any]
    chance: random.Random
    seen: int = 0
    fired: int = 0
    tables: dict[str, Table] = field(default_factory=dict)
    lines: dict[tuple, list[tuple]] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """This function will return the fault for JSON, with how often it was met and fired."""
        shown = {"id": self.number, "fault": self.kind, "match": self.match, "times": self.times}
        return {**shown, **self.parameters, "seen": self.seen, "fired": self.fired}

    def fires(self, request: Request, target: Target) -> bool:
        """This function will count a request that fits and say whether the fault happens to it."""
        spent = self.times is not None and self.fired >= self.times
        if spent or not self.fits(request, target):
            return False
        self.seen += 1
        if not self._chosen():
            return False
        if self.kind == "refuse_nth_line" and not self._is_nth_line(request):
            return False
        self.fired += 1
        return True

    def fits(self, request: Request, target: Target) -> bool:
        """This function will say whether the fault is about this kind of request at all."""
        meets = KINDS[self.kind][0]
        write = is_write(request.method)
        if meets == "standing" or (meets == "write" and not write) or (meets in ("read", "page") and write):
            return False
        if meets == "page" and request.query.get("offset", "0") in ("", "0"):
            return False
        for name, value in (("method", request.method), ("resource", target.name), ("kind", target.kind)):
            if name in self.match and value not in _several(self.match[name]):
                return False
        return self.match.get("contains", "") in request.searchable

    def _chosen(self) -> bool:
        if "nth" in self.match:
            return self.seen in [int(n) for n in _several(self.match["nth"])]
        if "every" in self.match:
            return self.seen % int(self.match["every"]) == 0
        if "probability" in self.match:
            return self.chance.random() < float(self.match["probability"])
        return True

    def _is_nth_line(self, request: Request) -> bool:
        # The line is known by its codes, so sending it again does not make it another line.
        try:
            payload = request.json()
        except ValueError:
            return False
        pci = tuple(payload.get(name) for name in ("CmdCompCode", "CmdMastJobCode", "CmdChgCode"))
        line = tuple(payload.get(name) for name in ("CmdJobCode", "CmdPhsCode", "CmdCatCode"))
        if request.method != "POST" or None in pci or None in line:
            return False
        lines = self.lines.setdefault(pci, [])
        if line not in lines:
            lines.append(line)
        return lines.index(line) + 1 == int(self.parameters["n"])


def _several(value: object) -> list:
    return value if isinstance(value, list) else [value]


class Faults:
    """All faults that are set; the first that fires decides what happens to a request."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._number = 0
        self._lock = threading.Lock()

    def add(self, entry: dict) -> Fault:
        """This function will set a fault from its JSON form; anything unknown raises ValueError."""
        entry = dict(entry)
        kind, match, times = entry.pop("fault", None), entry.pop("match", None) or {}, entry.pop("times", 1)
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind}; known are {', '.join(KINDS)}")
        defaults = KINDS[kind][1]
        for names, known, what in ((entry, defaults, "parameter"), (match, MATCHES, "match")):
            unknown = sorted(set(names) - set(known))
            if unknown:
                raise ValueError(
                    f"{kind}: unknown {what} {', '.join(unknown)}; known are {', '.join(sorted(known))}"
                )
        parameters = {**defaults, **entry}
        _check(kind, match, parameters)
        with self._lock:
            self._number += 1
            fault = Fault(
                number=self._number,
                kind=kind,
                match=match,
                times=None if times is None else int(times),
                parameters=parameters,
                chance=random.Random(int(match.get("seed", 0))),
            )
            self._faults.append(fault)
        return fault

    def pick(self, request: Request, target: Target) -> Fault | None:
        """This function will return the fault that happens to a request; every fitting fault counts it."""
        if not self._faults:
            return None
        with self._lock:
            firing = None
            for fault in self._faults:
                if firing is None:
                    firing = fault if fault.fires(request, target) else None
                elif fault.fits(request, target):
                    fault.seen += 1
            return firing

    def remove(self, number: int | None = None) -> None:
        """This function will delete one fault, or all."""
        with self._lock:
            self._faults = [f for f in self._faults if number is not None and f.number != number]

    def listed(self) -> list[dict]:
        """This function will return all faults for JSON."""
        with self._lock:
            return [fault.as_dict() for fault in self._faults]

    def schema_changes(self) -> tuple[dict[str, set[str]], dict[str, dict[str, str]]]:
        """This function will return the attributes dropped and renamed at present, by resource."""
        drop: dict[str, set[str]] = {}
        rename: dict[str, dict[str, str]] = {}
        with self._lock:
            for fault in self._faults:
                given = fault.parameters
                if fault.kind == "drop_attribute":
                    drop.setdefault(fault.match["resource"], set()).add(given["attribute"])
                if fault.kind == "rename_attribute":
                    rename.setdefault(fault.match["resource"], {})[given["from"]] = given["to"]
        return drop, rename


def _check(kind: str, match: dict, parameters: dict) -> None:
    for name in _several(match.get("resource", [])):
        if name not in RESOURCES:
            raise ValueError(f"{kind}: unknown resource {name}")
    if kind == "late_commit" and parameters["then"] not in ("hang", "reset", "500"):
        raise ValueError("late_commit: then is hang, reset or 500")
    if kind in ("rename_attribute", "drop_attribute"):
        resource = match.get("resource")
        attribute = parameters.get("from") or parameters.get("attribute")
        if not isinstance(resource, str) or attribute not in RESOURCES[resource].by_name:
            raise ValueError(f"{kind}: match.resource and an attribute of it are needed")
        if kind == "rename_attribute" and not parameters["to"]:
            raise ValueError("rename_attribute: `to` is needed")


def bend(values: dict, *, resource: Resource, fault: Fault) -> None:
    """This function will cut the texts or round the amounts of one item in place, as the fault says."""
    for attribute in resource.attributes:
        value = values.get(attribute.public)
        if fault.kind == "round_amounts" and attribute.type == "decimal" and isinstance(value, Decimal):
            step = Decimal(1).scaleb(-int(fault.parameters["digits"]))
            values[attribute.public] = value.quantize(step, ROUND_HALF_UP)
        if fault.kind == "truncate_strings" and attribute.type == "string" and isinstance(value, str):
            chosen = fault.parameters["attributes"]
            if attribute.public in chosen if chosen else attribute.name != resource.key:
                values[attribute.public] = value[: int(fault.parameters["length"])]
