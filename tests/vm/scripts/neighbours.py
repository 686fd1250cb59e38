"""Two people met beside an admin's own Prosody and virtual host, which are as they were (meeting.py comes before)."""

with subtest("the other virtual host answers"):
    t.assertIn("blog", people.succeed("curl -s -H 'Host: blog.example.org' http://meet.example.org/"))

with subtest("the ports of a Prosody of the admin's are free for it"):
    listening = server.succeed("ss -Hltn")
    for port in (5222, 5269, 5280, 5347):
        t.assertNotIn(f":{port} ", listening)
    for port in (5322, 5380, 5447):
        t.assertIn(f"127.0.0.1:{port} ", listening)
