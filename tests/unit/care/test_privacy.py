"""What is masked is gone: nothing hidden can be read off the mask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.privacy import mask_address, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "masked"),
    [("李秀英", "李**"), ("王芳", "王**"), ("欧阳建国", "欧***"), ("李", "李**"), ("", ""), ("  ", ""), (" 张伟 ", "张**")],
)
def test_a_name_keeps_its_surname(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(min_size=2))
def test_of_a_name_only_the_first_character_stays(name: str) -> None:
    masked = mask_name(name)
    assert set(masked[1:]) <= {"*"}
    assert len(masked) != 2, "the length of a short name is hidden too"


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138-1234-5678", "861****5678"),
        ("022 2622 1234", "022****1234"),
        ("26221234", "262****1234"),
        ("2622123", "****23"),
        ("1234", "****34"),
        ("119", "****"),
        ("", ""),
        ("无", ""),
    ],
)
def test_a_phone_keeps_head_and_tail(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_four_digits_of_a_mobile_number_are_gone(phone: str) -> None:
    assert mask_phone(phone) == f"{phone[:3]}****{phone[7:]}"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("光复道街幸福路12号3号楼2门501", "光复道街幸福路12号3号楼****"),
        ("光复道街幸福路12号院2门501", "光复道街幸福路12号院****"),
        ("幸福路12号2门501", "幸福路12号****"),
        ("幸福路12号", "幸福路12号"),
        ("王串场二号路146号", "王串场二号路146号"),
        ("王串场二号路146号2门501", "王串场二号路146号****"),
        ("幸福里小区3-2-501", "幸福里小区****"),
        ("Xingfu Road 12, flat 501", "Xingfu Road ****"),
        ("春晖里", "春晖里"),
        ("", ""),
    ],
)
def test_an_address_ends_before_the_door(address: str, masked: str) -> None:
    assert mask_address(address) == masked


@given(st.text("幸福路里门-室 号楼院单元"), st.integers(100, 99_999))
def test_no_room_number_survives(street: str, room: int) -> None:
    assert str(room) not in mask_address(f"{street}{room}室")
