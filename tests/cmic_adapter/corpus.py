"""Answers that have been seen, documented or can be imagined, each with what it means for a read and for a write."""

import gzip
import json
from dataclasses import dataclass

from erp.port import ErpMisconfigured, ErpRefused, ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.gate import said

LOGIN = "<!DOCTYPE html><html><body>Please log in</body></html>"
GONE_WRONG = "Something is wrong with the value."
ADF = json.dumps(
    {"title": "Bad", "status": "400", "o:errorDetails": [{"detail": GONE_WRONG, "o:errorCode": "27019"}]}
)
WSD = json.dumps({"uuid": "1", "status": "Error", "errorCode": "WSD-0400", "errorMessage": GONE_WRONG})
ERROR = json.dumps({"error": GONE_WRONG})
RESULT = json.dumps({"result": f"ERROR: {GONE_WRONG}"})
UNKNOWN = "Attribute CmmName in the payload is not known to resource cmmast."

# status, body, what it means for a read, what it means for a write
ANSWERS = [
    (400, GONE_WRONG, ErpMisconfigured, ErpRefused),
    (400, ADF, ErpMisconfigured, ErpRefused),
    (400, WSD, ErpMisconfigured, ErpRefused),
    (400, ERROR, ErpMisconfigured, ErpRefused),
    (200, RESULT, ErpMisconfigured, ErpRefused),
    (200, ADF, ErpMisconfigured, ErpRefused),
    (200, WSD, ErpMisconfigured, ErpRefused),
    (200, ERROR, ErpMisconfigured, ErpRefused),
    (400, "", ErpMisconfigured, ErpRefused),
    (409, GONE_WRONG, ErpMisconfigured, ErpRefused),
    (413, "Request Entity Too Large.", ErpMisconfigured, ErpRefused),
    (422, ADF, ErpMisconfigured, ErpRefused),
    (400, UNKNOWN, ErpMisconfigured, ErpMisconfigured),
    (400, json.dumps({"error": UNKNOWN}), ErpMisconfigured, ErpMisconfigured),
    (400, "JBO-25058: Definition X of type Attribute is not found.", ErpMisconfigured, ErpMisconfigured),
    (400, "Duplicate request 4711.", ErpUnavailable, ErpUnconfirmed),
    (409, "Duplicate request 4711.", ErpUnavailable, ErpUnconfirmed),
    (200, json.dumps({"result": "Duplicate request"}), ErpUnavailable, ErpUnconfirmed),
    (401, LOGIN, ErpMisconfigured, ErpMisconfigured),
    (401, "", ErpMisconfigured, ErpMisconfigured),
    (403, WSD, ErpMisconfigured, ErpMisconfigured),
    (407, "", ErpMisconfigured, ErpMisconfigured),
    (404, "No resource.", ErpMisconfigured, ErpMisconfigured),
    (405, "Method not allowed.", ErpMisconfigured, ErpMisconfigured),
    (406, "", ErpMisconfigured, ErpMisconfigured),
    (415, "", ErpMisconfigured, ErpMisconfigured),
    (408, "", ErpUnavailable, ErpUnconfirmed),
    (429, ERROR, ErpUnavailable, ErpUnavailable),
    (500, ADF, ErpUnavailable, ErpUnconfirmed),
    (500, "", ErpUnavailable, ErpUnconfirmed),
    (502, LOGIN, ErpUnavailable, ErpUnconfirmed),
    (503, LOGIN, ErpUnavailable, ErpUnconfirmed),
    (504, "", ErpUnavailable, ErpUnconfirmed),
    (200, LOGIN, ErpMisconfigured, ErpUnconfirmed),
    (200, "", ErpUnavailable, ErpUnconfirmed),
    (200, "{", ErpUnavailable, ErpUnconfirmed),
    (200, "[]", ErpUnavailable, ErpUnconfirmed),
    (200, "null", ErpUnavailable, ErpUnconfirmed),
    (200, "NaN", ErpUnavailable, ErpUnconfirmed),
    (200, "[" * 100_000, ErpUnavailable, ErpUnconfirmed),
    (201, '{"CmmCode": "TB-7K3MQ0XV"}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"items": 7}', ErpUnavailable, ErpUnconfirmed),
    (200, "OK", ErpUnavailable, ErpUnconfirmed),
    (400, '{"o:errorDetails": [7]}', ErpMisconfigured, ErpRefused),
    (410, "", ErpMisconfigured, ErpRefused),
    (451, LOGIN, ErpMisconfigured, ErpRefused),
    (501, "", ErpMisconfigured, ErpMisconfigured),
    (505, "", ErpUnavailable, ErpUnconfirmed),
    (520, ERROR, ErpUnavailable, ErpUnconfirmed),
    (500, "ORA-00001: unique constraint (DA.CMMAST_PK) violated", ErpUnavailable, ErpUnconfirmed),
    (202, "", ErpUnavailable, ErpUnconfirmed),
    (204, "", ErpUnavailable, ErpUnconfirmed),
    (206, '{"items": [', ErpUnavailable, ErpUnconfirmed),
    (200, '{"items": [], "count": 3, "hasMore": false}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"items": [], "count": "0"}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"items": [{}], "count": 1}', ErpMisconfigured, ErpUnconfirmed),
    (200, '{"items": [null], "count": 1}', ErpMisconfigured, ErpUnconfirmed),
    (200, '{"o:errorDetails": []}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"result": ""}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"result": "SUCCESS"}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"status": "Error", "errorCode": "WSD-0001"}', ErpMisconfigured, ErpRefused),
    (200, '{"a": 1} and more', ErpUnavailable, ErpUnconfirmed),
    (200, '{"a": 1e99999999999999999999}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"a": Infinity}', ErpUnavailable, ErpUnconfirmed),
    (200, "7", ErpUnavailable, ErpUnconfirmed),
    (200, '"\\ud800\\u0000"', ErpUnavailable, ErpUnconfirmed),
    (200, '<?xml version="1.0"?><Fault/>', ErpUnavailable, ErpUnconfirmed),
]
JSON_BODY = '{"error": "Das Budget ist für dieses Jahr gesperrt"}'
JSON = "Content-Type: application/json; charset="


