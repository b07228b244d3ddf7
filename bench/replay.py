"""The least possible software for the same calls: a loop that sends again what the simulator's journal saw.

Each recorded call is sent once, in order, over one connection; a row named by its VUuid is named by the one that the
repeated POST was given. That is the limit a delivery is held against: same requests, same server, nothing else.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

import httpx2

ITEM = "application/vnd.oracle.adf.resourceitem+json"
LOGIN = "Basic " + base64.b64encode(b"ACME||TIEBACK:secret").decode()


def replay(origin: str, entries: Sequence[dict[str, Any]], bodies: dict[str, str]) -> tuple[float, int]:
    """This function will send the recorded calls again and give the seconds they took and how many failed.

    `bodies` are the whole bodies by request id: the simulator's journal keeps their beginning alone.
    """
    named: dict[str, str] = {}  # VUuid of then -> VUuid of now
    failed = 0
    headers = {"Authorization": LOGIN, "Rest-Framework-Version": "4"}
    with httpx2.Client(base_url=origin, headers=headers, timeout=30) as client:
        began = time.perf_counter()
        for entry in entries:
            answer = _send(client, entry, bodies, named)
            failed += answer.status_code >= 400
            if entry["method"] == "POST" and "uuid" in entry and answer.status_code == 201:
                body = answer.json()
                named[entry["uuid"]] = next(body[key] for key in body if key.endswith("VUuid"))
        return time.perf_counter() - began, failed


def _send(
    client: httpx2.Client, entry: dict[str, Any], bodies: dict[str, str], named: dict[str, str]
) -> httpx2.Response:
    path = entry["path"]
    head, _, last = path.partition("?")[0].rpartition("/")
    if last in named:
        path = f"{head}/{named[last]}"
    body = bodies.get(entry["request_id"], entry["body"])
    content = {"content": body.encode(), "headers": {"Content-Type": ITEM}} if body else {}
    return client.request(entry["method"], path, **content)
