"""JSON that keeps every digit: numbers are Decimal on the way in and written out exactly."""

import json
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quote


def loads(text: str | bytes) -> object:
    """This function will parse JSON with Decimal numbers; NaN, Infinity and broken text raise ValueError."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def number(value: Decimal) -> str:
    """This function will write a Decimal as a JSON number without an exponent or needless zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def dumps(value: object) -> str:
    """This function will write dicts, lists, strings, numbers, booleans and None as JSON text."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{quote(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([dumps(v) for v in value]) + "]"
    return json.dumps(value)
