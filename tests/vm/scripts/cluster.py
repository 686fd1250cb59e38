"""Bridges on hosts of their own: they log in with verified TLS, share the meetings, and nobody else gets to Prosody."""

import json


def join(room, name, region=""):
    """Let somebody join from the host `people`."""
    people.succeed(
        f"systemd-run --unit {name} -p Environment=PATH=$PATH meet-client --url https://meet.example.org/{room}"
        f" --name {name} --ca /run/ca.pem --report /run/{name}.json {region and '--region ' + region}"
    )


def sees(name, other, timeout):
    """Wait until a person decodes another's picture and sound."""
    people.wait_until_succeeds(f'grep -q \'"sees": \\["{other}"\\]\' /run/{name}.json', timeout=timeout)


def figures(machine):
    """A bridge's statistics."""
    return json.loads(machine.succeed("curl -s http://127.0.0.1:9090/colibri/stats"))


start_all()

with subtest("the meeting server is there"):
    for unit in ("meet-prosody", "meet-focus", "meet-web", "nginx"):
        server.wait_for_unit(f"{unit}.service")

with subtest("a bridge gets its password and the authority, and joins"):
    certificate = server.succeed("cat /var/lib/meet-tls/cert.pem")
    for name, machine in (("eu1", eu1), ("us1", us1)):
        password = server.succeed(f"cat /var/lib/meet-secrets/bridge-{name}")
        machine.succeed(f"cat > /run/ca.pem <<'END'\n{certificate}END")
        machine.succeed(f"umask 077; cat > /run/bridge-password <<'END'\n{password}END")
        machine.succeed("systemctl restart meet-bridge.service")
        machine.wait_for_unit("meet-bridge.service")

with subtest("a stranger reaches neither Prosody nor a bridge's HTTP"):
    for other, port in (("server", 5222), ("eu1", 9090)):
        address = people.succeed(f"getent ahostsv4 {other} | head -1 | cut -d' ' -f1").strip()
        people.fail(f"timeout 3 bash -c '</dev/tcp/{address}/{port}'")
    # By IPv4, which the inventory names.
    for machine, other, port in ((eu1, "server", 5222), (server, "eu1", 9090)):
        address = machine.succeed(f"getent ahostsv4 {other} | head -1 | cut -d' ' -f1").strip()
        machine.succeed(f"timeout 5 bash -c '</dev/tcp/{address}/{port}'")

with subtest("rooms spread over both bridges, and people in each see each other"):
    people.succeed(f"cat > /run/ca.pem <<'END'\n{certificate}END")
    for room, pair in (("One", ("alice", "bob")), ("Two", ("carol", "dave"))):
        for name in pair:
            join(room, name)
        sees(pair[0], pair[1], 300)
        sees(pair[1], pair[0], 60)
    for machine in (eu1, us1):
        found = figures(machine)
        t.assertEqual((found["conferences"], found["local_endpoints"]), (1, 2))
    people.succeed("systemctl stop alice bob carol dave")

with subtest("a room across two regions is joined by a relay"):
    join("Ocean", "erin", "eu")
    join("Ocean", "frank", "us")
    sees("erin", "frank", 300)
    sees("frank", "erin", 60)
    for machine in (eu1, us1):
        found = figures(machine)
        t.assertEqual((found["local_endpoints"], found["octo_conferences"], found["octo_endpoints"]), (1, 1, 1))

with subtest("a killed bridge's people are back on the other"):
    us1.succeed("systemctl kill --signal KILL meet-bridge.service; systemctl stop meet-bridge.service")
    people.succeed("sleep 5")
    sees("erin", "frank", 60)
    sees("frank", "erin", 60)
    t.assertEqual(figures(eu1)["local_endpoints"], 2)
    for name in ("erin", "frank"):
        seen = json.loads(people.succeed(f"cat /run/{name}.json"))["others"]
        gaps = {other: max(seen[other][kind]["gap"] for kind in ("video", "audio")) for other in seen}
        print(f"{name} was without the other for", {other: round(gap, 1) for other, gap in gaps.items()}, "s")
