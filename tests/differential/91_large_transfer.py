"""Three megabytes there and back, with a slow reader."""

import asyncio

SIZE = 3_000_000
passed_on = []


async def echo(reader, writer):
    total = 0
    while data := await reader.read(50_000):
        total += len(data)
        writer.write(data)
        await writer.drain()
    passed_on.append(total)
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send():
        for start in range(0, SIZE, 30_000):
            block = bytes((start // 30_000 + i) % 251
                          for i in range(0, 300)) * 100
            writer.write(block)
            await writer.drain()
        writer.write_eof()

    task = asyncio.create_task(send())
    check = count = 0
    while count < SIZE:
        data = await reader.readexactly(60_000)
        count += len(data)
        check = (check * 31 + data[0] + data[-1] + sum(data[:300])) % 1_000_003
        if count % 600_000 == 0:
            print("received", count, check)
            await asyncio.sleep(0.002)
    await task
    print("end", repr((await reader.read()).decode()))
    print("server passed on", *passed_on)
    writer.close()
    server.close()


asyncio.run(main())
