"""Foreign payloads as tables: `adapter(rest of the topic, payload) -> Adapted | None`, pure; None: it tells nothing of a device.

Raises BadPayload for what the adapter should understand and does not.
"""

from collections.abc import Callable, Mapping

from ingest.adapters.adapted import Adapted
from ingest.adapters.chirpstack import chirpstack
from ingest.adapters.zigbee2mqtt import zigbee2mqtt

ADAPTERS: Mapping[str, Callable[[str, bytes], Adapted | None]] = {"chirpstack": chirpstack, "zigbee2mqtt": zigbee2mqtt}
