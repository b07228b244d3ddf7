"""JSON as the standard has it, and as the database can keep it."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class NotJson(ValueError):
    """The text is no JSON that can be kept. The message says why."""


def loads(text: str) -> Any:
    """This function will read JSON; raises NotJson, also for NaN, numbers too large and nesting too deep."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except NotJson:
        raise
    except ValueError as problem:
        raise NotJson(str(problem)) from None


def _refuse(constant: str) -> NoReturn:
    raise NotJson(f"{constant} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson(f"{text} is too large")
    return number


class StrictJSONParser(JSONParser):
    """The one form in which the API takes a body. Forms are refused: what they leave out looks like a no."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read the body; raises ParseError."""
        try:
            return loads(codecs.decode(stream.read(), "utf-8"))
        except ValueError as problem:
            raise ParseError(f"This is no JSON: {problem}.") from None
