"""A timer sets the event that two wait for."""

import asyncio


def set_event(event):
    print("setting event in callback")
    event.set()


async def wait(name, event):
    print(name, "waiting for event")
    print(name, await event.wait())
    print(name, "triggered")


async def main():
    event = asyncio.Event()
    print("event start state:", event.is_set())
    asyncio.get_running_loop().call_later(0.001, set_event, event)
    tasks = [asyncio.create_task(wait(name, event)) for name in "ab"]
    for task in tasks:
        await task
    print("event end state:", event.is_set())


asyncio.run(main())
