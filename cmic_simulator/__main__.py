"""Run the stand-in: python -m cmic_simulator --port 8090."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from cmic_simulator.errors import Refused
from cmic_simulator.simulator import Simulator
from cmic_simulator.switches import RELEASES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cmic_simulator", description="A stand-in for a CMiC tenant."
    )
    parser.add_argument("--port", type=int, default=8090, help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--snapshot", type=Path, help="file that keeps the book between runs")
    parser.add_argument("--seed", type=Path, help="JSON file to start from when there is no snapshot yet")
    parser.add_argument(
        "--describe",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="recorded answers of /describe (files, or folders with *.json): play the tenant that gave them",
    )
    parser.add_argument("--release", choices=RELEASES, default="nexus2")
    parser.add_argument("--token", default="sim", help="what X-Sim-Token must say on /__sim")
    parser.add_argument("--app-url", default="", help="the desk links back to it")
    parser.add_argument("--no-throttle", action="store_true", help="no limit of requests")
    parser.add_argument("--quiet", action="store_true", help="print only the address")
    return parser.parse_args()


def main() -> None:
    """This function will serve until SIGTERM or SIGINT."""
    given = _arguments()
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    try:
        simulator = _simulator(given)
    except (OSError, ValueError, Refused) as problem:
        sys.exit(f"cannot start: {problem}")
    simulator.start()
    print(f"listening on {simulator.base_url}", flush=True)
    if not given.quiet:
        for difference in simulator.book.profile.differences:
            print(f"  {difference}", flush=True)
        print(f"the accountant's desk is at {simulator.origin}/desk", flush=True)
    stop.wait()
    simulator.stop()


def _simulator(given: argparse.Namespace) -> Simulator:
    return Simulator(
        port=given.port,
        host=given.host,
        release=given.release,
        throttle=not given.no_throttle,
        control_key=given.token,
        app_url=given.app_url,
        seed_file=given.seed,
        snapshot_file=given.snapshot,
        describe=given.describe,
    )


if __name__ == "__main__":
    main()
