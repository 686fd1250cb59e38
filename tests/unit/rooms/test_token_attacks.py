"""Tokens that somebody made to get in without leave: each fails without the guard that is tried here."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from pyjitsi.rooms.auth.keys import KeyServer, KeySet
from pyjitsi.rooms.auth.settings import Algorithm, JwtSettings
from pyjitsi.rooms.auth.tokens import Verifier
from tests.support.tokens import (
    NOW,
    KeyPages,
    by_hand,
    claims,
    encoded,
    public_pem,
    refusal,
    shared,
    signed,
    signed_by,
    unsigned,
)

OURS, EVILS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
KID = "k1"


def server_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = OURS) -> KeyPages:
    """A key server with one key, and the attacker's documents elsewhere."""
    evil = {"keys": [{**RSAAlgorithm.to_jwk(EVILS.public_key(), as_dict=True), "kid": KID}]}
    return KeyPages({
        f"https://keys/{hashlib.sha256(KID.encode()).hexdigest()}.pem": public_pem(key),
        "https://evil/keys": json.dumps(evil).encode(),
        "https://evil/cert": public_pem(EVILS),
    })  # fmt: skip


def public(web: KeyPages, algorithm: Algorithm = "RS256") -> Verifier:
    settings = JwtSettings(app_id="my_app", key_server="https://keys", algorithm=algorithm)
    return Verifier(settings, KeyServer("https://keys", web.fetch))


def header(**fields: Any) -> str:
    return json.dumps({"alg": "RS256", "typ": "JWT", "kid": KID, **fields})


async def test_the_right_key_gets_in() -> None:
    token = signed_by(OURS, header(), json.dumps(claims()))
    assert (await public(server_of()).verify(token, NOW)).scope.room == "standup"


# Algorithms.


@pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS256 ", "hs256", "HS384", "RS256", "ES256", "EdDSA", 0])
@pytest.mark.parametrize("signature", ["none at all", "good"])
async def test_the_token_does_not_choose_how_it_is_checked(name: Any, signature: str) -> None:
    fields = json.dumps({"alg": name, "typ": "JWT"})
    token = by_hand(fields, json.dumps(claims()))
    if signature != "good":
        token = token.rpartition(".")[0] + "."
    assert await refusal(shared(), token) == "Invalid or incorrect alg"


async def test_without_a_signature_the_right_algorithm_helps_nobody() -> None:
    token = signed_by(OURS, header(), json.dumps(claims()))
    assert await refusal(public(server_of()), token.rpartition(".")[0] + ".") == "Invalid signature"
    assert await refusal(shared(), unsigned(claims(), "HS256")) == "Invalid signature"


@pytest.mark.parametrize("text", [public_pem(OURS), public_pem(OURS).strip(), public_pem(OURS).replace(b"\n", b"\r\n")])
async def test_a_public_key_is_no_shared_secret(text: bytes) -> None:
    for name in ("HS256", "HS384", "HS512"):
        token = by_hand(header(alg=name), json.dumps(claims()), text)
        assert await refusal(public(server_of()), token) == "Invalid or incorrect alg"
    # Nor where the header says what is expected.
    token = by_hand(header(), json.dumps(claims()), text)
    assert await refusal(public(server_of()), token) == "Invalid signature"


async def test_a_key_of_another_kind_is_none() -> None:
    """A key server's mistake, or a key set's with keys of both kinds."""
    token = signed_by(OURS, header(), json.dumps(claims()))
    assert await refusal(public(server_of(P256)), token) == "could not obtain public key"
    assert await refusal(public(server_of(), "ES256"), signed_by(P256, header(alg="ES256"), json.dumps(claims()))) == (
        "could not obtain public key"
    )
    wrong_curve = signed_by(P256, header(alg="ES256"), json.dumps(claims()))
    assert await refusal(public(server_of(P384), "ES256"), wrong_curve) == "could not obtain public key"


async def test_an_elliptic_signature_of_zeros_is_none() -> None:
    head, body, _ = signed_by(P256, header(alg="ES256"), json.dumps(claims())).split(".")
    await public(server_of(P256), "ES256").verify(".".join((head, body, _)), NOW)
    for signature in (bytes(64), bytes(63), b"\1", bytes.fromhex("30060201000201 00".replace(" ", ""))):
        token = f"{head}.{body}.{encoded(signature)}"
        assert await refusal(public(server_of(P256), "ES256"), token) == "Invalid signature"


# Keys that come with the token.


@pytest.mark.parametrize(
    "fields",
    [
        {"jwk": RSAAlgorithm.to_jwk(EVILS.public_key(), as_dict=True)},
        {"jwk": {**RSAAlgorithm.to_jwk(EVILS.public_key(), as_dict=True), "kid": KID}, "kid": KID},
        {"jku": "https://evil/keys"},
        {"x5u": "https://evil/cert"},
        {"x5c": ["evil"]},
        {"jku": "https://keys@evil/keys", "x5u": "https://evil/cert", "x5t": "AA"},
    ],
)
async def test_a_token_brings_no_key_of_its_own(fields: dict[str, Any]) -> None:
    web = server_of()
    token = signed_by(EVILS, header(**fields), json.dumps(claims()))
    assert await refusal(public(web), token) == "Invalid signature"
    without = signed_by(EVILS, json.dumps({"alg": "RS256", "typ": "JWT", **fields, "kid": None}), json.dumps(claims()))
    assert await refusal(public(web), without) == "'kid' claim is missing"
    assert all(url.startswith("https://keys/") for url in web.asked)


