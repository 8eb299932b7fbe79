"""One delivery and the register in; out comes what was said, or what was expected and what came instead. Pure and total."""

from broker.session import Arrived
from devices import topics
from devices.topics import BadTopic
from ingest.foreign import foreign
from ingest.native import native
from ingest.said import Decoded, Register, Rejected


def decode(arrived: Arrived, register: Register, lane: str) -> Decoded:
    """What one delivery says to this lane.

    Both lanes hear foreign messages: the event lane takes events and complaints out of them, the telemetry lane the readings.
    """
    try:
        topic = topics.parse(arrived.topic)
    except BadTopic as error:
        return (Rejected(error.reason),)
    if topic.channel == "foreign":
        return foreign(arrived, topic, register, lane)
    return native(arrived, topic, register)
