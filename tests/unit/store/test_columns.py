"""Columns are what PostgreSQL reads as arrays: psycopg's own loaders must read back what was packed."""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import Transformer
from psycopg.pq import Format

from devices.keys import EPOCH
from store.columns import Column, int4s, int8s, reals, texts, times

moments = st.integers(0, 4_102_444_800_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))
float32s = st.floats(width=32, allow_nan=False)


def read(column: Column) -> list[Any]:
    """As a connection would read this array."""
    loader = Transformer.from_context(psycopg.adapters).get_loader(column.oid, Format.BINARY)
    found: list[Any] = loader.load(column.data)
    return found


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_integers(values: list[int]) -> None:
    assert read(int4s(values)) == values


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_bigints(values: list[int]) -> None:
    assert read(int8s(values)) == values


@given(st.lists(st.one_of(moments, st.none())))
def test_times_to_the_microsecond(values: list[datetime | None]) -> None:
    assert read(times(values)) == values


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)))
def test_texts(values: list[str]) -> None:
    assert read(texts(values)) == values


@given(st.lists(st.one_of(float32s, st.none())))
def test_reals(values: list[float | None]) -> None:
    assert read(reals(values)) == values


def test_other_timezones_are_the_same_moment() -> None:
    at = datetime.fromisoformat("2026-11-24T10:00:00.000001+08:00")
    assert read(times([at])) == [at]
    assert at - timedelta(microseconds=1) not in read(times([at]))


@pytest.mark.parametrize(("pack", "value"), [(int4s, 2**31), (int8s, 2**63), (reals, 1e39)])
def test_what_does_not_fit_is_refused_before_it_is_sent(pack: Any, value: float) -> None:
    with pytest.raises((OverflowError, struct.error)):
        pack([value])


def test_nothing_is_an_empty_array() -> None:
    empty: Sequence[Any] = []
    assert [read(pack(empty)) for pack in (int4s, int8s, times, texts, reals)] == [[]] * 5
