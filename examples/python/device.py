"""A device that reports every few seconds and does as it is told.

    python examples/python/device.py [--count N] [--period S] [--token TOKEN] [--serial SERIAL] host port
"""

import argparse
import asyncio
import random

import tipwire
from tipwire import Variable, aio


async def obey(device: aio.Device) -> None:
    async for command in device.commands():
        print("told to", command, flush=True)


async def run(options: argparse.Namespace) -> None:
    auth = tipwire.Token(options.token).hash
    async with aio.connect(options.host, options.port, auth, options.serial, udp=options.udp) as device:
        obeying = asyncio.create_task(obey(device))
        temperature = 21.0
        sent = 0
        while options.count is None or sent < options.count:
            temperature = round(temperature + random.uniform(-0.5, 0.5), 1)
            ack = await device.push([Variable("temperature", temperature, "C"), Variable("n", sent)])
            if ack.status == "ERR":
                raise SystemExit(f"refused: {ack.error}")
            print(f"{temperature} °C: {ack.count} stored", flush=True)
            sent += 1
            await asyncio.sleep(options.period)
        obeying.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description="A device that reports every few seconds.")
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=int, default=5693)
    parser.add_argument("--token", default="ate2bd319014b24e0a8aca9f00aea4c0d0")
    parser.add_argument("--serial", default="sensor-01")
    parser.add_argument("--period", type=float, default=2, help="seconds between reports")
    parser.add_argument("--count", type=int, help="ends after so many reports")
    parser.add_argument("--udp", action="store_true")
    try:
        asyncio.run(run(parser.parse_args()))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
