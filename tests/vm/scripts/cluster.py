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
            people.succeed(
                f"systemd-run --unit {name} -p Environment=PATH=$PATH meet-client --url https://meet.example.org/{room}"
                f" --name {name} --ca /run/ca.pem --report /run/{name}.json"
            )
        people.wait_until_succeeds(f'grep -q \'"sees": \\["{pair[1]}"\\]\' /run/{pair[0]}.json', timeout=300)
        people.wait_until_succeeds(f'grep -q \'"sees": \\["{pair[0]}"\\]\' /run/{pair[1]}.json', timeout=60)
    for machine in (eu1, us1):
        figures = json.loads(machine.succeed("curl -s http://127.0.0.1:9090/colibri/stats"))
        t.assertEqual((figures["conferences"], figures["endpoints"]), (1, 2))
