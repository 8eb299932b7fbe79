"""The one scope rule: an area-code prefix or one site, and nothing by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.places import within

codes = st.from_regex(r"[0-9]{6,9}", fullmatch=True)
sites = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)


@pytest.mark.parametrize(
    ("scope", "area", "site", "seen"),
    [
        ("120105", "120105001", "home-1", True),
        ("120105001", "120105001", "home-1", True),
        ("120105001", "120105002", "home-1", False),
        ("120105001", "120105", "home-1", False),
        ("site:home-1", "120105001", "home-1", True),
        ("site:home-1", "120105001", "home-11", False),
        ("site:home", "120105001", "home-1", False),
        ("site:", "120105001", "home-1", False),
        ("", "120105001", "home-1", False),
        ("home-1", "120105001", "home-1", False),
        ("%", "120105001", "home-1", False),
        ("120105___", "120105001", "home-1", False),
    ],
)
def test_a_scope_covers_its_area_or_its_site(scope: str, area: str, site: str, seen: bool) -> None:
    assert within(scope, area, site) is seen


@given(codes, sites)
def test_nothing_is_seen_without_a_scope(area: str, site: str) -> None:
    assert not within("", area, site)


@given(codes, codes, sites)
def test_a_wider_scope_never_sees_less(scope: str, area: str, site: str) -> None:
    for shorter in range(1, len(scope)):
        assert within(scope[:shorter], area, site) or not within(scope, area, site)


@given(codes, sites, sites)
def test_a_site_scope_sees_one_site_whatever_the_area(area: str, own: str, other: str) -> None:
    assert within(f"site:{own}", area, other) == (own == other)