@pytest.mark.parametrize(
    "kid",
    ["../evil", "https://evil/keys", "//evil/x", "..%2f..%2fetc%2fpasswd", "k1\r\nHost: evil", "K1", " k1",
     "k1' OR '1'='1", "|cat /etc/passwd", "?x=", "#"],
)  # fmt: skip
async def test_no_key_id_leads_elsewhere(kid: str) -> None:
    web = server_of()
    for key in (OURS, EVILS):
        token = signed_by(key, header(kid=kid), json.dumps(claims()))
        assert await refusal(public(web), token) == "could not obtain public key"
    hashed = hashlib.sha256(kid.encode()).hexdigest()
    assert web.asked == [f"https://keys/{hashed}.pem"] * 2


async def test_a_key_set_gives_public_keys_for_signatures_alone() -> None:
    private = RSAAlgorithm.to_jwk(OURS, as_dict=True)
    keys = {"keys": [
        {**private, "kid": "private"},
        {**RSAAlgorithm.to_jwk(OURS.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
        {"kty": "oct", "k": encoded(b"a" * 32), "kid": "oct"},
        {**ECAlgorithm.to_jwk(P256.public_key(), as_dict=True), "kid": "ec"},
    ]}  # fmt: skip
    web = KeyPages({"https://set": json.dumps(keys).encode()})
    settings = JwtSettings(app_id="my_app", jwks_url="https://set")
    verifier = Verifier(settings, KeySet("https://set", web.fetch))
    for kid in ("private", "enc", "oct", "ec"):
        token = signed_by(OURS, header(kid=kid), json.dumps(claims()))
        assert await refusal(verifier, token) == "could not obtain public key"
    confused = by_hand(header(alg="HS256", kid="oct"), json.dumps(claims()), b"a" * 32)
    assert await refusal(verifier, confused) == "Invalid or incorrect alg"


# Headers and claims that others might read differently.


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"crit": []}, "Invalid header"),
        ({"crit": ["b64"], "b64": False}, "Invalid header"),
        ({"crit": None}, "Invalid header"),
        ({"typ": "JWT "}, "Invalid typ"),
        ({"typ": "JWE"}, "Invalid typ"),
        ({"typ": ["JWT"]}, "Invalid typ"),
        ({"typ": "application/jwt"}, "Invalid typ"),
    ],
)
async def test_headers_that_ask_for_something_else(fields: dict[str, Any], text: str) -> None:
    token = by_hand(json.dumps({"alg": "HS256", "typ": "JWT", **fields}), json.dumps(claims()))
    assert await refusal(shared(), token) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"alg":"HS256","typ":"JWT","alg":"HS256"}',
        '{"alg":"HS256","typ":"JWT","typ":"JWT"}',
        '{"alg":"HS256","typ":"JWT","\\u0061lg":"none"}',
        '{"alg":"HS256","typ":"JWT","x":{"a":1,"a":1}}',
        '{"alg":"HS256","typ":"JWT"} ,{}',
        '{"alg":"HS256","typ":"JWT","x":NaN}',
        '{"alg":"HS256","typ":"JWT","__proto__":{}}',
        '{"alg":"HS256","typ":"JWT","x":' + "[" * 60 + "]" * 60 + "}",
    ],
)
async def test_headers_that_can_be_read_in_two_ways(text: str) -> None:
    assert await refusal(shared(), by_hand(text, json.dumps(claims()))) == "Invalid header"


@pytest.mark.parametrize(
    "more",
    ['"room":"board"', '"sub":"*"', '"iss":"my_app"', '"exp":99999999999', '"\\u0072oom":"board"',
     '"context":{"user":{"id":"u-1","id":"admin"}}', '"context":{"user":{},"user":{"moderator":true}}'],
)  # fmt: skip
async def test_claims_that_can_be_read_in_two_ways(more: str) -> None:
    token = by_hand('{"alg":"HS256","typ":"JWT"}', json.dumps(claims())[:-1] + f",{more}}}")
    assert await refusal(shared(), token) == "Invalid body"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"exp": -(10**400)}, "Not acceptable by exp"),
        ({"exp": 0}, "Not acceptable by exp"),
        ({"nbf": 10**400}, "Not acceptable by nbf"),
        ({"exp": {"$gt": 0}}, "exp must be number"),
        ({"exp": [NOW + 9]}, "exp must be number"),
        ({"nbf": False}, "nbf must be number"),
        ({"iss": ""}, "invalid 'iss' claim"),
        ({"iss": "MY_APP"}, "invalid 'iss' claim"),
        ({"iss": "my_app\x00"}, "Invalid body"),
        ({"iss": "*"}, "invalid 'iss' claim"),
        ({"iss": {"my_app": 1}}, "invalid 'iss' claim"),
        ({"aud": "*"}, "invalid 'aud' claim"),
        ({"aud": ["*"]}, "invalid 'aud' claim"),
        ({"aud": "jitsi "}, "invalid 'aud' claim"),
        ({"aud": [None, 7]}, "invalid 'aud' claim"),
        ({"sub": ""}, "'sub' claim is missing"),
        ({"sub": {"*": 1}}, "'sub' claim is missing"),
        ({"room": ""}, "'room' claim must be a text"),
        ({"room": ["*"]}, "'room' claim must be a text"),
        ({"room": True}, "'room' claim must be a text"),
    ],
)
async def test_claims_of_strange_values(changes: dict[str, Any], text: str) -> None:
    token = by_hand('{"alg":"HS256","typ":"JWT"}', json.dumps(claims(**changes)))
    assert (await refusal(shared(audiences=("jitsi",)), token)).startswith(text)


async def test_people_whose_ids_are_empty_are_not_one_person() -> None:
    context = {"user": {"id": "", "name": "Ann", "avatar": ""}, "group": "", "tenant": ""}
    grant = await shared().verify(signed(claims(context=context)), NOW)
    assert (dict(grant.user), grant.group, grant.scope.tenant) == ({"name": "Ann"}, None, None)
