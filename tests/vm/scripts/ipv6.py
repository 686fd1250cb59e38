"""Two people met over IPv6 alone (meeting.py comes before)."""

with subtest("there is no IPv4 to have met over"):
    t.assertEqual(people.succeed("ip -4 -o addr show dev eth1 2>/dev/null || ip -4 -o addr show dev eth0").strip(), "")
    candidates = json.loads(server.succeed("curl -s http://127.0.0.1:9090/about/candidates"))["candidates"]
    print(candidates)
    t.assertTrue(all(":" in each["ip"] for each in candidates))
