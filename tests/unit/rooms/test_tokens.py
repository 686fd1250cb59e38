"""Which tokens are taken, and what the others are told."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr, ValidationError

from pyjitsi.rooms.auth.grant import Grant, Refused, Scope
from pyjitsi.rooms.auth.keys import KeyServer, KeySet
from pyjitsi.rooms.auth.settings import JwtSettings
from pyjitsi.rooms.auth.tokens import Verifier
from tests.support.tokens import DOMAIN, NOW, SECRET, KeyPages, by_hand, claims, refusal, shared, signed, unsigned

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
GOOD_HEADER = '{"alg":"HS256","typ":"JWT"}'


def public(server: KeyPages) -> Verifier:
    settings = JwtSettings(app_id="my_app", key_server="https://keys")
    return Verifier(settings, KeyServer("https://keys", server.fetch))


def key_server() -> KeyPages:
    return KeyPages({f"https://keys/{hashlib.sha256(b'k1').hexdigest()}.pem": PUBLIC})


async def test_all_claims_are_read() -> None:
    context = {
        "tenant": "Acme", "group": "g-17",
        "user": {"id": "u-42", "name": "Ann", "email": "ann@example.com", "avatar": "https://a/a.png",
                 "hidden-from-recorder": "true", "nested": {"no": 1}},
        "features": {"recording": "true", "livestreaming": True, "outbound-call": "false"},
        "room": {"regex": "true"},
    }  # fmt: skip
    grant = await shared().verify(signed(claims(context=context, room="Stand.*", sub=DOMAIN.upper())), NOW)
    assert grant == Grant(
        Scope("stand.*", DOMAIN, regex=True, tenant="acme"),
        {"id": "u-42", "name": "Ann", "email": "ann@example.com", "avatar": "https://a/a.png",
         "hidden-from-recorder": "true"},
        "g-17",
        {"recording": True, "livestreaming": True, "outbound-call": False},
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"moderator": True},
        {"context": {"user": {"affiliation": "owner"}}},
        {"context": {"user": {"affiliation": "teacher"}}},
        {"context": {"user": {"moderator": "true"}}},
        {"context": {"user": {"moderator": True}}},
    ],
)
async def test_moderators(changes: dict[str, Any]) -> None:
    assert (await shared().verify(signed(claims(**changes)), NOW)).moderator


@pytest.mark.parametrize(
    "changes", [{}, {"moderator": "yes"}, {"moderator": 1}, {"context": {"user": {"affiliation": "member"}}}]
)
async def test_no_moderators(changes: dict[str, Any]) -> None:
    assert not (await shared().verify(signed(claims(**changes)), NOW)).moderator


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"exp": NOW}, "Not acceptable by exp (0 sec since expired)"),
        ({"exp": str(NOW + 9)}, "exp must be number"),
        ({"exp": True}, "exp must be number"),
        ({"nbf": NOW + 1}, "Not acceptable by nbf"),
        ({"nbf": "0"}, "nbf must be number"),
        ({"iss": None}, "'iss' claim is missing"),
        ({"iss": "other"}, "invalid 'iss' claim"),
        ({"iss": ["my_app"]}, "invalid 'iss' claim"),
        ({"aud": None}, "'aud' claim is missing"),
        ({"room": None}, "'room' claim is missing"),
        ({"room": 5}, "'room' claim must be a text"),
        ({"sub": None}, "'sub' claim is missing"),
        ({"sub": ["*"]}, "'sub' claim is missing"),
    ],
)
async def test_claims_that_are_refused(changes: dict[str, Any], text: str) -> None:
    given_claims = claims(**changes)
    body = json.dumps(given_claims)  # by hand: PyJWT wouldn't write some of these
    assert await refusal(shared(), by_hand(GOOD_HEADER, body)) == text


async def test_audiences() -> None:
    strict = shared(audiences=("jitsi",))
    for good in ("jitsi", ["other", "jitsi"]):
        await strict.verify(signed(claims(aud=good)), NOW)
    for bad in ("RocketChat", ["other"], [], {"jitsi": 1}, [["jitsi"]]):
        assert await refusal(strict, by_hand(GOOD_HEADER, json.dumps(claims(aud=bad)))) == "invalid 'aud' claim"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ('{"alg":"HS256"}', "Invalid typ"),
        ('{"alg":"HS256","typ":"jwt"}', "Invalid typ"),
        ('{"alg":"HS256","typ":"at+jwt"}', "Invalid typ"),
        ('{"alg":"HS512","typ":"JWT"}', "Invalid or incorrect alg"),
        ('{"alg":"none","typ":"JWT"}', "Invalid or incorrect alg"),
        ('{"alg":["HS256"],"typ":"JWT"}', "Invalid or incorrect alg"),
        ('{"alg":"hs256","typ":"JWT"}', "Invalid or incorrect alg"),
        ('{"typ":"JWT"}', "Invalid or incorrect alg"),
        ('{"alg":"HS256","typ":"JWT","crit":["exp"],"exp":1}', "Invalid header"),
        ('{"alg":"none","alg":"HS256","typ":"JWT"}', "Invalid header"),
        ("[1]", "Invalid header"),
        ("not JSON", "Invalid header"),
    ],
)
async def test_headers_that_are_refused(header: str, text: str) -> None:
    assert await refusal(shared(), by_hand(header, json.dumps(claims()))) == text


async def test_a_claim_that_comes_twice_is_refused() -> None:
    body = json.dumps(claims())[:-1] + ',"room":"board"}'
    assert await refusal(shared(), by_hand(GOOD_HEADER, body)) == "Invalid body"


async def test_tokens_without_a_good_signature() -> None:
    token = signed(claims())
    head, body, signature = token.split(".")
    assert await refusal(shared(), unsigned(claims(), "HS256")) == "Invalid signature"
    assert await refusal(shared(), unsigned(claims())) == "Invalid or incorrect alg"
    assert await refusal(shared(), signed(claims(), secret=SECRET + "!")) == "Invalid signature"
    assert await refusal(shared(), f"{head}.{body}.{signature}=") == "Invalid signature"
    assert await refusal(shared(), f"{head}.{body}") == "Invalid token"
    assert await refusal(shared(), f"{token}.x") == "Invalid token"
    assert await refusal(shared(), signed(claims(padding="x" * 16_000))) == "Invalid token"


@given(st.text())
async def test_any_text_is_answered(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}"):
        with pytest.raises(Refused):
            await shared().verify(token, NOW)


# Key servers.


async def test_the_public_key_is_no_shared_secret() -> None:
    token = by_hand(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "k1"}), json.dumps(claims()), PUBLIC)
    assert await refusal(public(key_server()), token) == "Invalid or incorrect alg"


async def test_a_key_is_fetched_by_the_hash_of_its_id_and_kept_for_an_hour() -> None:
    server = key_server()
    verifier = public(server)
    token = signed(claims(exp=NOW + 9999), secret=PEM, algorithm="RS256", kid="k1")
    for now in (NOW, NOW + 3599):
        assert (await verifier.verify(token, now)).scope.room == "standup"
    assert len(server.asked) == 1
    server.pages.clear()
    assert await refusal(verifier, token, NOW + 3601) == "could not obtain public key"


@pytest.mark.parametrize(
    ("kid", "text"),
    [
        (None, "'kid' claim is missing"),
        ("", "'kid' claim is missing"),
        (["k1"], "'kid' claim is missing"),
        ("x" * 257, "'kid' claim is missing"),
        ("../../etc/passwd", "could not obtain public key"),
        ("k1\r\nHost: evil", "could not obtain public key"),
    ],
)
async def test_key_ids_that_are_refused(kid: Any, text: str) -> None:
    server = key_server()
    header = {"alg": "RS256", "typ": "JWT", "jku": "https://evil/keys", "x5u": "https://evil/cert"}
    token = by_hand(json.dumps({**header, **({} if kid is None else {"kid": kid})}), json.dumps(claims()))
    assert await refusal(public(server), token) == text
    assert all(url.startswith("https://keys/") and len(url) == len("https://keys/.pem") + 64 for url in server.asked)


async def test_a_key_set_is_asked_again_for_an_unknown_key_but_not_at_will() -> None:
    jwk = json.loads(RSAAlgorithm.to_jwk(PRIVATE.public_key()))
    server = KeyPages({"https://set": json.dumps({"keys": [{**jwk, "kid": "k1"}, {"kty": "oct", "k": "AA", "kid": "o"},
                                                         {**jwk, "kid": "e", "use": "enc"}, 7]}).encode()})  # fmt: skip
    keys = KeySet("https://set", server.fetch)
    verifier = Verifier(JwtSettings(app_id="my_app", jwks_url="https://set"), keys)
    await verifier.verify(signed(claims(), secret=PEM, algorithm="RS256", kid="k1"), NOW)
    for kid in ("k2", "o", "e"):
        token = signed(claims(), secret=PEM, algorithm="RS256", kid=kid)
        assert await refusal(verifier, token, NOW + 10) == "could not obtain public key"
    assert len(server.asked) == 2
    server.pages["https://set"] = json.dumps({"keys": [{**jwk, "kid": "k2"}]}).encode()
    assert await refusal(verifier, token, NOW + 39) == "could not obtain public key"
    await verifier.verify(signed(claims(), secret=PEM, algorithm="RS256", kid="k2"), NOW + 41)
    assert len(server.asked) == 3
    server.pages.clear()
    await verifier.verify(signed(claims(exp=NOW + 99999), secret=PEM, algorithm="RS256", kid="k2"), NOW + 30_000)


async def test_clocks_may_differ_by_as_much_as_is_set_and_no_more() -> None:
    for verifier, early, late in ((shared(), 0, 0), (shared(leeway_seconds=30), 30, 30)):
        await verifier.verify(signed(claims(nbf=NOW + early)), NOW)
        assert await refusal(verifier, signed(claims(nbf=NOW + early + 1))) == "Not acceptable by nbf"
        await verifier.verify(signed(claims(exp=NOW - late + 1)), NOW)
        expected = f"Not acceptable by exp ({late} sec since expired)"
        assert await refusal(verifier, signed(claims(exp=NOW - late))) == expected


async def test_settings_name_one_key_and_an_algorithm_that_fits() -> None:
    with pytest.raises(ValidationError, match="exactly one of secret"):
        JwtSettings(app_id="my_app")
    with pytest.raises(ValidationError, match="exactly one of secret"):
        JwtSettings(app_id="my_app", secret=SecretStr("x"), key_server="https://keys")
    with pytest.raises(ValidationError, match="anybody could make tokens"):
        JwtSettings(app_id="my_app", secret=SecretStr(""))
    with pytest.raises(ValidationError, match="HS is for a secret"):
        JwtSettings(app_id="my_app", key_server="https://keys", algorithm="HS256")