def sent(head: str, content: bytes = b"") -> bytes:
    """An answer with a head of its own."""
    return f"HTTP/1.1 {head}\r\n\r\n".encode("latin-1") + content


RAW = [
    (b"", ErpUnavailable, ErpUnconfirmed),
    (b"garbage", ErpUnavailable, ErpUnconfirmed),
    (b"\x16\x03\x01\x02\x00\x01", ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/0.9 200\r\n\r\n{}", ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/1.1 OK 200\r\n\r\n{}", ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/1.1 200 OK\r\nX\0Y: z\r\n\r\n{}", ErpUnavailable, ErpUnconfirmed),
    (sent("200 OK\r\nContent-Length: 100", b"{"), ErpUnavailable, ErpUnconfirmed),
    (sent("200 OK\r\nContent-Length: -1", b"{}"), ErpUnavailable, ErpUnconfirmed),
    (sent("200 OK\r\nContent-Length: 1\r\nContent-Length: 2", b"{}"), ErpUnavailable, ErpUnconfirmed),
    (sent("201 Created\r\nTransfer-Encoding: chunked", b"5\r\n{"), ErpUnavailable, ErpUnconfirmed),
    (sent("201 Created\r\nTransfer-Encoding: chunked", b"zz\r\n{"), ErpUnavailable, ErpUnconfirmed),
    (
        sent("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3", b"abc"),
        ErpUnavailable,
        ErpUnconfirmed,
    ),
    (
        said(200, gzip.compress(b'{"a": 1}')[:-9], "Content-Encoding: gzip\r\n"),
        ErpUnavailable,
        ErpUnconfirmed,
    ),
    (said(200, b"\x8b\x03", "Content-Encoding: br\r\n"), ErpUnavailable, ErpUnconfirmed),
    (said(200, b"\xff\xfe\x00{"), ErpUnavailable, ErpUnconfirmed),
    (said(200, '{"name": "für"}'.encode("latin-1")), ErpUnavailable, ErpUnconfirmed),
    (said(200, '{"name": "für"}'.encode("latin-1"), JSON + "utf-8\r\n"), ErpUnavailable, ErpUnconfirmed),
    (said(200, b'{"a": 1}', JSON + "utf-16\r\n"), ErpUnavailable, ErpUnconfirmed),
    (said(400, JSON_BODY.encode("latin-1"), JSON + "iso-8859-1\r\n"), ErpMisconfigured, ErpRefused),
    (said(400, JSON_BODY.encode("latin-1")), ErpMisconfigured, ErpRefused),
    (said(400, JSON_BODY.encode("utf-16"), JSON + "utf-16\r\n"), ErpMisconfigured, ErpRefused),
    (said(400, JSON_BODY.encode("utf-8-sig"), JSON + "nonsense\r\n"), ErpMisconfigured, ErpRefused),
    (said(400, b"\0\0\0"), ErpMisconfigured, ErpRefused),
    (said(429, b"", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"), ErpUnavailable, ErpUnavailable),
    (said(429, b"", "Retry-After: \xb2\r\n"), ErpUnavailable, ErpUnavailable),
    (said(503, LOGIN.encode(), "Retry-After: 120\r\n"), ErpUnavailable, ErpUnconfirmed),
    (
        sent("302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0"),
        ErpMisconfigured,
        ErpMisconfigured,
    ),
    (sent("301 Moved\r\nLocation: //elsewhere/\r\nContent-Length: 0"), ErpMisconfigured, ErpMisconfigured),
    (sent("303 See\r\nContent-Length: 0"), ErpMisconfigured, ErpMisconfigured),
    (sent("307 Go\r\nLocation: /login\r\nContent-Length: 0"), ErpMisconfigured, ErpMisconfigured),
    (sent("308 Go\r\nLocation: \xff\r\nContent-Length: 0"), ErpMisconfigured, ErpMisconfigured),
]


@dataclass(frozen=True)
class Case:
    """The bytes of an answer and what they mean."""

    raw: bytes
    read: type[Exception]
    write: type[Exception]

    def __str__(self) -> str:
        return self.raw[:40].decode("latin-1")


CASES = [Case(said(status, body.encode()), read, write) for status, body, read, write in ANSWERS]
CASES += [Case(raw, read, write) for raw, read, write in RAW]
