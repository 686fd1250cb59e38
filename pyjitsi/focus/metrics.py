"""The focus's metrics."""

from prometheus_client import Counter, Gauge

CONFERENCES = Gauge("pyjitsi_focus_conferences", "Conferences now.")
PARTICIPANTS = Gauge("pyjitsi_focus_participants", "Participants now, in all conferences.")
BRIDGES = Gauge("pyjitsi_focus_bridges", "Bridges in the brewery.")
REQUESTS = Counter("pyjitsi_focus_conference_requests", "Conference requests.", ["form"])
MOVED = Counter("pyjitsi_focus_endpoints_moved", "Participants moved because an admin asked.")
REFUSED = Counter("pyjitsi_focus_refused", "Requests refused, by what and the condition answered.", ["what", "reason"])
