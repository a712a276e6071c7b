"""Hostile HTTP: bodies that lie about their length or never end, large headers, wrong tokens, names of files."""

import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

from benchmarks.attack.server_bodies import GOOD
from benchmarks.attack.server_child import Child
from benchmarks.attack.server_wire import Answer, ask, post, send_raw

_ROW = GOOD["/v1/models/nanotst:predict"]

Try = tuple[str, Callable[[Child], Answer]]
"""The kind of an attempt, and what makes it."""

_NAMES = (
    "../../etc/passwd", "/etc/passwd", "..", ".", "/", "nanotst/../nanotst", "nanotst\x00", "NANOTST", "nanotst ",
    "file:///etc/passwd", "/tmp", "C:\\windows", "%2e%2e%2fetc", "nanotst.onnx", "x" * 10_000, "ünknown", "\u202e",
)  # fmt: skip


def _head(child: Child, path: str, *lines: str) -> bytes:
    own = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {child.token}\r\nContent-Type: application/json\r\n"
    )
    return (own + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def lengths(draw: random.Random) -> Iterator[Try]:
    """Bodies whose length is too large, a lie, or none."""
    path = draw.choice(list(GOOD))
    for text in ("100000000", "9" * 19, "9" * 5000, "-1", "1.5", "abc", "0x10", "", "5, 5", "5\r\nContent-Length: 6"):
        yield "lying lengths", lambda c, t=text: send_raw(c.port, _head(c, path, f"Content-Length: {t}"), b"{}" * 9)
    for piece in (1 << 10, 1 << 16, 1 << 20):
        chunk = b"%x\r\n" % piece + b" " * piece + b"\r\n"
        count = 80_000_000 // piece if piece > 1 << 10 else 10_000
        end = () if piece > 1 << 10 else (b"0\r\n\r\n",)
        yield (
            "chunks without end",
            lambda c, p=(*[chunk] * count, *end): send_raw(c.port, _head(c, path, "Transfer-Encoding: chunked"), *p),
        )
    for bad in (
        b"zz\r\n",
        b"-5\r\n",
        b"f" * 100_000 + b"\r\n",
        b"5\r\nabc",
        b"5;" + b"x" * 100_000,
        b"5\r\nabcdefgh\r\n",
    ):
        yield (
            "broken chunks",
            lambda c, b=bad: send_raw(c.port, _head(c, path, "Transfer-Encoding: chunked"), b, b"0\r\n\r\n"),
        )
    both = ("Content-Length: 4", "Transfer-Encoding: chunked")
    yield "broken chunks", lambda c: send_raw(c.port, _head(c, path, *both), b"0\r\n\r\n")


def packings() -> Iterator[Try]:
    """Small bodies that unpack to large ones, that are cut, or that are packed otherwise."""
    import zstandard

    path = "/v2/forecast"
    for size in (65_000_000, 500_000_000, 2_000_000_000):
        packer = zstandard.ZstdCompressor(level=3).compressobj()
        bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + packer.flush()
        for cut in (len(bomb), len(bomb) - 4, len(bomb) // 2):
            yield "packed bombs", lambda c, b=bomb[:cut]: post(c.port, path, b, c.token, content_encoding="zstd")
    for codings in ("gzip", "br", "zstd, zstd", "zstd,gzip", "x" * 1000, "\xff", "deflate"):
        yield "other packings", lambda c, e=codings: post(c.port, path, b"{}", c.token, content_encoding=e)
    for content in (b"", b"{}", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + b"\xff" * 1000):
        yield "other packings", lambda c, b=content: post(c.port, path, b, c.token, content_encoding="zstd")


def tokens(child: Child) -> Iterator[Try]:
    """Tokens that are missing, wrong, or nearly right."""
    own = child.token
    near = [own[:-1], own + "x", own.upper(), own[::-1], "", " ", own[:-1] + "m", own * 1000, own + "\x01", "é" + own]
    for path in (
        *GOOD,
        "/metrics",
        "/openapi.json",
        "/page/about",
        "/page/../metrics",
        "//metrics",
        "/page/static/../about",
    ):
        for token in near:
            yield "wrong tokens", lambda c, p=path, t=token: post(c.port, p, GOOD.get(p, {}), t)
        for sent in (own, f"Basic {own}", f"Bearer\t{own}", f"Bearer,{own}"):
            yield "wrong tokens", lambda c, p=path, s=sent: post(c.port, p, GOOD.get(p, {}), "", authorization=s)


def names() -> Iterator[Try]:
    """Models whose names are files, and paths beside those of the server."""
    for name in _NAMES:
        for path in ("/v2/forecast", "/v1/timeseries/forecast"):
            yield "names of files", lambda c, p=path, n=name: post(c.port, p, GOOD[p] | {"model": n}, c.token)
        for text in (quote(name, safe=""), quote(name)):
            yield "names of files", lambda c, t=text: post(c.port, f"/v1/models/{t}:predict", _ROW, c.token)
            for start in ("/v2/models/", "/page/static/", "/v2/forecast/jobs/"):
                yield (
                    "names of files",
                    lambda c, p=f"{start}{text}": ask(c.port, "GET", p, None, {"authorization": f"Bearer {c.token}"}),
                )


def headers() -> Iterator[Try]:
    """Headers of a megabyte, thousands of them, and requests that are no HTTP."""
    good = "Content-Length: 0"
    for lines in (
        ["X: " + "a" * 1_000_000],
        ["X" * 1_000_000 + ": a"],
        [f"X{n}: a" for n in range(100_000)],
        ["X a"],
        ["X: \x00"],
    ):
        yield "hostile headers", lambda c, own=lines: send_raw(c.port, _head(c, "/v2/forecast", good, *own))
    yield "hostile headers", lambda c: send_raw(c.port, _head(c, "/" + "a" * 1_000_000, good))
    for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9 + b"\r\n\r\n", b"GET\r\n\r\n",
                 b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 70_000,
                 b"A" * 200_000):  # fmt: skip
        yield "hostile headers", lambda c, own=text: send_raw(c.port, own)
