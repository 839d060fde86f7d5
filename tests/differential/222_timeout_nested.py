"""Scopes in scopes.

It depends on real time.
"""

import asyncio


async def nested(outer, inner):
    try:
        async with asyncio.timeout(outer) as a:
            try:
                async with asyncio.timeout(inner) as b:
                    await asyncio.sleep(3600)
            except TimeoutError:
                print("inner timeout", a.expired(), b.expired())
            except asyncio.CancelledError:
                print("inner cancelled", a.expired(), b.expired())
                raise
            await asyncio.sleep(3600)
    except TimeoutError:
        print("outer timeout", a.expired(), b.expired(),
              asyncio.current_task().cancelling())


async def main():
    await nested(0.02, 0.002)
    await nested(0.002, 3600)
    await nested(0, 0)
    await nested(0, 3600)
    await nested(0.002, 0)


asyncio.run(main())
