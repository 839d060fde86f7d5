"""What cannot be done at once is refused."""

import asyncio


async def main():
    q = asyncio.Queue(2)
    for step in "get", "put", "put", "put", "get", "get", "get":
        try:
            if step == "put":
                q.put_nowait(q.qsize())
                print("put", q.qsize(), q.full())
            else:
                print("got", q.get_nowait(), q.empty())
        except asyncio.QueueEmpty:
            print("empty")
        except asyncio.QueueFull:
            print("full")


asyncio.run(main())
