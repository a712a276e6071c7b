"""The bodies of requests: bounded, and unpacked where a client has packed them."""

import asyncio

import zstandard
from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.serve.errors import answer
from segue.serve.limits import Limits
from segue.serve.room import Full, Held, Room, TooLarge, marks

_PIECE = 1 << 10
"""Bytes that are unpacked at once. A kilobyte of zstd may hold 33 MB, and 64 kB may hold 2 GB."""


class Bodies:
    """Reads the whole body of a request before the app does, and refuses one that is too large or slow; an ASGI app.

    Args:
        app: The app inside.
        limits: The largest bodies, and the seconds in which one must have come.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits, self._room = app, limits, Room(limits)
        self._unpacking = asyncio.Lock()  # what is unpacked is counted when it is whole, so one at a time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; see the ASGI specification."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        coding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        path = scope["path"]
        with self._room.held() as held:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    body = await self._read(receive, headers.get(b"content-length", b""), held)
                if coding == "zstd":
                    body = await self._unpacked(body, held)
                held.take(0, marks(body))
            except TooLarge as error:
                line = f"a body of more than {error.most}: send fewer series in a request"
                await answer(path, 413, line)(scope, receive, send)
            except Full:
                await answer(path, 503, "the server is busy; try again in a second", 1)(scope, receive, send)
            except TimeoutError:
                line = f"the body took more than {self._limits.seconds:g} seconds to come; send it faster"
                await answer(path, 408, line)(scope, receive, send)
            except zstandard.ZstdError:
                await answer(path, 400, "content-encoding zstd: the body is not packed so")(scope, receive, send)
            else:
                if coding not in ("zstd", "identity"):
                    line = f"content-encoding {coding[:40]}: send zstd, or no encoding"
                    await answer(path, 415, line)(scope, receive, send)
                    return
                await self._app(_plain(scope, len(body)), _replayed(body, receive), send)

    async def _read(self, receive: Receive, length: bytes, held: Held) -> bytes:
        """Reads a body up to its end.

        Raises:
            TooLarge: It has too many bytes, or says that it will have.
            Full: All bodies together have too many.
        """
        if length.isdigit() and int(length) > self._limits.body:
            raise TooLarge(f"{self._limits.body:,} bytes")
        parts, more = list[bytes](), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part = message.get("body", b"")
            held.take(len(part))
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)

    async def _unpacked(self, packed: bytes, held: Held) -> bytes:
        async with self._unpacking:
            body = await to_thread.run_sync(unpack, packed, self._limits.body)
        held.take(max(0, len(body) - len(packed)))
        return body


def unpack(packed: bytes, most: int) -> bytes:
    """Unpacks a body piece by piece, so that a small one cannot fill the memory.

    Args:
        packed: The body.
        most: The largest number of bytes to unpack.

    Raises:
        TooLarge: There are more.
        ZstdError: The body is not packed so, its end is missing, or something comes after it.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    parts, size = list[bytes](), 0
    for first in range(0, len(packed), _PIECE):
        part = unpacker.decompress(packed[first : first + _PIECE])
        size += len(part)
        if size > most:
            raise TooLarge(f"{most:,} bytes")
        parts.append(part)
    if not unpacker.eof or unpacker.unused_data:
        raise zstandard.ZstdError("the end is missing, or something comes after it")
    return b"".join(parts)


def _plain(scope: Scope, size: int) -> Scope:
    """The request as if its body had come unpacked, with its length."""
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in (b"content-encoding", b"content-length")]
    scope["headers"] = [*kept, (b"content-length", str(size).encode())]
    return scope


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, and then what the client does."""
    left = [body]

    async def replay() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replay
