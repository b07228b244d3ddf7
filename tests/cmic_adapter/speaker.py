"""One worker of several, in an operating system process of its own: `python -m tests.cmic_adapter.speaker`.

Arguments: base URL, Redis URL, the document's number, requests a second. It waits for a line on stdin, so that all
start together, delivers a document and reads; it says how often it was told to come back later.
"""

import sys

from cmic_adapter.backend import CmicBackend
from erp.port import ErpUnavailable
from tests.cmic_adapter.support import PASSWORD, USER, Diary, change, line

READS = 2


def main() -> None:
    base_url, redis_url, number, rate = sys.argv[1:]
    cmic = CmicBackend(
        base_url=base_url,
        username=USER,
        password=PASSWORD,
        redis_url=redis_url,
        requests_per_second=float(rate),
    )
    sys.stdin.readline()
    document = change(line("01-100", "L", "-1"), line("02-100", "M", "1"), number=number)
    later, done = 0, 0
    while done <= READS:
        try:
            if done:
                list(cmic.companies())
            else:
                cmic.push(document, Diary())
            done += 1
        except ErpUnavailable:
            later += 1
    print(later)


if __name__ == "__main__":
    main()
