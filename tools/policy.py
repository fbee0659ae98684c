"""A Content-Security-Policy in every page: what a browser may load and run there is what this site serves itself.

Scripts in the page run by their hash, and none by an attribute such as `onclick`. What the policy leaves open: style
attributes, of which KaTeX sets formulas; and `blob:` for scripts, since explorers carry their module as text, which a
page opened from a disk could not import from a file. No such address can be written into a page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

OWN = "'self' file:"  # browsers differ on whether a page opened from a disk has an origin of its own
POLICY = {
    "default-src": "'none'",
    "script-src": f"{OWN} blob:",
    "style-src": f"{OWN} 'unsafe-inline'",
    "img-src": f"{OWN} data:",
    "font-src": OWN,
    "connect-src": "'self'",
    "form-action": OWN,
    "base-uri": "'none'",
}
CHARSET = re.compile(r'<meta charset="utf-8" ?/?>', re.IGNORECASE)
SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL | re.IGNORECASE)
HANDLERS = {"window.print()": "print", "toggleFullScreen()": "fullscreen"}


def protect(root: Path) -> None:
    """Write the policy into every page of the site, once all else about them is done; again, it changes nothing."""
    for page in (root / "_build/html").rglob("*.html"):
        text = page.read_text(encoding="utf8")
        if CHARSET.search(text) and "Content-Security-Policy" not in text:
            page.write_text(protected(text), encoding="utf8")


def protected(text: str) -> str:
    """A page with its policy, and with the buttons of the theme left to `book.js`."""
    for handler, name in HANDLERS.items():
        text = text.replace(f' onclick="{handler}"', f' data-press="{name}"')
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(text)}">'
    return CHARSET.sub(lambda found: f"{found[0]}{meta}", text, count=1)


def policy(text: str) -> str:
    """The policy of one page: that of all, and the hashes of the scripts that stand in it."""
    hashes = " ".join(dict.fromkeys(f"'sha256-{digest(script)}'" for script in inline_scripts(text)))
    allowed = POLICY | {"script-src": f"{POLICY['script-src']} {hashes}".strip()}
    return "; ".join(f"{kind} {sources}" for kind, sources in allowed.items())


def inline_scripts(text: str) -> list[str]:
    """Scripts that run from the page itself; data in a script tag, such as JSON, do not run."""
    return [found["text"] for found in SCRIPT.finditer(text)
            if not re.search(r'\bsrc=|type="(?!module|text/javascript)', found["attributes"])]  # fmt: skip


def digest(script: str) -> str:
    """SHA-256 as policies write it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
