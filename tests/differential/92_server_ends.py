"""A server that closes; connections live on; nobody answers any more."""

import asyncio


async def main():
    handlers = []

    async def echo(reader, writer):
        handlers.append(asyncio.current_task())
        try:
            while line := await reader.readline():
                writer.write(line.upper())
        except asyncio.CancelledError:
            print("handler cancelled")
            raise
        finally:
            print("handler leaves")
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"one\n")
    print((await reader.readline()).decode().rstrip())
    serving = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0)
    print("serving", server.is_serving())
    serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        print("no longer", server.is_serving())
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        print("refused")
    writer.write(b"two\n")
    print((await reader.readline()).decode().rstrip())
    handlers[0].cancel()
    print("end", repr((await reader.readline()).decode()))
    writer.close()
    await writer.wait_closed()
    print("over")


asyncio.run(main())
