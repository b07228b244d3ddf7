"""Create, update and delete over the resources: value checks first, then the rules of the resource."""

from collections.abc import Callable
from dataclasses import replace

from cmic_simulator import rules_budget, rules_pci, values
from cmic_simulator.book import Book, not_found
from cmic_simulator.errors import refused
from cmic_simulator.profile import Attribute, Resource

CREATE: dict[str, Callable[..., dict]] = {
    "jcjobcostcodes": rules_budget.create_job_phase,
    "jcjobcategory": rules_budget.create_budget,
    "cmmast": rules_pci.create_header,
    "cmdetail": rules_pci.create_line,
}
UPDATE: dict[str, Callable[..., dict]] = {
    "jcjobcostcodes": rules_budget.update_job_phase,
    "jcjobcategory": rules_budget.update_budget,
    "cmmast": rules_pci.update_header,
    "cmdetail": rules_pci.update_line,
}
DELETE: dict[str, Callable[..., None]] = {
    "cmmast": rules_pci.delete_header,
    "cmdetail": rules_pci.delete_line,
}


def create(book: Book, resource: Resource, payload: dict, *, user: str) -> dict:
    """This function will store a new row from a POST payload and return it."""
    row = values.for_create(_numbered(book, resource, payload), payload)
    return CREATE[resource.name](book, row, user=user)


def _numbered(book: Book, resource: Resource, payload: dict) -> Resource:
    # Where the company numbers its PCIs itself, CmmCode may be left out.
    if resource.name != "cmmast":
        return resource
    given = {attribute.name: payload.get(attribute.public) for attribute in resource.attributes}
    kind = book.tables["cmtype"].one(given.get("CmmCompCode"), given.get("CmmTypeCode"))
    if not rules_pci.numbers_itself(kind):
        return resource

    def relaxed(attribute: Attribute) -> Attribute:
        return replace(attribute, mandatory=False) if attribute.name == "CmmCode" else attribute

    return replace(resource, attributes=tuple(relaxed(a) for a in resource.attributes))


def update(book: Book, resource: Resource, uuid: str, payload: dict, *, user: str) -> dict:
    """This function will change a row from a PATCH payload and return it."""
    old = _existing(book, resource, uuid, user=user)
    changes = values.for_update(resource, payload)
    return UPDATE[resource.name](book, old, changes, user=user)


def delete(book: Book, resource: Resource, uuid: str, *, user: str) -> None:
    """This function will delete a row."""
    DELETE[resource.name](book, _existing(book, resource, uuid, user=user), user=user)


def _existing(book: Book, resource: Resource, uuid: str, *, user: str) -> dict:
    row = book.tables[resource.name].get(uuid)
    if row is None:
        raise not_found(f"{resource.name} {uuid}")
    if book.hidden(resource.name, row, user=user):
        raise refused("The job of this row is not valid for the user.", code="JBO-27019")
    return row
