"""The row-match grammar of the `q` parameter, and finders, compiled to tests over rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from cmic_simulator.errors import Refused, refused
from cmic_simulator.profile import Attribute, Resource

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w.-])"
    r"|(?P<op><=|>=|<>|!=|=|<|>)"
    r"|(?P<mark>[(),])"
    r"|(?P<word>[A-Za-z_]\w*))"
)
COMPARE: dict[str, Callable[[object, object], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
Test = Callable[[dict], bool]


@dataclass(frozen=True)
class Condition:
    """A compiled condition; `bound` holds attributes that must have one of a few values (for indexes)."""

    test: Test
    bound: dict[str, frozenset] = field(default_factory=dict)

    def both(self, other: "Condition") -> "Condition":
        """This function will return the condition that both hold."""
        left, right = self.test, other.test
        bound = dict(self.bound)
        for name, values in other.bound.items():
            bound[name] = bound[name] & values if name in bound else values
        return Condition(test=lambda row: left(row) and right(row), bound=bound)

    def either(self, other: "Condition") -> "Condition":
        """This function will return the condition that at least one holds."""
        left, right = self.test, other.test
        return Condition(test=lambda row: left(row) or right(row))


EVERYTHING = Condition(test=lambda row: True)


def compile_query(text: str, *, resource: Resource) -> Condition:
    """This function will compile `A = 'x' and (B in ('y','z') or C is null)`; bad text is 400."""
    parser = _Parser(text, resource)
    condition = parser.alternatives()
    if parser.kind != "end":
        raise parser.wrong("end of text")
    return condition


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str, resource: Resource) -> None:
        self.text, self.resource, self.position = text, resource, 0
        self.kind, self.value = "", ""
        self.advance()

    def advance(self) -> None:
        rest = self.text[self.position :]
        if not rest.strip():
            self.kind, self.value = "end", ""
            return
        match = TOKEN.match(self.text, self.position)
        if match is None:
            raise self.wrong("a value, a name or an operator")
        self.position = match.end()
        self.kind, self.value = str(match.lastgroup), match[str(match.lastgroup)]

    def wrong(self, wanted: str) -> Refused:
        found = self.value or "end of text"
        return refused(
            f"The query parameter q cannot be parsed: expected {wanted} near '{found}' in: {self.text}",
            code="JBO-29114",
        )

    def word(self, *words: str) -> bool:
        """Take the keyword if it is next."""
        if self.kind == "word" and self.value.lower() in words:
            self.advance()
            return True
        return False

    def mark(self, mark: str) -> bool:
        if self.kind == "mark" and self.value == mark:
            self.advance()
            return True
        return False

    def need(self, mark: str) -> None:
        if not self.mark(mark):
            raise self.wrong(f"'{mark}'")

    def alternatives(self) -> Condition:
        condition = self.conjunction()
        while self.word("or"):
            condition = condition.either(self.conjunction())
        return condition

    def conjunction(self) -> Condition:
        condition = self.term()
        while self.word("and"):
            condition = condition.both(self.term())
        return condition

    def term(self) -> Condition:
        if self.mark("("):
            condition = self.alternatives()
            self.need(")")
            return condition
        if self.kind != "word":
            raise self.wrong("an attribute name")
        attribute = queryable(self.resource, self.value)
        self.advance()
        if self.word("is"):
            return self.nullness(attribute)
        if self.kind == "op":
            return self.comparison(attribute)
        negated = self.word("not")
        if self.word("in"):
            return self.membership(attribute, negated=negated)
        if self.word("like"):
            return self.likeness(attribute, negated=negated)
        raise self.wrong("an operator")

    def nullness(self, attribute: Attribute) -> Condition:
        name, negated = attribute.name, self.word("not")
        if not self.word("null"):
            raise self.wrong("null")
        return Condition(
            test=(lambda row: row[name] is not None) if negated else (lambda row: row[name] is None)
        )

    def comparison(self, attribute: Attribute) -> Condition:
        sign, name = self.value, attribute.name
        self.advance()
        wanted = self.literal(attribute)
        compare = COMPARE[sign]
        bound = {name: frozenset([wanted])} if sign == "=" else {}
        return Condition(
            test=lambda row: (have := row[name]) is not None and compare(have, wanted),
            bound=bound,
        )

    def membership(self, attribute: Attribute, *, negated: bool) -> Condition:
        self.need("(")
        values = [self.literal(attribute)]
        while self.mark(","):
            values.append(self.literal(attribute))
        self.need(")")
        name, wanted = attribute.name, frozenset(values)
        if negated:
            return Condition(test=lambda row: (have := row[name]) is not None and have not in wanted)
        return Condition(test=lambda row: row[name] in wanted, bound={name: wanted})

    def likeness(self, attribute: Attribute, *, negated: bool) -> Condition:
        if attribute.type != "string":
            raise refused(f"like needs a text attribute, {attribute.public} is {attribute.type}.")
        pattern = str(self.literal(attribute))
        wild = {"%": ".*", "*": ".*", "_": "."}
        matches = re.compile("".join(wild.get(c) or re.escape(c) for c in pattern), re.DOTALL).fullmatch
        name = attribute.name
        return Condition(
            test=lambda row: (have := row[name]) is not None and bool(matches(have)) is not negated
        )

    def literal(self, attribute: Attribute) -> object:
        if self.kind not in ("string", "number"):
            raise self.wrong("a value")
        kind, raw = self.kind, self.value
        self.advance()
        if kind == "number":
            if attribute.type != "decimal":
                raise refused(f"Attribute {attribute.public} is {attribute.type}; {raw} is a number.")
            return Decimal(raw)
        if attribute.type == "decimal":
            raise refused(f"Attribute {attribute.public} is a number; {raw} is a text.")
        return text_value(attribute, raw[1:-1].replace(raw[0] * 2, raw[0]))


def queryable(resource: Resource, name: str) -> Attribute:
    """This function will return the attribute a caller may search by; others are refused with 400."""
    attribute = resource.by_public.get(name)
    if attribute is None or not attribute.queryable:
        raise refused(
            f"Attribute {name} of {resource.name} cannot be used in a query.", code="JBO-25058", path=name
        )
    return attribute


def text_value(attribute: Attribute, text: str) -> object:
    """This function will convert a literal's text to what rows hold; a wrong date is refused with 400."""
    if attribute.type == "datetime":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise refused(f"{text} is not a date and time for {attribute.public}.") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if attribute.type == "date":
        try:
            return datetime.fromisoformat(text).date().isoformat()
        except ValueError:
            raise refused(f"{text} is not a date for {attribute.public}.") from None
    return text


