"""What a look at a tenant has seen so far: the sentences, and what the later ones need of the earlier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cmic_adapter import adf, wire
from cmic_adapter.adf import Described
from cmic_adapter.client import Client
from cmic_adapter.meanings import Kind
from cmic_adapter.setup import Setup, Setups
from cmic_adapter.wire import Resource
from erp.port import CheckItem, CheckState, ErpCompany

RESOURCES = tuple({r.label: r for r in (*wire.NEEDED_TO_READ, *wire.NEEDED_TO_WRITE)}.values())
CONNECTION, NAMES, RIGHTS, COMPANY = "Connection", "Names", "Rights", "Company"
WAYS, COSTS, CONFIRM, LIMITS = "Ways into CMiC", "Costs to date", "Cannot be seen from here", "Limits"
SILENT = {Kind.NOT_SENT, Kind.NO_ANSWER, Kind.SERVER_ERROR, Kind.GARBLED, Kind.THROTTLED}


@dataclass
class Sight:
    """One look at one company."""

    client: Client
    setups: Setups
    company: ErpCompany
    found: list[CheckItem] = field(default_factory=list)
    described: dict[str, Described] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)  # labels of resources that are not as needed
    readable: set[str] = field(default_factory=set)
    setup: Setup | None = None

    def say(self, area: str, state: CheckState, sentence: str, candidates: tuple[str, ...] = ()) -> None:
        """This function will add a sentence."""
        self.found.append(CheckItem(area, state, sentence, candidates))

    def missing(
        self, area: str, resource: Resource[Any], sentence: str, candidates: tuple[str, ...] = ()
    ) -> None:
        """This function will add a sentence about a resource that is not as needed, and remember that."""
        self.faulty.add(resource.label)
        self.say(area, CheckState.MISSING, sentence, candidates)

    def usable(self, *resources: Resource[Any]) -> bool:
        """This function will say whether all of these can be read and are as needed."""
        return all(r.label in self.readable and r.label not in self.faulty for r in resources)

    def count(self, resource: Resource[Any], **where: str) -> int:
        """This function will ask how many rows the company has, of those that we see."""
        query = adf.probe_query(resource, where=resource.where(company=self.company.code, **where))
        page = adf.read_page(self.client.ask(resource.path, query).body)
        return (page.total if page.total is not None else len(page.items)) if page else 0
