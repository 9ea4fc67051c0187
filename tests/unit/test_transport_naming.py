"""What a question is called: one name for one question, and no secret in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datazones.model import Request
from datazones.transport import request_key
from datazones.transport.naming import HIDDEN, Secrets, shown, with_params

CANARY = "c4n4ry+/=&secret"


def test_a_question_is_its_method_its_url_and_its_parameters_by_name() -> None:
    asked = Request("https://api.example.org/v2/CHN;USA?format=json", (("per_page", "1000"), ("date", "2000:2024")))
    assert request_key(asked) == "GET https://api.example.org/v2/CHN;USA?date=2000:2024&format=json&per_page=1000"


def test_the_order_of_parameters_and_a_fragment_make_no_other_question() -> None:
    one = Request("https://api.example.org/x#top", (("b", "2"), ("a", "1")))
    assert request_key(one) == request_key(Request("https://api.example.org/x?a=1", (("b", "2"),)))


def test_the_order_of_one_parameters_own_values_is_kept() -> None:
    assert request_key(Request("https://h/x", (("a", "2"), ("a", "1")))) == "GET https://h/x?a=2&a=1"


def test_a_post_is_another_question_than_a_get() -> None:
    assert request_key(Request("https://h/x", (("m", "QueryData"),), "POST")) == "POST https://h/x?m=QueryData"


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=4))
def test_different_parameters_are_different_questions(params: list[tuple[str, str]]) -> None:
    asked = Request("https://h/x", tuple(params))
    changed = Request("https://h/x", (*params, ("another", "1")))
    assert request_key(asked) != request_key(changed)


@pytest.mark.parametrize("name", ["api_key", "API_KEY", "key", "token", "access_token", "apikey", "subscription-key"])
def test_a_secret_parameter_is_hidden_wherever_it_stands(name: str) -> None:
    in_params = request_key(Request("https://h/x", (("series_id", "GDP"), (name, CANARY))))
    in_url = request_key(Request(f"https://h/x?{name}=c4n4ry&series_id=GDP"))
    assert "c4n4ry" not in in_params + in_url
    assert f"{name}={HIDDEN}" in in_params
    assert "series_id=GDP" in in_params


def test_another_key_is_no_other_question() -> None:
    with_key = [request_key(Request("https://h/x", (("api_key", key),))) for key in ("a" * 32, "b" * 32)]
    assert with_key[0] == with_key[1]


@pytest.mark.parametrize("name", ["page_token", "monkey", "keyword", "tokens"])
def test_a_name_that_only_sounds_like_a_secret_is_part_of_the_question(name: str) -> None:
    assert request_key(Request("https://h/x", ((name, "2"),))).endswith(f"{name}=2")


def test_credentials_and_control_characters_never_come_out() -> None:
    assert shown("https://me:c4n4ry@h/x\r\nSet-Cookie: a\x1b[31m") == f"https://{HIDDEN}@h/x Set-Cookie: a [31m"


@pytest.mark.parametrize("url", ["https://me@h/x", "https://me:p/w@h/x", "https://:pw@h/x", "https://me:80@h/x"])
def test_credentials_are_hidden_even_where_they_are_no_url(url: str) -> None:
    assert shown(url) == f"https://{HIDDEN}@h/x"


@pytest.mark.parametrize(
    "url", ["https://h/data/OECD,DSD_X@DF_Y,1.0", "https://h:8443/data/DSD_X@DF_Y", "https://h/?a=@b"]
)
def test_an_at_sign_in_a_path_is_no_credential(url: str) -> None:
    assert shown(url) == url


def test_a_secret_that_a_provider_echoes_is_hidden_in_every_spelling() -> None:
    secrets = Secrets(Request("https://h/x", (("api_key", CANARY),), headers=(("Authorization", "Bearer abc.def"),)))
    echoed = f"bad key {CANARY}, c4n4ry%2B%2F%3D%26secret, c4n4ry%2B/%3D%26secret and Bearer abc.def"
    assert secrets.hide(echoed) == f"bad key {HIDDEN}, {HIDDEN}, {HIDDEN} and {HIDDEN}"


def test_a_urls_own_query_goes_out_as_it_was_written() -> None:
    assert with_params("https://h/x?c[geo]=ES,FR+IT", (("a", "b c"),)) == "https://h/x?c[geo]=ES,FR+IT&a=b%20c"
    assert with_params("https://h/x", ()) == "https://h/x"
