"""Ends that come too early, lines that are too long, two readers."""

import asyncio


async def talk(reader, writer):
    what = (await reader.readline()).decode().rstrip()
    print("server is asked for", what)
    if what == "short":
        writer.write(b"abc")
    elif what == "no mark":
        writer.write(b"no mark here")
    elif what == "long":
        writer.write(b"x" * 200 + b"\nnext\n")
    elif what == "far mark":
        writer.write(b"y" * 150 + b"|rest\n")
    elif what == "silence":
        writer.write(b"ready\n")
        await reader.read()
    writer.close()


async def main():
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(what):
        reader, writer = await asyncio.open_connection("127.0.0.1", port,
                                                       limit=100)
        writer.write(what.encode() + b"\n")
        return reader, writer

    reader, writer = await ask("short")
    try:
        await reader.readexactly(5)
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial.decode(), e.expected)
    print("nothing left", repr((await reader.read()).decode()))
    writer.close()

    reader, writer = await ask("no mark")
    try:
        await reader.readuntil(b"|")
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial.decode(), e.expected)
    writer.close()

    reader, writer = await ask("long")
    try:
        await reader.readline()
    except ValueError:
        print("the line is too long")
    print("next", (await reader.readline()).decode().rstrip())
    writer.close()

    reader, writer = await ask("far mark")
    try:
        await reader.readuntil(b"|")
    except asyncio.LimitOverrunError as e:
        print("overrun", e.consumed >= 100)
    print("block", len(await reader.readexactly(150)))
    print("until", (await reader.readuntil(b"|")).decode())
    print("rest", (await reader.read()).decode().rstrip())
    writer.close()

    reader, writer = await ask("silence")
    print((await reader.readline()).decode().rstrip())
    first = asyncio.create_task(reader.readline())
    await asyncio.sleep(0)
    try:
        await reader.readline()
    except RuntimeError:
        print("one reads already")
    first.cancel()
    try:
        await first
    except asyncio.CancelledError:
        print("the first was cancelled")
    writer.write_eof()
    print("end", repr((await reader.readline()).decode()))
    try:
        writer.write(b"too late")
    except RuntimeError:
        print("no writing after the end")
    writer.close()
    server.close()
    print("over")


asyncio.run(main())
