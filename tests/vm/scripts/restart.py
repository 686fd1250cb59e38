"""Services restart in a running meeting, one after the other, and nobody leaves (meeting.py comes before)."""

for unit in ("meet-web", "meet-focus", "meet-prosody"):
    with subtest(f"{unit} restarts"):
        server.succeed(f"systemctl restart {unit}.service")
        server.wait_for_unit(f"{unit}.service")
        people.succeed("sleep 10")
        sees("alice", "bob", timeout=60)
        sees("bob", "alice", timeout=60)
        print(f"longest gaps so far (picture, sound): alice {gaps('alice', 'bob')}, bob {gaps('bob', 'alice')}")

with subtest("the server's clock is set back and forward an hour"):
    before = gaps("alice", "bob"), gaps("bob", "alice")
    offers = report("alice")["offers"], report("bob")["offers"]
    for shift in ("1 hour ago", "1 hour", "1 hour", "1 hour ago"):
        server.succeed(f"date -s '{shift}'")
        people.succeed("sleep 6")
        sees("alice", "bob", timeout=10)
        sees("bob", "alice", timeout=10)
    t.assertEqual((report("alice")["offers"], report("bob")["offers"]), offers)
    for unit in (*UNITS, "nginx"):
        server.wait_for_unit(f"{unit}.service")
    print("longest gaps before and since", before, (gaps("alice", "bob"), gaps("bob", "alice")))

with subtest("somebody new can still join and leave"):
    join("carol")
    people.wait_until_succeeds('grep -q \'"sees": \\["alice", "bob"\\]\' /run/carol.json', timeout=120)
    people.succeed("systemctl stop carol")

video, audio = gaps("alice", "bob")
t.assertLess(video, 15)
t.assertLess(audio, 15)
