"""Settings: defaults from the table, clear errors that name the variable, what was expected and what came."""

from pathlib import Path

import pytest

from vigil.settings import TABLE, BadSetting, MissingSetting, Settings


def test_every_setting_is_named_once_and_explained() -> None:
    names = [setting.name for setting in TABLE]
    assert len(set(names)) == len(names)
    assert all(name.startswith("VIGIL_") for name in names)
    assert all(setting.meaning for setting in TABLE)


def test_defaults_apply_to_unset_and_to_empty() -> None:
    assert Settings({}).number("VIGIL_MQTT_PORT") == 1883
    assert Settings({"VIGIL_MQTT_PORT": ""}).number("VIGIL_MQTT_PORT") == 1883


@pytest.mark.parametrize("value", ["x", "1.5", "0x10", "１２ 3"])
def test_a_number_that_is_none_is_refused_with_its_name(value: str) -> None:
    with pytest.raises(BadSetting, match=r"VIGIL_HTTP_PORT: expected a whole number, got"):
        Settings({"VIGIL_HTTP_PORT": value}).number("VIGIL_HTTP_PORT")


@pytest.mark.parametrize("value", ["yes", "true", "2"])
def test_a_flag_is_0_or_1(value: str) -> None:
    with pytest.raises(BadSetting, match="expected 0 or 1"):
        Settings({"VIGIL_HTTPS": value}).flag("VIGIL_HTTPS")
    assert Settings({"VIGIL_HTTPS": "1"}).flag("VIGIL_HTTPS")
    assert not Settings({}).flag("VIGIL_HTTPS")


def test_what_is_needed_and_missing_says_what_it_is() -> None:
    with pytest.raises(MissingSetting, match="VIGIL_DATABASE_URL: expected PostgreSQL"):
        Settings({}).needed("VIGIL_DATABASE_URL")


def test_a_name_outside_the_table_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        Settings({}).text("VIGIL_NO_SUCH")


def test_secrets_live_beside_the_data_unless_said_otherwise(tmp_path: Path) -> None:
    assert Settings({"VIGIL_DATA": str(tmp_path)}).secrets == tmp_path / "secrets"
    assert Settings({"VIGIL_DATA": str(tmp_path), "VIGIL_SECRETS": "/run/secrets"}).secrets == Path("/run/secrets")


@pytest.mark.parametrize("value", ["0", "-1", "10 GB"])
def test_a_size_is_a_whole_number_of_mib(value: str) -> None:
    with pytest.raises(BadSetting, match="VIGIL_BROKER_STORE_MB: expected"):
        Settings({"VIGIL_BROKER_STORE_MB": value}).megabytes("VIGIL_BROKER_STORE_MB")
    assert Settings({}).megabytes("VIGIL_BROKER_STORE_MB") == 10 * 1024
