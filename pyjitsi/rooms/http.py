"""The room services over HTTP, on loopback: Prosody's questions, log-in, health and metrics."""

from collections.abc import Callable

from aiohttp import web

from pyjitsi.observe.http import Health, add_observability
from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.oidc.pages import add_login
from pyjitsi.rooms.auth.verdicts import Auth
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.rooms.verdicts import add_verdicts, all_of

MAX_QUESTION = 262_144


def application(settings: RoomsSettings, health: Callable[[], Health]) -> web.Application:
    """All routes."""
    app = web.Application(client_max_size=MAX_QUESTION)
    add_observability(app, health)
    own_secret = own.secret_of(settings.state_directory)
    auth = Auth(settings.auth, settings.clients_domain, own_secret)
    add_verdicts(app, all_of(auth), settings.xmpp.secret.get_secret_value())

    async def stop(_app: web.Application) -> None:
        await auth.stop()

    app.on_cleanup.append(stop)
    if settings.auth.oidc is not None:
        add_login(
            app,
            settings.auth.oidc,
            secret=own_secret,
            domain=settings.clients_domain,
            folder=settings.state_directory,
        )
    return app
