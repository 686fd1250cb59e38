"""A switch to a new generation in a running meeting: nobody loses media (meeting.py comes before)."""


def bridge(unit="meet-bridge"):
    """The main process of the bridge in one of its places."""
    return server.succeed(f"systemctl show -p MainPID --value {unit}").strip()


def ask(path, port=9090):
    """What the bridge at a port says."""
    return json.loads(server.succeed(f"curl -s http://127.0.0.1:{port}{path}"))


old, running = bridge(), ask("/about/version")["generation"]

with subtest("the switch restarts everything but the bridge, and says so"):
    said = server.succeed("/run/current-system/specialisation/new/bin/switch-to-configuration test 2>&1", timeout=600)
    print(said)
    t.assertIn("NOT restarting the following changed units", said)
    t.assertIn("meet-bridge", said)
    told = server.succeed("journalctl -b -u meet-bridge-handover")
    t.assertIn("meet-bridge-2 is started", told)
    t.assertIn("meet-bridge has 1 meeting with 2 people; it ends when they are over", told)

with subtest("the new generation runs beside the old one"):
    server.wait_for_unit("meet-bridge-2.service")
    t.assertNotEqual(ask("/about/version", 9091)["generation"], running)
    t.assertEqual((ask("/colibri/drain")["drain"], ask("/colibri/drain", 9091)["drain"]), (True, False))

with subtest("the meeting goes on, on the bridge that it has"):
    people.succeed("sleep 15")
    sees("alice", "bob", timeout=120)
    sees("bob", "alice", timeout=120)
    t.assertEqual((bridge(), ask("/about/version")["generation"]), (old, running))
    t.assertEqual(ask("/colibri/stats")["endpoints"], 2)
    print(f"longest gaps (picture, sound): alice {gaps('alice', 'bob')}, bob {gaps('bob', 'alice')}")
    t.assertLess(max(gaps("alice", "bob")), 10)

with subtest("a new room is on the new one"):
    join("carol", "dave", room="https://meet.example.org/Other")
    sees("carol", "dave")
    t.assertEqual(ask("/colibri/stats", 9091)["endpoints"], 2)
    t.assertEqual(ask("/colibri/stats")["endpoints"], 2)

with subtest("deciding again changes nothing for anybody"):
    server.succeed("systemctl restart meet-bridge-handover")
    t.assertEqual(bridge(), old)

with subtest("when the meeting is over, the old one ends and stays down"):
    people.succeed("systemctl stop alice bob")
    server.wait_until_succeeds("[ $(systemctl is-active meet-bridge) = inactive ]", timeout=90)
    server.wait_until_succeeds("systemctl is-active meet-bridge-handover", timeout=150)
    people.succeed("sleep 5")
    t.assertEqual(server.succeed("systemctl is-active meet-bridge || true").strip(), "inactive")
    sees("carol", "dave", timeout=120)
    print(server.succeed("journalctl -b -u meet-bridge-handover"))
