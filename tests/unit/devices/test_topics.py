"""Parsing is total: any text is a Topic or BadTopic, and a Topic writes itself back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.topics import CHANNELS, EVENT_LANE, BadTopic, Topic, parse, telemetry_lane

names = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
plain = st.sampled_from([c for c in CHANNELS if c != "foreign"])
tails = st.lists(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=12), min_size=1, max_size=5).map("/".join)
topics = st.one_of(
    st.builds(Topic, names, names, names, plain),
    st.builds(Topic, names, names, names, st.just("foreign"), tails),
)


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT 3.1.1 matching, written from the standard."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for place, want in enumerate(wanted):
        if want == "#":
            return True
        if place >= len(levels) or want not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


@given(topics)
def test_a_topic_survives_the_round_trip(topic: Topic) -> None:
    assert parse(str(topic)) == topic


@given(st.one_of(st.text(), st.text("care/v1+#-z0", max_size=60), st.builds("care/v1/{}".format, st.text())))
def test_any_text_is_a_topic_or_a_reason(text: str) -> None:
    try:
        topic = parse(text)
    except BadTopic as error:
        assert error.reason
        assert len(error.reason) < 400
        assert error.reason.isprintable()
    else:
        assert str(topic) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "care/v1",
        "care/v2/120105001/home-1/sos-1/event",
        "/care/v1/120105001/home-1/sos-1/event",
        "care/v1/120105001/home-1/sos-1",
        "care/v1/120105001/home-1/sos-1/event/",
        "care/v1/120105001/home-1/sos-1/event/more",
        "care/v1/120105001/home-1/sos-1/events",
        "care/v1/120105001/home-1/SOS-1/event",
        "care/v1/120105001/home-1/sos_1/event",
        "care/v1/120105001/home-1/sos-1\n/event",
        "care/v1/120105001//sos-1/event",
        "care/v1/120105001/+/sos-1/event",
        "care/v1/120105001/home-1/#",
        f"care/v1/120105001/home-1/{'x' * 41}/event",
        "care/v1/120105001/home-1/gw-1/foreign",
        "care/v1/120105001/home-1/gw-1/foreign/",
        "care/v1/120105001/home-1/gw-1/foreign/" + "x" * 500,
        "care/v1/１２０/home-1/sos-1/event",
    ],
)
def test_what_is_outside_the_contract_is_refused(text: str) -> None:
    with pytest.raises(BadTopic):
        parse(text)


@given(topics)
def test_each_lane_hears_a_message_once_and_none_is_lost(topic: Topic) -> None:
    text = str(topic)
    heard = (
        sum(matches(wanted, text) for wanted in EVENT_LANE),
        sum(matches(wanted, text) for wanted in telemetry_lane(topic.area)),
    )
    expected = {"event": (1, 1), "foreign": (1, 1), "ack": (1, 0), "cmd": (0, 0)}
    assert heard == expected.get(topic.channel, (0, 1))


@given(topics, names)
def test_a_partition_hears_its_own_area_only(topic: Topic, area: str) -> None:
    heard = any(matches(wanted, str(topic)) for wanted in telemetry_lane(area))
    assert not heard or topic.area == area
