"""A server that keeps the last value of every variable.

    python examples/python/server.py [host] [port]
"""

import argparse
import asyncio

import tipwire
from tipwire import Ping, Pull, Push, aio

values: dict[tuple[str, str], tipwire.Variable] = {}


def handler(request: tipwire.Request) -> aio.Reply:
    match request.frame:
        case Push(serial, variables):
            for variable in variables:
                print(f"{serial}: {variable.name} = {variable.text} {variable.unit or ''}", flush=True)
                values[serial, variable.name] = variable
            return len(variables)
        case Pull(serial, names):
            found = [values[serial, name] for name in names if (serial, name) in values]
            return found or ("ERR", "variable_not_found")
        case Ping():
            return "PONG"
    return "ERR", "invalid_method"


async def run(host: str, port: int) -> None:
    async with aio.serve(handler, host, port) as server:
        print(f"serving on {host}:{server.port}", flush=True)
        await server.forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that keeps last values.")
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=int, default=5693)
    options = parser.parse_args()
    try:
        asyncio.run(run(options.host, options.port))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
