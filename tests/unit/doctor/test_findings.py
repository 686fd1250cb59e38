"""What the doctor makes of what it saw."""

import datetime

from pyjitsi.doctor import findings
from pyjitsi.doctor.findings import Finding

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)


def test_a_line_says_what_and_what_to_do() -> None:
    found = Finding("problem", "name", "meet.example.org has no address", "add A and AAAA records")
    assert found.line() == "PROBLEM  name: meet.example.org has no address → add A and AAAA records"
    assert Finding("ok", "clock", "the same").line() == "ok       clock: the same"


def test_the_summary_counts() -> None:
    ok, warning, problem = (Finding(verdict, "a", "b") for verdict in ("ok", "warning", "problem"))
    assert findings.summary([ok]) == "all is well"
    assert findings.summary([ok, warning, problem, problem]) == "2 problems, 1 warning"


def test_a_name_without_addresses_is_a_problem() -> None:
    assert findings.resolved("meet.example.org", []).verdict == "problem"
    assert findings.resolved("meet.example.org", ["203.0.113.7"]).verdict == "ok"


def test_a_certificate_that_ends_soon_is_warned_of() -> None:
    assert findings.certificate("m", NOW + datetime.timedelta(days=13), NOW).verdict == "warning"
    assert findings.certificate("m", NOW + datetime.timedelta(days=60), NOW).text == "for m, 60 days left"


def test_private_candidates_behind_a_public_name_are_the_nat_problem() -> None:
    private = [{"ip": "10.0.0.5", "port": 10000, "type": "host"}]
    found = findings.candidates(private, ["8.8.8.8"])
    assert found.verdict == "problem"
    assert "services.meet.bridge.nat" in found.advice
    mapped = [*private, {"ip": "8.8.8.8", "port": 10000, "type": "srflx"}]
    assert findings.candidates(mapped, ["8.8.8.8"]).verdict == "ok"
    assert findings.candidates(private, ["10.0.0.5"]).verdict == "ok"


def test_only_the_bridge_itself_refuses_a_wrong_password_rightly() -> None:
    assert findings.bridge_channel("jvb", 403).verdict == "ok"
    assert findings.bridge_channel("jvb", 502).verdict == "problem"


def test_health_names_the_reason() -> None:
    found = findings.health("bridge", 500, {"healthy": False, "reason": "not in the brewery", "conferences": 0})
    assert (found.verdict, found.text) == ("problem", "not in the brewery")
    assert findings.health("web", 200, {"healthy": True}).verdict == "ok"


def test_no_bridge_is_a_problem() -> None:
    assert findings.bridges_joined(0).verdict == "problem"
    assert findings.bridges_joined(2).text == "the focus knows 2"


def test_a_clock_that_is_off_is_warned_of() -> None:
    assert findings.clock(3600.0).verdict == "warning"
    assert findings.clock(-0.4).verdict == "ok"


def test_a_unit_that_failed_shows_its_last_line() -> None:
    assert findings.unit("meet-web", "failed", "no port").text == "meet-web is failed: no port"
