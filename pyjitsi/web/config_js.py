"""``/config.js``: what a Jitsi client must know of this server (Jitsi's keys)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyjitsi.web.settings import AccountsSettings, Branding, PasswordSettings
from pyjitsi.xmpp.tenants import rooms_domain


def build(
    domain: str,
    origin: str,
    overrides: Mapping[str, Any],
    branding: Branding | None = None,
    region: str | None = None,
    accounts: AccountsSettings | None = None,
    passwords: PasswordSettings | None = None,
    avatar_hosts: Sequence[str] = (),
    codec_preference: Sequence[str] = (),
    tenant: str | None = None,
) -> str:
    """The script; ``origin`` is how the browser reached us (``https://meet.example.org``).

    ``tenant`` is the first part of ``https://meet.example.org/tenant/Room``. ``region`` is where the person is; clients
    say it in their presence, and the focus chooses a bridge by it.
    """
    here = origin if tenant is None else f"{origin}/{tenant}"
    socket = "ws" + here.removeprefix("http")
    config: dict[str, Any] = {
        "hosts": {"domain": domain, "muc": rooms_domain(domain, tenant), "focus": f"focus.{domain}"},
        "websocket": f"{socket}/xmpp-websocket",
        "bosh": f"{here}/http-bind",
        "websocketKeepAliveUrl": f"{origin}/about/health",
        "conferenceRequestUrl": f"{here}/conference-request/v1",
        "focusUserJid": f"focus@focus.{domain}",
        "bridgeChannel": {"preferSctp": False},
        "p2p": {"enabled": False},
        "enableWebsocketResume": True,
        "enableIceRestart": True,  # what a focus or bridge can't, it refuses; clients then ask for a new session
        "channelLastN": -1,
        "resolution": 720,
    }
    if passwords is not None:
        config["hosts"] |= {"authdomain": domain} | ({"anonymousdomain": f"guest.{domain}"} if passwords.guests else {})
        # Only over XMPP does the focus see who asks.
        del config["conferenceRequestUrl"]
    if branding is not None and branding.app_name is not None:
        config["appName"] = branding.app_name
    if branding is not None and branding.logo is not None:
        config["defaultLogoUrl"] = "/branding/logo"
    if branding is not None and branding.background_color is not None:
        config["backgroundColor"] = branding.background_color
    if codec_preference:
        order = list(codec_preference)
        config["videoQuality"] = {"codecPreferenceOrder": order, "mobileCodecPreferenceOrder": order}
    if region is not None:
        config["deploymentInfo"] = {"userRegion": region}
    if accounts is not None:
        config["tokenAuthUrl"] = f"{origin}/oidc/login?room={{room}}&state={{state}}"
        config["tokenLogoutUrl"] = f"{origin}/oidc/logout"
        config["accounts"] = {
            "path": "/oidc",
            "required": accounts.required,
        }  # our client's; Jitsi's know nothing of it
    if avatar_hosts:
        config["avatarHosts"] = list(avatar_hosts)
    text = json.dumps(_merged(config, overrides), indent=2).replace("</", "<\\/")
    return f"var config = {text};\n"


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
