"""Short pauses: the collector does not look through what a process has loaded for good.

Modules, models and the register are 150,000 objects, and looking through them takes 50 to 140 ms, in which no press gets on. They
are looked through once, at the start; from then on only what is new is.
"""

import asyncio
import gc

_YOUNG = 100_000  # objects; some batches of readings make as many, and nearly all of them are gone by then
_BUILT_S = 10.0  # by then the parts have built and read what they keep


def settle() -> None:
    """What is loaded now stays, and so does what is there in ten seconds. In a running loop, once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    asyncio.get_running_loop().call_later(_BUILT_S, gc.freeze)
