"""The two lines make a server on which two people meet (meeting.py comes before)."""

with subtest("people find the page, over TLS alone"):
    page = people.succeed(f"curl -sf --cacert /run/ca.pem {ROOM}")
    t.assertIn('<div id="app">', page)
    t.assertIn("301", people.succeed("curl -si http://meet.example.org/ | head -1"))
    for private in ("5222", "5280", "5347", "8080", "8081", "8888", "8890", "9090"):
        people.fail(f"timeout 2 bash -c '</dev/tcp/meet.example.org/{private}'")

memory("in a meeting of two")

with subtest("the doctor finds nothing wrong"):
    print(server.succeed("pyjitsi doctor"))

with subtest("the running system finds every unit closed"):
    for unit in UNITS:
        server.succeed(f"systemd-analyze security --threshold=15 --no-pager {unit}.service")

with subtest("secrets are files of root, and nowhere else"):
    t.assertEqual(server.succeed("stat -c %a /var/lib/meet-secrets").strip(), "700")
    names = server.succeed("ls /var/lib/meet-secrets").split()
    t.assertEqual(len(names), 3)
    patterns = " ".join(f"-f /var/lib/meet-secrets/{name}" for name in names)
    for name in names:
        t.assertEqual(server.succeed(f"stat -c '%a %U' /var/lib/meet-secrets/{name}").strip(), "400 root")
    # The patterns come from the files, so that looking for them puts them on no command line.
    server.fail(f"journalctl -b | grep -qF {patterns}")
    server.fail(f"cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -aqF {patterns}")
    server.fail(f"systemctl show 'meet-*' | grep -qF {patterns}")
    server.fail(f"grep -rqF {patterns} /etc/systemd /etc/meet /etc/nginx")
    closure = "$(systemctl cat 'meet-*' | grep -o '/nix/store/[^ ]*' | sort -u)"
    server.fail(f"cat {closure} 2>/dev/null | grep -aqF {patterns}")
    before = server.succeed("sha256sum /var/lib/meet-secrets/*")
    server.succeed("systemctl restart meet-secrets.service")
    t.assertEqual(server.succeed("sha256sum /var/lib/meet-secrets/*"), before)

with subtest("a new secret is a new file and a restart"):
    server.succeed("rm /var/lib/meet-secrets/focus-secret", "systemctl restart meet-secrets meet-prosody meet-focus")
    server.wait_for_unit("meet-focus.service")
    t.assertNotEqual(server.succeed("sha256sum /var/lib/meet-secrets/*"), before)
