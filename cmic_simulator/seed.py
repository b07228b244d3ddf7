"""The friendly seed format: read into the book, and written from it (see README.md)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from cmic_simulator import rules_budget
from cmic_simulator.book import PCI_KEY, Book
from cmic_simulator.errors import refused
from cmic_simulator.profile import RESOURCES
from cmic_simulator.seed_format import DEFAULT_STATUSES, DEFAULT_TYPES, LINE_FIELDS, REQUIRED, SECTIONS, Field
from cmic_simulator.values import check

EXTRA_KEYS = {"budget": {"current"}, "pcis": {"lines"}}
# A PCI's lines decide the current budget, so PCIs come before the budget's `current`.
ORDER = (
    "companies",
    "units",
    "types",
    "statuses",
    "jobs",
    "phases",
    "categories",
    "job_phases",
    "budget",
    "pcis",
)
USER = "ACME||SEED"


def load(book: Book, seed: dict) -> None:
    """This function will merge a seed into the book; anything unknown or wrong is refused with 400.

    Rows with the same code are changed in the fields given, others are created.
    """
    unknown = set(seed) - set(SECTIONS)
    if unknown:
        raise refused(f"unknown seed sections: {', '.join(sorted(unknown))}; known: {', '.join(SECTIONS)}")
    for section in (*ORDER, "costs"):
        for entry in seed.get(section, ()):
            _load_entry(book, section, entry)
        if section == "companies":
            _default_settings(book, seed)
    for entry in seed.get("budget", ()):
        _load_current(book, entry)


def _default_settings(book: Book, seed: dict) -> None:
    for company in seed.get("companies", ()):
        code = company["code"]
        if not book.tables["cmtype"].find(("CmtCompCode",), code) and not _mentions(seed, "types", code):
            for kind, name, class_code in DEFAULT_TYPES:
                _load_entry(book, "types", {"company": code, "code": kind, "name": name, "class": class_code})
        if not book.tables["cmstatus"].find(("CmsCompCode",), code) and not _mentions(seed, "statuses", code):
            for status, name, pending in DEFAULT_STATUSES:
                entry = {"company": code, "code": status, "name": name, "pending_type": pending}
                _load_entry(book, "statuses", entry)


def _mentions(seed: dict, section: str, company: str) -> bool:
    return any(entry.get("company") == company for entry in seed.get(section, ()))


def _load_entry(book: Book, section: str, entry: dict) -> None:
    resource, fields = SECTIONS[section]
    table = book.tables[resource]
    where = f"{section} {entry}"
    _known_keys(entry, fields, EXTRA_KEYS.get(section, set()), where)
    key = [entry.get(friendly) for friendly, attribute, _ in fields if attribute in table.unique]
    old = (
        table.one(*_unique_values(table.unique, fields, entry)) if table.unique and None not in key else None
    )
    row = _row(book, resource, fields, entry, old=old, where=where)
    _references(book, section, row, where)
    if section == "budget":
        rules_budget.store_budget(book, row, user=USER)
        return
    if section == "pcis":
        row["CmmStatCode"] = "P" if row["CmmPostDate"] else "U"
    stored = book.put(resource, row, user=USER)
    if section == "pcis" and "lines" in entry:
        _load_lines(book, stored, entry["lines"])


def _unique_values(unique: tuple[str, ...], fields: tuple[Field, ...], entry: dict) -> list[object]:
    friendly = {attribute: name for name, attribute, _ in fields}
    return [entry.get(friendly[attribute]) for attribute in unique]


def _known_keys(entry: dict, fields: tuple[Field, ...], extra: set[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise refused(f"seed {where}: an object was expected")
    unknown = set(entry) - {name for name, _, _ in fields} - extra
    if unknown:
        raise refused(f"seed {where}: unknown keys {', '.join(sorted(unknown))}")


def _row(
    book: Book, resource: str, fields: tuple[Field, ...], entry: dict, *, old: dict | None, where: str
) -> dict:
    names = RESOURCES[resource].by_name
    row = dict(old) if old else dict.fromkeys(names)
    for friendly, attribute, default in fields:
        if friendly not in entry and old:
            continue
        value = entry.get(friendly)
        if value is None:
            value = _default(book, default, entry, f"{where}: {friendly}")
        row[attribute] = _converted(names[attribute].type, value, f"{where}: {friendly}")
        problem = None if row[attribute] is None else check(names[attribute], row[attribute])
        if problem:
            raise refused(f"seed {where}: {problem}")
    return row


def _default(book: Book, default: object, entry: dict, where: str) -> object:
    if default is REQUIRED:
        raise refused(f"seed {where} is needed")
    special: dict[object, Callable[[], object]] = {
        "=code": lambda: entry["code"],
        "=today": book.clock.today,
    }
    return special[default]() if default in special else default


def _converted(kind: str, value: object, where: str) -> object:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if kind != "decimal" or value is None:
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise refused(f"seed {where}: {value!r} is not a number") from None


def _references(book: Book, section: str, row: dict, where: str) -> None:
    """Refuse rows that name a company, job, cost code or category that is not there."""
    resource, fields = SECTIONS[section]
    attributes = {friendly: attribute for friendly, attribute, _ in fields}
    company = row.get(attributes.get("company", ""))
    wanted: list[tuple[str, str, tuple]] = [("company", "glcompany", (company,))]
    for friendly, target in (
        ("job", "jcjob"),
        ("phase", "jcmastercostcodes"),
        ("category", "jcmastercategories"),
    ):
        wanted.append((friendly, target, (company, row.get(attributes.get(friendly, "")))))
    if section == "pcis":
        wanted.append(("type", "cmtype", (company, row["CmmTypeCode"])))
        wanted.append(("status", "cmstatus", (company, row["CmmPrepostStatCode"])))
    for friendly, target, key in wanted:
        if friendly in attributes and book.tables[target].one(*key) is None:
            raise refused(f"seed {where}: {friendly} {key[-1]} is not known")


def _load_lines(book: Book, header: dict, lines: list[dict]) -> None:
    for line in book.pci_lines(header):
        book.remove("cmdetail", line["CmdVUuid"])
    for entry in lines:
        where = f"line {entry} of {header['CmmCode']}"
        _known_keys(entry, LINE_FIELDS, set(), where)
        row = _row(book, "cmdetail", LINE_FIELDS, entry, old=None, where=where)
        row.update(
            zip(PCI_KEY, (header["CmmCompCode"], header["CmmJobCode"], header["CmmCode"]), strict=True)
        )
        row["CmdStatusCode"] = row["CmdStatusCode"] or header["CmmPrepostStatCode"]
        row["CmdPostingFlag"] = "POSTED" if header["CmmStatCode"] == "P" else "UNPOSTED"
        row["CmdVUuid"] = row["CmdVUuid"] or uuid4().hex.upper()
        book.put("cmdetail", row, user=USER)


def _load_current(book: Book, entry: dict) -> None:
    key = tuple(entry[name] for name in ("company", "job", "phase", "category"))
    if entry.get("current") is None:
        row = book.tables["jcjobcategory"].one(*key)
        if row is not None:
            rules_budget.store_budget(book, dict(row), user=USER)
        return
    current = _converted("decimal", entry["current"], f"budget {entry}: current")
    rules_budget.set_directly(book, key=key, original=None, current=current, user=USER)  # type: ignore[arg-type]


def dump(book: Book) -> dict:
    """This function will return the book in the seed format; loading it into an empty book gives the same."""
    result: dict = {}
    for section in SECTIONS:
        resource, fields = SECTIONS[section]
        result[section] = [_entry(row, fields) for row in book.tables[resource]]
        if section == "budget":
            for entry, row in zip(result[section], book.tables[resource], strict=True):
                entry["current"] = row["JcatCurrBudgAmt"]
        if section == "pcis":
            for entry, row in zip(result[section], book.tables[resource], strict=True):
                entry["lines"] = [_entry(line, LINE_FIELDS) for line in book.pci_lines(row)]
    return result


def _entry(row: dict, fields: tuple[Field, ...]) -> dict:
    entry: dict = {}
    for friendly, attribute, default in fields:
        value = row[attribute]
        entry[friendly] = value == "Y" if isinstance(default, bool) else value
    return entry
