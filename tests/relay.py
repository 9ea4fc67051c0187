"""`python -m tests.relay HOST PORT [PORT ...]`: what listens on loopback can be reached at HOST, too."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from functools import partial


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def _met(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))


async def _serve(host: str, ports: list[int]) -> None:
    servers = [await asyncio.start_server(partial(_met, port), host, port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], [int(port) for port in sys.argv[2:]]))
