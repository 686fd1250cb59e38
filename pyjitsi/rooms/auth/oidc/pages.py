"""``/oidc/…``: log in, back from the provider, a token for a room, log out. The web service leads here.

What is said to people is said by the client, in their language: a page here only leads on, at worst to the room's page
with ``#login-error=…``.
"""

import json
from pathlib import Path

import structlog
from aiohttp import web

from pyjitsi import clock
from pyjitsi.rooms.auth.asking import Asking
from pyjitsi.rooms.auth.oidc import flow
from pyjitsi.rooms.auth.oidc.errors import LoginError
from pyjitsi.rooms.auth.oidc.login import Login
from pyjitsi.rooms.auth.oidc.provider import Http, Provider
from pyjitsi.rooms.auth.oidc.sessions import Sessions
from pyjitsi.rooms.auth.oidc.settings import OidcSettings

log = structlog.get_logger("rooms")

MAX_PENDING = 5  # log-ins begun in one browser; a header has an end


def add_login(
    app: web.Application,
    settings: OidcSettings,
    *,
    secret: str,
    domain: str,
    folder: Path | None,
    http: Http | None = None,
) -> None:
    """Add the routes. ``secret`` is the service's own, ``domain`` the clients'; ``folder`` keeps who is logged in."""
    sessions = Sessions(None if folder is None else folder / "sessions.sqlite")
    login = Login(settings, Provider(settings, http or Asking()), sessions, secret=secret, domain=domain)
    pages = Pages(login)

    async def close(_app: web.Application) -> None:
        login.close()

    app.on_cleanup.append(close)
    app.router.add_get("/oidc/login", pages.login)
    app.router.add_get("/oidc/callback", pages.callback)
    app.router.add_get("/oidc/token", pages.token)
    app.router.add_get("/oidc/logout", pages.logout)
    app.router.add_post("/oidc/logout", pages.logout)


class Pages:
    """The handlers."""

    def __init__(self, login: Login) -> None:
        self._login: Login = login
        self._secure: bool = login.settings.secure
        # A cookie of this prefix can be set by this host alone, and not by a neighbour of the same domain.
        prefix = "__Host-" if self._secure else ""
        self.cookie: str = f"{prefix}meet-session"
        self.pending: str = f"{prefix}meet-login-"

    async def login(self, request: web.Request) -> web.StreamResponse:
        """``?room=…``; ``state`` is that of Jitsi's clients, which want the token in the address afterwards;
        ``fresh=1`` asks for the password again, for whoever is at another's machine."""
        query = request.query
        state = query.get("state")
        tenant = flow.client_state(state or "")[0]
        place = flow.place_of(query.get("room", ""), tenant or query.get("tenant", ""))
        try:
            url, made, cookie = await self._login.begin(
                place, clock.wall(), client_state=state, fresh=query.get("fresh") == "1"
            )
        except LoginError as error:
            return self._failed(error, place)
        answer = _redirect(url)
        begun = [name for name in request.cookies if name.startswith(self.pending)]
        if len(begun) >= MAX_PENDING:
            for name in begun:
                self._drop(answer, name)
        self._set(answer, self.pending + made[:16], cookie, flow.SECONDS)
        return answer

    async def callback(self, request: web.Request) -> web.StreamResponse:
        """Where the provider sends the browser back to."""
        query, now = request.query, clock.wall()
        state = query.get("state", "")
        name = self.pending + state[:16]
        place: tuple[str, ...] = ()
        try:
            cookie = request.cookies.get(name)
            if cookie is None:
                raise LoginError("expired", "no log-in was begun in this browser")
            pending = self._login.pending(cookie, state, now)
            place = pending.place
            session_cookie, session = await self._login.finish(pending, query, now)
        except LoginError as error:
            answer = self._failed(error, place)
        else:
            token = self._login.token(session, place, now)[0] if place else None
            answer = _redirect(flow.back(self._login.settings, pending, token))
            if (old := request.cookies.get(self.cookie)) is not None:
                self._login.forget(old)
            self._set(answer, self.cookie, session_cookie, int(session.ends - now))
        self._drop(answer, name)
        return answer

    async def token(self, request: web.Request) -> web.StreamResponse:
        """``?room=…`` to ``{user, moderator, token?, expires?}``; 401 for whoever isn't logged in.

        Only this server's own pages read it: there is no leave for others (CORS), and the cookie stays at home.
        """
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise web.HTTPForbidden(text="only this server's own pages may ask\n")
        now = clock.wall()
        cookie = request.cookies.get(self.cookie)
        session = await self._login.session(cookie, now) if cookie else None
        if session is None:
            answer = _json({"error": "not logged in"}, 401)
            if cookie:
                self._drop(answer, self.cookie)
            return answer
        account = session.account
        found: dict[str, object] = {
            "user": {"id": account.id, "name": account.name, "avatar": account.avatar},
            "moderator": account.moderator,
        }
        if place := flow.place_of(request.query.get("room", "")):
            token, expires = self._login.token(session, place, now)
            found |= {"token": token, "expires": expires}
        return _json(found)

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """Log out here and at the provider. Another site's page can't do that to anybody."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
        foreign = site not in (None, "same-origin", "none") or origin not in ("null", self._login.settings.public_url)
        if foreign:
            log.info("log-out by another site refused", origin=origin[:100])
            return _redirect(flow.page(self._login.settings, ()))
        cookie = request.cookies.get(self.cookie)
        answer = _redirect(await self._login.end(cookie, clock.wall()))
        self._drop(answer, self.cookie)
        return answer

    def _failed(self, error: LoginError, place: tuple[str, ...]) -> web.Response:
        log.warning("log-in failed", code=error.code, reason=error.reason)
        return _redirect(flow.page(self._login.settings, place, error.code))

    def _set(self, answer: web.StreamResponse, name: str, value: str, seconds: int) -> None:
        answer.set_cookie(name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _drop(self, answer: web.StreamResponse, name: str) -> None:
        answer.del_cookie(name, path="/", secure=self._secure, httponly=True, samesite="Lax")


def _redirect(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url, **KEEP_NOT})


def _json(found: dict[str, object], status: int = 200) -> web.Response:
    return web.Response(status=status, text=json.dumps(found), content_type="application/json", headers=KEEP_NOT)


KEEP_NOT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
