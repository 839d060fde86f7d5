"""A task that awaits itself gets an error and can go on."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    box = []

    async def narcissus():
        loop.call_soon(print, "soon")
        try:
            await box[0]
        except RuntimeError:
            print("refused")
        await asyncio.sleep(0)
        return "fine"

    box.append(asyncio.create_task(narcissus()))
    print(await box[0])


asyncio.run(main())
