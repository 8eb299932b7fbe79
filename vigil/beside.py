"""Commands that are processes of their own: they start servers themselves, or import what no service needs."""

import argparse
import asyncio
import sys

from vigil.settings import Settings


async def bench(arguments: argparse.Namespace, settings: Settings) -> int:
    """The benchmarks, as a process of their own: they start servers and workers themselves."""
    return await _ours("bench", *arguments.arguments)


async def offline(arguments: argparse.Namespace, settings: Settings) -> int:
    """Work on recordings, as a process of its own: it imports what no service needs."""
    what = arguments.arguments
    if arguments.command == "labels" and (not what or what[0].startswith("-")):
        what = ["count", *what]
    return await _ours("vigil.offline", arguments.command, *what)


async def _ours(module: str, *arguments: str) -> int:
    """Run one of our modules as a process of its own. -P: it is ours, whatever folder of that name lies where we were started."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", module, *arguments)
    return await process.wait()
