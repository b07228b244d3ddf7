"""Secrets taken out of what was said to an ERP and back, before anybody reads it.

Nothing secret should be in a body or an answer, and adapters take their own log-in out before it is kept. This is the
second lock: whatever calls itself a secret is not shown, whichever adapter kept it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

HIDDEN = "***"
NAMES = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|authori[sz]ation|credential|cookie|session[-_ ]?id"
    r"|(?:api|access|private|client|signing)[-_ ]?key|signature"
)
SECRET_NAME = re.compile(NAMES, re.IGNORECASE)
QUOTED = r'"(?:[^"\\]|\\.)*"?' + r"|'[^']*'?"
NAMED = rf"[\w.:-]{{0,40}}(?:{NAMES})[\w.:-]{{0,40}}"  # the whole of a name, as in {"name": "password", "value": ...}
SECRET_WORD = re.compile(NAMED, re.IGNORECASE)
NAMING, VALUES = (
    {"name", "key", "id", "field", "param", "header"},
    {"value", "val", "content", "text", "#text"},
)
IN_TEXT = (
    (
        re.compile(r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----).*?(?=-----END |\Z)", re.DOTALL),
        rf"\1 {HIDDEN} ",
    ),
    (re.compile(r"\b(basic|bearer|digest)\s+[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(ntlm|negotiate)\s+[A-Za-z0-9+/=]{16,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(\bauthori[sz]ation[\"']?\s{0,5}[:=]\s{0,5}[A-Za-z][\w-]{1,30}) +[^\s,;\"'<*]{4,}",
            re.IGNORECASE,
        ),
        rf"\1 {HIDDEN}",
    ),
    (re.compile(r"(://[^/\s:@]{1,200}):[^/\s@]{1,200}@"), rf"\1:{HIDDEN}@"),
    (re.compile(rf"(<[\w:.-]{{0,60}}(?:{NAMES})[^<>]{{0,200}}>)[^<]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            rf"(<[\w:.-]{{1,60}}\s[^<>]{{0,200}}?\b(?:name|key|id)\s?=\s?[\"']{NAMED}[\"'][^<>/]{{0,200}}>)[^<]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"(\b(?:name|key|id|field|param|header)[\"']?\s{{0,5}}[:=]\s{{0,5}}[\"']{NAMED}[\"']\s{{0,5}},?\s{{0,5}}"
            rf"[\"']?(?:value|val|content|text)[\"']?\s{{0,5}}[:=]\s{{0,5}})(?:{QUOTED}|[^\s,;&}}\]<\"']+)",
            re.IGNORECASE,
        ),
        rf'\1"{HIDDEN}"',
    ),
    (
        re.compile(
            rf"((?:{NAMES})[\w-]{{0,40}}[\"']?\s{{0,5}}[:=]\s{{0,5}})"
            rf"(?![\w-]{{2,31}} \*\*\*)(?:{QUOTED}|[^\s,;&}}\]<\"']+)",
            re.IGNORECASE,
        ),
        rf'\1"{HIDDEN}"',
    ),
)
# No secret is without one of these. A text with none is not looked at closely; an escape may hide a name.
SIGNS = (
    *("pass", "pwd", "secret", "token", "authori", "credential", "cookie", "session", "key", "signature"),
    *("basic", "bearer", "digest", "ntlm", "negotiate", "\\u"),
)


class _Number(str):
    """A number as it was written: money must not pass through a float to be shown."""


@dataclass(frozen=True)
class Masked:
    """A text as it may be shown; `masked` says whether anything was taken out of it."""

    text: str
    masked: bool


def mask(text: str) -> Masked:
    """This function will take secrets out of a text, which stays as it is to the character where there are none."""
    if not _suspect(text):
        return Masked(text, False)
    found, value = _parsed(text)
    try:
        clean = _mask_value(value)
        shown = _mask_words(text) if not found else text if clean == value else _laid_out(clean)
    except RecursionError:  # nested deeper than anybody reads
        shown = _mask_words(text)
    return Masked(shown, shown != text)


def _suspect(text: str) -> bool:
    small = text.lower()
    return any(sign in small for sign in SIGNS) or ("://" in text and "@" in text)


def readable(text: str) -> str:
    """This function will lay JSON out over lines, secrets taken out; any other text only has those taken out."""
    found, value = _parsed(text)
    try:
        return _laid_out(_mask_value(value)) if found else _mask_words(text)
    except RecursionError:
        return _mask_words(text)


def _parsed(text: str) -> tuple[bool, Any]:
    """JSON that is an object or a list; anything else is words."""
    if text.lstrip()[:1] not in ("{", "["):
        return False, None
    try:
        return True, json.loads(text, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError):
        return False, None


def _mask_value(value: Any) -> Any:
    if isinstance(value, dict):
        named = any(
            isinstance(inside, str) and key.lower() in NAMING and SECRET_WORD.fullmatch(inside)
            for key, inside in value.items()
        )
        return {
            key: HIDDEN
            if inside not in (None, "", [], {})
            and (SECRET_NAME.search(key) or (named and key.lower() in VALUES))
            else _mask_value(inside)
            for key, inside in value.items()
        }
    if isinstance(value, list):
        return [_mask_value(inside) for inside in value]
    if isinstance(value, str) and not isinstance(value, _Number):
        return _mask_words(value)
    return value


def _mask_words(text: str) -> str:
    for pattern, instead in IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def _laid_out(value: Any, indent: str = "") -> str:
    """Write JSON with two spaces a level and every number as it came."""
    if isinstance(value, _Number):
        return str(value)
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    deeper = indent + "  "
    if isinstance(value, dict):
        rows = [
            f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(inside, deeper)}"
            for key, inside in value.items()
        ]
        opening, closing = "{", "}"
    else:
        rows = [_laid_out(inside, deeper) for inside in value]
        opening, closing = "[", "]"
    inner = f",\n{deeper}".join(rows)
    return f"{opening}\n{deeper}{inner}\n{indent}{closing}"
