"""`python -m embedded run | services | reset | here -- COMMAND | exec -- COMMAND`."""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

from embedded import run
from embedded.children import Stopped, raise_on_signals
from embedded.installation import ROOT, Installation
from embedded.processes import StartError, die_with_parent
from embedded.throwaway import Throwaway


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m embedded", description="Tieback on this machine.")
    parser.add_argument(
        "--var", type=Path, default=ROOT / "var", help="where data and logs lie (default: var)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="everything, with the demo company; Ctrl-C stops it")
    commands.add_parser("services", help="PostgreSQL and Valkey only; prints their addresses")
    commands.add_parser("reset", help="delete the data of former runs")
    here = commands.add_parser(
        "here", help="run a command with the data and settings of `make run`, whether that runs or not"
    )
    here.add_argument("words", nargs="+", metavar="COMMAND")
    execute = commands.add_parser("exec", help="run a command beside a throw-away PostgreSQL and Valkey")
    execute.add_argument("words", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    installation = Installation(options.var.resolve())
    try:
        if options.command == "exec":
            return run_beside_servers(options.words)
        if options.command == "here":
            return run.here(installation, options.words)
        {"run": run.run, "services": run.services, "reset": run.reset}[options.command](installation)
    except StartError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def run_beside_servers(words: list[str]) -> int:
    """Run a command with the addresses of servers that end with it; return its exit code.

    Settings without which Django refuses to start are made up where the environment has none.
    """
    raise_on_signals()
    servers = Throwaway(root=Path("/tmp"))  # noqa: S108
    try:
        servers.start()
        made_up = {"SECRET_KEY": secrets.token_urlsafe(60), "BASE_URL": "http://127.0.0.1:8000"}
        found = {name: value for name, value in os.environ.items() if value}
        env = made_up | found | {"DATABASE_URL": servers.postgres_url, "REDIS_URL": servers.valkey_url}
        return subprocess.run(words, env=env, check=False, preexec_fn=die_with_parent(15)).returncode
    except Stopped:
        return 130
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
