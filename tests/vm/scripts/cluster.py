"""Bridges on hosts of their own: they log in with verified TLS, share the meetings, and nobody else gets to Prosody."""

import json

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
    people.fail("timeout 2 bash -c '</dev/tcp/server/5222'")
    people.fail("timeout 2 bash -c '</dev/tcp/eu1/9090'")
    eu1.succeed("timeout 5 bash -c '</dev/tcp/server/5222'")
    server.succeed("timeout 5 bash -c '</dev/tcp/eu1/9090'")

with subtest("rooms spread over both bridges, and people in each see each other"):
    people.succeed(f"cat > /run/ca.pem <<'END'\n{certificate}END")
    for room, pair in (("One", ("alice", "bob")), ("Two", ("carol", "dave"))):
        for name in pair:
            people.succeed(
                f"systemd-run --unit {name} -p Environment=PATH=$PATH meet-client --url https://meet.example.org/{room}"
                f" --name {name} --ca /run/ca.pem --report /run/{name}.json"
            )
        people.wait_until_succeeds(f'grep -q \'"sees": \\["{pair[1]}"\\]\' /run/{pair[0]}.json', timeout=180)
        people.wait_until_succeeds(f'grep -q \'"sees": \\["{pair[0]}"\\]\' /run/{pair[1]}.json', timeout=60)
    for machine in (eu1, us1):
        figures = json.loads(machine.succeed("curl -s http://127.0.0.1:9090/colibri/stats"))
        t.assertEqual((figures["conferences"], figures["endpoints"]), (1, 2))
