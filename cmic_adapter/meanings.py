"""What an answer means, or that there was none: one table, for reads and for writes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

import httpx2

from cmic_adapter import adf


class Meaning(StrEnum):
    """What became of one request. The words are those that the journal keeps."""

    DONE = "done"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    UNCONFIRMED = "unconfirmed"
    MISCONFIGURED = "misconfigured"


class Kind(StrEnum):
    """The kinds of answers there are."""

    OK = "ok"
    NOT_SENT = "not sent"
    NOT_TRUSTED = "certificate or address refused"
    NO_ANSWER = "no answer"
    SERVER_ERROR = "server error"
    GARBLED = "unreadable answer"
    HTML_PAGE = "web page instead of data"
    THROTTLED = "too many requests"
    NOT_ALLOWED = "not logged in or not allowed"
    REDIRECT = "redirect"
    UNKNOWN_NAME = "unknown name"
    NO_RESOURCE = "no such resource"
    GONE = "row is gone"
    DUPLICATE_REQUEST = "duplicate request"
    DUPLICATE_KEY = "duplicate key"
    REJECTED = "rejected"


# What left us and may have been carried out is unconfirmed for a write and harmless for a read. A query is
# ours alone: when it is rejected, a name in it is wrong.
TABLE: dict[Kind, tuple[Meaning, Meaning]] = {  # kind: (a read, a write)
    Kind.OK: (Meaning.DONE, Meaning.DONE),
    Kind.NOT_SENT: (Meaning.UNAVAILABLE, Meaning.UNAVAILABLE),
    Kind.NOT_TRUSTED: (Meaning.MISCONFIGURED, Meaning.MISCONFIGURED),
    Kind.NO_ANSWER: (Meaning.UNAVAILABLE, Meaning.UNCONFIRMED),
    Kind.SERVER_ERROR: (Meaning.UNAVAILABLE, Meaning.UNCONFIRMED),
    Kind.GARBLED: (Meaning.UNAVAILABLE, Meaning.UNCONFIRMED),
    Kind.HTML_PAGE: (Meaning.MISCONFIGURED, Meaning.UNCONFIRMED),
    Kind.THROTTLED: (Meaning.UNAVAILABLE, Meaning.UNAVAILABLE),
    Kind.NOT_ALLOWED: (Meaning.MISCONFIGURED, Meaning.MISCONFIGURED),
    Kind.REDIRECT: (Meaning.MISCONFIGURED, Meaning.MISCONFIGURED),
    Kind.UNKNOWN_NAME: (Meaning.MISCONFIGURED, Meaning.MISCONFIGURED),
    Kind.NO_RESOURCE: (Meaning.MISCONFIGURED, Meaning.MISCONFIGURED),
    Kind.GONE: (Meaning.UNAVAILABLE, Meaning.REFUSED),
    Kind.DUPLICATE_REQUEST: (Meaning.UNAVAILABLE, Meaning.UNCONFIRMED),
    Kind.DUPLICATE_KEY: (Meaning.MISCONFIGURED, Meaning.REFUSED),
    Kind.REJECTED: (Meaning.MISCONFIGURED, Meaning.REFUSED),
}


@dataclass(frozen=True)
class Answer:
    """What came back: `body` is the JSON, `text` the words for people, `status` None when nothing came."""

    kind: Kind
    text: str = ""
    status: int | None = None
    body: object = None
    raw: str = ""
    retry_after: float | None = None

    def meaning(self, *, writes: bool) -> Meaning:
        """This function will look up what this answer means for a read or for a write."""
        return TABLE[self.kind][1 if writes else 0]


class Rejected(Exception):
    """The other side said no to one write. Never leaves the package: the caller makes findings of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.text = answer.text
        self.duplicate_key = answer.kind is Kind.DUPLICATE_KEY
        self.gone = answer.kind is Kind.GONE


def of_failure(error: httpx2.HTTPError | httpx2.InvalidURL) -> Answer:
    """This function will say what no answer means; it keeps nothing of the request in its text."""
    name = type(error).__name__
    if isinstance(error, (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)):
        return Answer(Kind.NOT_TRUSTED, f"The address cannot be used ({name}).")
    if isinstance(error, httpx2.ConnectError) and _certificate(error):
        return Answer(Kind.NOT_TRUSTED, "The certificate of the server is not trusted.")
    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)):
        return Answer(Kind.NOT_SENT, f"CMiC cannot be reached ({name}).")
    return Answer(Kind.NO_ANSWER, f"No complete answer came from CMiC ({name}).")


def _certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def of_response(
    *, status: int, text: str, on_row: bool, legible: bool = True, retry_after: float | None = None
) -> Answer:
    """This function will say what an answer is. `on_row`: one row was named, so 404 is about it.

    Of one that is not `legible` nothing is taken for data: a code with a wrong character is another code.
    """
    html = bool(adf.HTML.match(text))
    body = _read(text)
    words = (
        "a web page"
        if html
        else adf.error_text(body) or ("" if body is not None else " ".join(text.split())[:500])
    )
    kind = _kind(status=status, html=html, body=body, words=words, empty=not text.strip(), on_row=on_row)
    if not legible and kind is Kind.OK:
        kind, words = Kind.GARBLED, "its text is not in the encoding it says"
    said = f"{kind.value} (HTTP {status})" + (f": {words}" if words else "")
    return Answer(kind, said if kind is not Kind.OK else "", status, body, text, retry_after)


def _read(text: str) -> object:
    try:
        return adf.loads(text)
    except (ValueError, RecursionError):
        return None


def _kind(*, status: int, html: bool, body: object, words: str, empty: bool, on_row: bool) -> Kind:
    if adf.DUPLICATE_REQUEST.search(words):
        return Kind.DUPLICATE_REQUEST
    if 200 <= status < 300:
        return _kind_of_success(status=status, html=html, body=body, empty=empty)
    if 300 <= status < 400:
        return Kind.REDIRECT
    if status in (401, 403, 407):
        return Kind.NOT_ALLOWED
    if status == 404:
        return Kind.GONE if on_row else Kind.NO_RESOURCE
    if status == 408:
        return Kind.NO_ANSWER
    if status == 429:
        return Kind.THROTTLED
    if status in (405, 406, 415, 501):
        return Kind.NO_RESOURCE
    if 400 <= status < 500:
        return _kind_of_refusal(words)
    return Kind.SERVER_ERROR


def _kind_of_success(*, status: int, html: bool, body: object, empty: bool) -> Kind:
    if status == 204 and empty:
        return Kind.OK
    if html:
        return Kind.HTML_PAGE
    if not isinstance(body, dict):
        return Kind.GARBLED
    said = adf.error_text(body)
    return _kind_of_refusal(said) if said else Kind.OK


def _kind_of_refusal(words: str) -> Kind:
    if adf.DUPLICATE_KEY.search(words):
        return Kind.DUPLICATE_KEY
    return Kind.UNKNOWN_NAME if adf.UNKNOWN_NAME.search(words) else Kind.REJECTED
