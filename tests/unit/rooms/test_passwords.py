"""Hashes of passwords, and the command that makes them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.cli import main
from pyjitsi.rooms.auth import passwords
from pyjitsi.rooms.auth.passwords import HashError

# RFC 7914 section 12, the third vector: N 16384, r 8, p 1, of 64 bytes.
RFC = (
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
)


def test_the_rfcs_vector_fits() -> None:
    found = passwords.read(RFC)
    assert found.salt == b"SodiumChloride"
    assert found.fits("pleaseletmein")
    assert not found.fits("pleaseletmein ")


def test_a_hash_fits_its_password_and_no_other() -> None:
    made = passwords.read(str(passwords.make("correct horse")))
    assert made.fits("correct horse")
    assert not made.fits("Correct horse")
    assert str(passwords.make("correct horse")) != str(made)  # another salt


def test_what_two_keyboards_write_is_one_password() -> None:
    assert passwords.make("caf\u00e9 1").fits("cafe\u0301\u00a01")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hunter2", "is no hash of a password"),
        ("$2b$12$abcdefghijklmnopqrstuv", "is no hash of a password"),
        (RFC.replace("ln=14", "ln=24"), "more memory or time"),
        (RFC.replace("ln=14,r=8", "ln=17,r=64"), "more memory or time"),
        (RFC.replace("ln=14", "ln=0"), "more memory or time"),
        (RFC.replace("p=1", "p=99"), "more memory or time"),
        (RFC[:60], "is no hash"),
    ],
)
def test_what_is_no_hash_is_refused_without_showing_it(text: str, sentence: str) -> None:
    with pytest.raises(HashError, match=sentence) as caught:
        passwords.read(text)
    assert text not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_a_hash_or_an_error(text: str) -> None:
    try:
        passwords.read(text)
    except HashError:
        pass


@pytest.mark.parametrize("password", ["", "x" * 1025, "a\x00b", "a\nb"])
def test_passwords_that_nobody_could_type(password: str) -> None:
    with pytest.raises(ValueError, match="a password"):
        passwords.make(password)


def test_the_command_hashes_what_is_piped_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    assert main(["hash-password"]) == 0
    printed = capsys.readouterr().out
    assert passwords.read(printed).fits("hunter2")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["hash-password"]) == 2
    assert "1 to 1024 characters" in capsys.readouterr().err
