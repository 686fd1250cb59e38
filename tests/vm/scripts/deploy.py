"""A switch to a new generation in a running meeting: nobody loses media (meeting.py comes before)."""


def bridge():
    """The main process of the bridge."""
    return server.succeed("systemctl show -p MainPID --value meet-bridge").strip()


def generation():
    """What the bridge that runs says of itself."""
    return json.loads(server.succeed("curl -s http://127.0.0.1:9090/about/version"))["generation"]


old, running = bridge(), generation()

with subtest("the switch restarts everything but the bridge, and says so"):
    said = server.succeed("/run/current-system/specialisation/new/bin/switch-to-configuration test 2>&1")
    print(said)
    t.assertIn("NOT restarting the following changed units", said)
    t.assertIn("meet-bridge", said)
    told = server.succeed("journalctl -b -u meet-bridge-handover")
    t.assertIn("the bridge has 1 meeting with 2 people; it takes the new generation when", told)

with subtest("the meeting goes on, on the bridge that it has"):
    people.succeed("sleep 15")
    sees("alice", "bob", timeout=60)
    sees("bob", "alice", timeout=60)
    t.assertEqual((bridge(), generation()), (old, running))
    print(f"longest gaps (picture, sound): alice {gaps('alice', 'bob')}, bob {gaps('bob', 'alice')}")
    t.assertLess(max(gaps("alice", "bob")), 10)

with subtest("a switch back and forth changes nothing for them"):
    server.succeed("systemctl restart meet-bridge-handover")
    t.assertEqual(bridge(), old)

with subtest("when the meeting is over, the bridge takes the new generation"):
    people.succeed("systemctl stop alice bob")
    server.wait_until_succeeds("[ $(systemctl show -p MainPID --value meet-bridge) != " + old + " ]", timeout=90)
    server.wait_for_unit("meet-bridge.service")
    t.assertNotEqual(generation(), running)

with subtest("and the next meeting is on it"):
    join("carol", "dave")
    sees("carol", "dave")
