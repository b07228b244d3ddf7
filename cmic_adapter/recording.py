"""A tenant's descriptions as files: for the simulator, for tests, for whoever compares names."""

from __future__ import annotations

from collections.abc import Mapping

from cmic_adapter import adf, wire
from cmic_adapter.client import Client


def record(client: Client) -> Mapping[str, str]:
    """This function will return each application's description by file name, without host and log-in.

    Raises ErpUnavailable, ErpMisconfigured.
    """
    roots = {resource.root for resource in (*wire.NEEDED_TO_READ, *wire.NEEDED_TO_WRITE)}
    return {f"{root.replace('/', '.')}.json": _description(client, root) for root in sorted(roots)}


def _description(client: Client, root: str) -> str:
    client.description(root)  # raises what an answer that is no description means
    return adf.without_address(client.anonymous(client.ask(adf.describe_path(root), {}).raw))
