"""The focus's metrics."""

from prometheus_client import Counter, Gauge, Info

from pyjitsi import __version__

# What dashboards for Jicofo look for, by its names.
AS_JICOFO = {
    name: Gauge(f"jitsi_jicofo_{name}", text)
    for name, text in (
        ("conferences", "Conferences now."),
        ("participants_current", "Participants now, in all conferences."),
        ("largest_conference", "Participants of the largest conference."),
        ("bridge_selector_bridge_count", "Bridges in the brewery."),
        ("bridge_selector_bridge_count_operational", "Bridges that can be used."),
        ("bridge_selector_bridge_count_in_shutdown", "Bridges in graceful shutdown."),
        ("bridge_selector_bridge_version_count", "Different versions among the bridges."),
        ("participants_pairs", "Pairs of participants: n (n - 1) of each conference, summed."),
        ("healthy", "Whether conferences can be held."),
    )
}
CREATED = Counter("jitsi_jicofo_conferences_created", "Conferences begun.")
NEW = Counter("jitsi_jicofo_conference_requests_new", "Conference requests that began a conference.")
JOINED = Counter("jitsi_jicofo_participants", "Participants who came, in all.")
PARTICIPANTS_MOVED = Counter(
    "jitsi_jicofo_participants_moved", "Participants who were invited again because their bridge failed."
)
BRIDGES_REMOVED = Counter("jitsi_jicofo_bridges_removed", "Bridges taken out of a conference because they failed.")
FAILED_ICE = Counter("jitsi_jicofo_participants_ice_failed", "Reports of clients that ICE failed.")
RESTARTED = Counter("jitsi_jicofo_participants_restart_requested", "Sessions that clients ended to be invited again.")
ASKED = Counter("jitsi_jicofo_conference_requests", "Conference requests.")
DISCONNECTS = Counter("jitsi_jicofo_xmpp_disconnects", "Lost connections to Prosody.")
LOST_BRIDGES = Counter("jitsi_jicofo_bridge_selector_lost_bridges", "Bridges that left the brewery.")
REDISTRIBUTED = Counter("jitsi_jicofo_load_redistributor_endpoints_moved", "Participants moved off overloaded bridges.")
ICE_RESTARTS = {
    name: Counter(f"jitsi_jicofo_ice_restarts_{name}", text)
    for name, text in (
        ("requested", "Restarts of ICE in place that clients asked for."),
        ("relayed", "Bridges' new transports that went to clients."),
        ("not_needed", "Bridges that kept their transport, as it had not connected yet."),
        ("failed", "Requests refused, or that came to nothing."),
    )
}
BRIDGE_RESTARTS = Counter(
    "jitsi_jicofo_bridge_restart_requests", "New sessions that people on a bridge asked for.", ["jvb"]
)
BRIDGE_MOVED = Counter("jitsi_jicofo_bridge_endpoints_moved", "Participants moved off an overloaded bridge.", ["jvb"])
BRIDGE_FAILING = Gauge("jitsi_jicofo_bridge_failing_ice", "Whether too many can't reach a bridge.", ["jvb"])
BRIDGE_ENDPOINTS = Gauge("jitsi_jicofo_bridge_endpoints", "Participants on a bridge.", ["jvb"])

JINGLE = {
    way: {
        action: Counter(f"jitsi_jicofo_jingle_{action.replace('-', '_')}_{way}", f"Jingle stanzas {way}: {action}.")
        for action in actions
    }
    for way, actions in (
        ("sent", ("session-initiate", "session-terminate", "source-add", "source-remove", "transport-info")),
        (
            "received",
            ("session-accept", "session-info", "session-terminate", "source-add", "source-remove", "transport-info"),
        ),
    )
}
VERSION = Info("jitsi_jicofo_version", "The focus's version.")
VERSION.info({"version": __version__})

CONFERENCES = Gauge("pyjitsi_focus_conferences", "Conferences now.")
PARTICIPANTS = Gauge("pyjitsi_focus_participants", "Participants now, in all conferences.")
RESUMING = Gauge("pyjitsi_focus_resuming", "Conferences that an earlier focus began and that are not gone on with yet.")
BRIDGES = Gauge("pyjitsi_focus_bridges", "Bridges in the brewery.")
REQUESTS = Counter("pyjitsi_focus_conference_requests", "Conference requests.", ["form"])
MOVED = Counter("pyjitsi_focus_endpoints_moved", "Participants moved because an admin asked.")
REFUSED = Counter("pyjitsi_focus_refused", "Requests refused, by what and the condition answered.", ["what", "reason"])
