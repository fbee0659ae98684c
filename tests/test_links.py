"""Addresses outside the book: which are asked, and what counts as gone; the servers here are of this machine."""

import http.server
import threading
from collections import Counter
from contextlib import contextmanager

import pytest

from tools import links

REPOSITORY = "https://example.org/us/book"
PAGE = """<a class="x" href="https://example.org/a?b=1&amp;c=2#here">a</a> <a href="https://example.org/a?b=1&amp;c=2">a</a>
<a href="https://mybinder.org/v2/gh/us/book">run</a> <a href="https://example.org/us/book/edit/main/one.md">edit</a>
<a href="https://example.org/us/book">source</a> <a href="two.html">on</a> <link href="https://example.org/style.css">"""


@contextmanager
def serving(codes):
    """A server that answers each path with its codes in turn, the last one for ever, and counts what it was asked."""
    asked = Counter()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            code = codes[self.path][min(asked[self.path], len(codes[self.path]) - 1)]
            asked[self.path] += 1
            self.send_response(code)
            if code == 301:
                self.send_header("Location", "/there")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def test_each_address_is_asked_once_and_buttons_not_at_all(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.html").write_text(PAGE)
    pages = {"one.html", "two.html"}
    assert links.addresses(tmp_path, REPOSITORY) == {"https://example.org/a?b=1&c=2": pages, REPOSITORY: pages}


CODES = {"/there": [200], "/moved": [301], "/gone": [410], "/lost": [404], "/shut": [403], "/tired": [503, 429, 200],
         "/shaky": [404, 200], "/broken": [500]}  # fmt: skip
HERE = {"/there": True, "/moved": True, "/gone": False, "/lost": False, "/shut": None, "/tired": True, "/shaky": True,
        "/broken": None}  # fmt: skip


def test_only_what_a_server_calls_gone_twice_is_gone():
    with serving(CODES) as (address, asked):
        found = links.asked([address + path for path in CODES], pause=0)
    assert {path: found[address + path][0] for path in CODES} == HERE
    assert asked["/lost"] == 2 and asked["/broken"] == asked["/tired"] == 3


@pytest.mark.parametrize("kind", ["no such host", "nobody listens", "no address"])
def test_a_server_that_is_not_there_is_gone_and_one_that_is_silent_is_not(kind):
    with serving({}) as (address, _):
        closed = address
    where = {"no such host": "http://nowhere.invalid/", "nobody listens": closed, "no address": "http://[/"}[kind]
    assert links.answer(where, pause=0)[0] is (False if kind == "no such host" else None)


@pytest.mark.parametrize(("code", "status"), [(200, 0), (403, 0), (404, 1)])
def test_the_command_fails_when_an_address_is_gone_and_names_its_page(tmp_path, capsys, code, status):
    (tmp_path / "_build/html").mkdir(parents=True)
    (tmp_path / "_config.yml").write_text(f"repository: {{url: '{REPOSITORY}'}}\n")
    with serving({"/x": [code]}) as (address, _):
        (tmp_path / "_build/html/one.html").write_text(f'<a href="{address}/x">x</a>')
        assert links.main(tmp_path, pause=0) == status
    said = capsys.readouterr().out
    assert "1 addresses" in said and ("one.html" in said) == (code != 200)
