"""An echo server for lines; three clients one after the other."""

import asyncio


async def echo(reader, writer):
    count = 0
    async for line in reader:
        count += 1
        print("server got", line.decode().rstrip())
        writer.write(b"echo " + line)
        await writer.drain()
    print("server saw the end after", count)
    writer.close()
    await writer.wait_closed()


async def client(port, name, count):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(count):
        writer.write(f"{name} {i}\n".encode())
        line = await reader.readline()
        print(name, "got", line.decode().rstrip())
    writer.write_eof()
    print(name, "at the end:", repr((await reader.read()).decode()),
          reader.at_eof())
    writer.close()
    await writer.wait_closed()
    print(name, "closed", writer.is_closing())


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(server.is_serving(), len(server.sockets))
    for name, count in (("anna", 3), ("bert", 1), ("cleo", 0)):
        await client(port, name, count)
    server.close()
    await server.wait_closed()
    print(server.is_serving(), len(server.sockets))


asyncio.run(main())
