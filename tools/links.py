"""Ask every address outside the book that a page links to whether it is still there; a workflow does so each week.

An address is gone when its server says so, or when there is no such server. Many sites turn programs away or ask them
to wait: those are listed as unsure and fail nothing.
"""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urldefrag, urlsplit
from urllib.request import Request, urlopen

from tools import book, execute

LINK = re.compile(r'<a\s[^>]*?href="(https?://[^"]+)"')
LAUNCH = {"mybinder.org", "colab.research.google.com"}  # would start a machine
GONE = {404, 410}
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept": "*/*"}
TRIES, PAUSE, TIMEOUT, HOSTS = 3, 2.0, 30.0, 16


def main(root: Path = book.ROOT, pause: float = PAUSE) -> int:
    """Check the links of the built site, say which are gone or unsure, and return 1 if any is gone."""
    found = addresses(root / "_build/html", execute.config(root)["repository"]["url"])
    answers = asked(found, pause)
    gone = {address: words for address, (here, words) in answers.items() if here is False}
    unsure = {address: words for address, (here, words) in answers.items() if here is None}
    for title, some in (("gone", gone), ("unsure", unsure)):
        for address, words in sorted(some.items()):
            print(f"[links] {title}: {address} ({words}), on {', '.join(sorted(found[address]))}")
    there = len(found) - len(gone) - len(unsure)
    print(f"[links] {len(found)} addresses: {there} there, {len(unsure)} unsure, {len(gone)} gone")
    return 1 if gone else 0


def addresses(site: Path, repository: str) -> dict[str, set[str]]:
    """Addresses outside that pages link to, less anchors, with the pages; buttons that start something are left out."""
    found: dict[str, set[str]] = {}
    forms = tuple(f"{repository}/{kind}" for kind in ("edit/", "issues/new"))
    for page in site.rglob("*.html"):
        for link in LINK.findall(page.read_text(encoding="utf8")):
            address = urldefrag(unescape(link)).url
            if urlsplit(address).hostname not in LAUNCH and not address.startswith(forms):
                found.setdefault(address, set()).add(page.relative_to(site).as_posix())
    return found


def asked(found: Iterable[str], pause: float = PAUSE) -> dict[str, tuple[bool | None, str]]:
    """The answer for each address; those of one host are asked one after another."""
    hosts: dict[str, list[str]] = {}
    for address in found:
        hosts.setdefault(urlsplit(address).netloc, []).append(address)
    with ThreadPoolExecutor(HOSTS) as pool:
        parts = pool.map(lambda some: [(address, answer(address, pause)) for address in some], hosts.values())
        return dict(pair for part in parts for pair in part)


def answer(address: str, pause: float = PAUSE) -> tuple[bool | None, str]:
    """Whether an address is there (True), gone (False), or neither is sure (None); and what was said."""
    here, words = None, ""
    for attempt in range(TRIES):
        time.sleep(pause * attempt)
        here, words = once(address)
        if here is True or (here is False and attempt):  # what is gone is asked twice
            break
    return here, words


def once(address: str) -> tuple[bool | None, str]:
    try:
        with urlopen(Request(address, headers=BROWSER), timeout=TIMEOUT) as reply:
            return True, str(reply.status)
    except HTTPError as error:
        return (False if error.code in GONE else None), str(error.code)
    except URLError as error:
        return (False if isinstance(error.reason, socket.gaierror) else None), str(error.reason)  # no such server
    except (OSError, HTTPException, ValueError) as error:
        return None, repr(error)


if __name__ == "__main__":
    sys.exit(main())
