"""The two lines make a server on which two people meet."""

UNITS = ("meet-prosody", "meet-focus", "meet-bridge", "meet-web")
ROOM = "https://meet.example.org/TwoLines"

start_all()

with subtest("every unit is ready, which means joined"):
    for unit in (*UNITS, "nginx"):
        server.wait_for_unit(f"{unit}.service")

with subtest("people find the page, over TLS alone"):
    certificate = server.succeed("cat /var/lib/meet-tls/cert.pem")
    people.succeed(f"cat > /run/ca.pem <<'END'\n{certificate}END")
    page = people.wait_until_succeeds(f"curl -sf --cacert /run/ca.pem {ROOM}")
    t.assertIn('<div id="app">', page)
    t.assertIn("301", people.succeed("curl -si http://meet.example.org/ | head -1"))
    for private in ("5222", "5280", "5347", "8080", "8081", "8888", "9090"):
        people.fail(f"timeout 2 bash -c '</dev/tcp/meet.example.org/{private}'")

with subtest("two people see and hear each other"):
    for name in ("alice", "bob"):
        people.succeed(
            f"systemd-run --unit {name} -p Environment=PATH=$PATH meet-client --url {ROOM} --name {name}"
            f" --ca /run/ca.pem --report /run/{name}.json"
        )
    people.wait_until_succeeds('grep -q \'"sees": \\["bob"\\]\' /run/alice.json', timeout=180)
    people.wait_until_succeeds('grep -q \'"sees": \\["alice"\\]\' /run/bob.json', timeout=60)

with subtest("memory in use, in a meeting of two"):
    for unit in UNITS:
        peak = server.succeed(f"systemctl show -p MemoryCurrent --value {unit}")
        rss = server.succeed(f"grep VmRSS /proc/$(systemctl show -p MainPID --value {unit})/status")
        print(f"{unit}: cgroup {int(peak) >> 20} MB, {' '.join(rss.split())}")
