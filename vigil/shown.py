"""The loopback port on which a part shows its figures to Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server


@contextmanager
def served(registry: CollectorRegistry, port: int) -> Iterator[int]:
    """/metrics on the loopback meanwhile, unless `port` is 0; gives the port."""
    if not port:
        yield 0
        return
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
