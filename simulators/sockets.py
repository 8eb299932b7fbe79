"""Room for as many sockets as the district has mains devices: many systems let a process open 1,024 files and no more."""

import logging
import resource

log = logging.getLogger("vigil.simulator")

_OTHERS = 100  # logs, the event loop, battery devices that are awake


def make_room(lines: int) -> bool:
    """Raise the soft limit of open files as far as `lines` need and the hard limit lets it; whether all fit."""
    wanted = lines + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _reaches(soft, wanted):
        return True
    allowed = wanted if _reaches(hard, wanted) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.error("open files: expected a limit of at least %d, got %d; some devices will not connect", wanted, hard)
    return allowed >= wanted


def _reaches(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted
