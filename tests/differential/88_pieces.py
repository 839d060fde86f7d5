"""What comes in pieces is read as lines, blocks and texts up to a mark."""

import asyncio


async def talk(reader, writer):
    pieces = ["first li", "ne\nsecond line\nthi", "rd line\n", "abc", "defgh",
              "ij", "key=va", "lue;;", "rest without a newline"]
    for piece in pieces:
        writer.write(piece.encode())
        await writer.drain()
        # Waits for a sign, so that the pieces come apart.
        await reader.readexactly(1)
    writer.close()


async def main():
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def signs():
        for _ in range(9):
            await asyncio.sleep(0.005)
            writer.write(b".")

    task = asyncio.create_task(signs())
    for _ in range(3):
        print("line", repr((await reader.readline()).decode()))
    print("block", (await reader.readexactly(4)).decode())
    print("block", (await reader.readexactly(6)).decode())
    print("until", (await reader.readuntil(b"=")).decode())
    print("until", (await reader.readuntil(b";;")).decode())
    print("last", repr((await reader.readline()).decode()))
    print("end", repr((await reader.readline()).decode()),
          repr((await reader.read(10)).decode()), reader.at_eof())
    await task
    writer.close()
    server.close()


asyncio.run(main())
