"""The room services over HTTP, on loopback: Prosody's questions, log-in, health and metrics."""

from collections.abc import Callable

from aiohttp import web

from pyjitsi.observe.http import Health, add_observability
from pyjitsi.rooms.auth.oidc.pages import add_login
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.rooms.verdicts import add_verdicts, all_of

MAX_QUESTION = 262_144


def application(settings: RoomsSettings, health: Callable[[], Health]) -> web.Application:
    """All routes."""
    app = web.Application(client_max_size=MAX_QUESTION)
    add_observability(app, health)
    add_verdicts(app, all_of(settings), settings.xmpp.secret.get_secret_value())
    if settings.auth.oidc is not None:
        add_login(
            app,
            settings.auth.oidc,
            secret=settings.xmpp.secret.get_secret_value(),
            domain=settings.clients_domain,
            folder=settings.state_directory,
        )
    return app
