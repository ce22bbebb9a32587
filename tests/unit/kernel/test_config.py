"""Configuration: complete, of the right form, or one error that names all that is wrong."""

from typing import Annotated, Literal

import msgspec
import pytest

from toban.kernel.config import ConfigError, read


class Config(msgspec.Struct, frozen=True):
    project: str = msgspec.field(name="GOOGLE_CLOUD_PROJECT")
    data_dir: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    quiet: bool = False
    mode: Literal["local", "google"] = "local"
    ratio: float | None = None


GOOD = {"GOOGLE_CLOUD_PROJECT": "p-1", "TOBAN_DATA_DIR": "/data"}


def test_a_field_is_an_environment_variable_of_its_name():
    more = {"TOBAN_PORT": "9000", "TOBAN_QUIET": "true", "TOBAN_MODE": "google", "PORT": "1"}
    assert read(Config, GOOD | more) == Config("p-1", "/data", 9000, quiet=True, mode="google")


def test_what_is_absent_or_blank_takes_its_default():
    assert read(Config, GOOD | {"TOBAN_PORT": "  ", "TOBAN_RATIO": ""}).port == 8080


def test_all_missing_names_are_in_one_error():
    with pytest.raises(ConfigError) as caught:
        read(Config, {"TOBAN_DATA_DIR": " "})
    assert str(caught.value) == (
        "GOOGLE_CLOUD_PROJECT is not set; TOBAN_DATA_DIR is not set (see README)"
    )


def test_missing_and_malformed_are_named_together_and_no_value_is():
    given = {
        "TOBAN_DATA_DIR": "/secret/place",
        "TOBAN_PORT": "hunter2",
        "TOBAN_MODE": "hunter3",
        "TOBAN_RATIO": "hunter4",
        "TOBAN_QUIET": "hunter5",
    }
    with pytest.raises(ConfigError) as caught:
        read(Config, given)
    text = str(caught.value)
    for name in ("GOOGLE_CLOUD_PROJECT", "TOBAN_PORT", "TOBAN_MODE", "TOBAN_RATIO", "TOBAN_QUIET"):
        assert name in text
    assert "TOBAN_DATA_DIR" not in text
    assert not [value for value in given.values() if value in text]
    assert "hunter" not in repr(caught.value.__cause__)
    assert "hunter" not in repr(caught.value.__context__)


def test_a_number_out_of_its_range_is_malformed():
    with pytest.raises(ConfigError, match="TOBAN_PORT does not have the right form"):
        read(Config, GOOD | {"TOBAN_PORT": "70000"})


def test_another_prefix_may_be_used():
    class Mail(msgspec.Struct):
        host: str

    assert read(Mail, {"SMTP_HOST": "mail"}, prefix="SMTP_").host == "mail"


def test_it_cannot_be_changed_afterwards():
    with pytest.raises(AttributeError):
        read(Config, GOOD).port = 1
