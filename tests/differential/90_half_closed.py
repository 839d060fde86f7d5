"""write_eof ends one side alone."""

import asyncio


async def summing(reader, writer):
    total = 0
    while line := await reader.readline():
        total += int(line)
    print("server has it all")
    writer.write(f"{total}\n".encode())
    writer.write(b"and ")
    writer.writelines([b"some ", b"more\n"])
    writer.write_eof()
    print("server waits for the end", repr((await reader.read()).decode()))
    writer.close()


async def main():
    ended = asyncio.get_running_loop().create_future()

    async def handler(reader, writer):
        await summing(reader, writer)
        ended.set_result("handler ended")

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    print(writer.can_write_eof())
    for i in range(5):
        writer.write(f"{i * 11}\n".encode())
    writer.write_eof()
    lines = [line.decode().rstrip() async for line in reader]
    print(await ended)
    for line in lines:
        print("client got", line)
    print("client at the end", reader.at_eof())
    writer.close()
    await writer.wait_closed()
    server.close()


asyncio.run(main())