FINDER_PAIR = re.compile(r"""\s*(\w+)\s*=\s*("[^"]*"|'[^']*'|[^,"']*)\s*(?:,|\Z)""")


def compile_finder(text: str, *, resource: Resource) -> Condition:
    """This function will compile `PrimaryKey;XVUuid=...` or `selectBy...;Attr=value,Attr=value`."""
    name, _, variables = text.partition(";")
    if name != "PrimaryKey" and not (name.startswith("select") and len(name) > len("select")):
        raise refused(f"Finder {name} is not defined on {resource.name}.", code="JBO-25006")
    condition, position = EVERYTHING, 0
    while position < len(variables):
        match = FINDER_PAIR.match(variables, position)
        if match is None:
            raise refused(f"The finder's variables cannot be parsed: {variables}")
        if name == "PrimaryKey" and match[1] != resource.key:
            raise refused(f"Finder PrimaryKey of {resource.name} knows the variable {resource.key} only.")
        condition = condition.both(_equals(queryable(resource, match[1]), match[2]))
        position = match.end()
    if name == "PrimaryKey" and not variables:
        raise refused(f"Finder PrimaryKey of {resource.name} needs {resource.key}.")
    return condition


def _equals(attribute: Attribute, raw: str) -> Condition:
    quoted = len(raw) > 1 and raw[0] in "\"'"
    text = raw[1:-1] if quoted else raw.strip()
    if attribute.type == "decimal":
        try:
            wanted: object = Decimal(text)
        except ArithmeticError:
            raise refused(f"{text} is not a number for {attribute.public}.") from None
    else:
        wanted = text_value(attribute, text)
    name = attribute.name
    return Condition(test=lambda row: row[name] == wanted, bound={name: frozenset([wanted])})
