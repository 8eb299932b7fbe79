"""Ports on loopback: the wanted one where it is free, else the next free one."""

import socket

_TRIES = 200


class NoFreePort(OSError):
    """No port is free in the range that was tried."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def next_free(wanted: int, taken: frozenset[int] = frozenset(), host: str = "127.0.0.1") -> int:
    """The first free port from `wanted` on that is not in `taken`. Raises NoFreePort."""
    for port in range(wanted, min(wanted + _TRIES, 65536)):
        if port not in taken and is_free(port, host):
            return port
    raise NoFreePort(f"port: expected a free one from {wanted} to {wanted + _TRIES - 1} on {host}, got none")
