"""Two people in a meeting: the beginning of several tests' scripts."""

import json

ROOM = "https://meet.example.org/Meeting"
UNITS = ("meet-prosody", "meet-focus", "meet-rooms", "meet-bridge", "meet-web")


def report(name):
    """What a person has seen so far."""
    return json.loads(people.succeed(f"cat /run/{name}.json"))


def join(*names, room=ROOM):
    """Let people join, from the host `people`."""
    for name in names:
        people.succeed(
            f"systemd-run --unit {name} -p Environment=PATH=$PATH meet-client --url {room} --name {name}"
            f" --ca /run/ca.pem --report /run/{name}.json"
        )


def sees(name, other, timeout=300):
    """Wait until a person decodes another's picture and sound."""
    try:
        people.wait_until_succeeds(f'grep -q \'"sees": \\["{other}"\\]\' /run/{name}.json', timeout=timeout)
    except Exception:
        for each in (name, other):
            print(f"{each} reports", report(each))
        units = " ".join(f"-u {unit}" for unit in (*UNITS, "meet-bridge-2"))
        print(server.succeed(f"journalctl -b -o short-monotonic {units} | tail -150"))
        raise


def gaps(name, other):
    """The longest times, in seconds, for which a person was without another's picture and sound."""
    seen = report(name)["others"][other]
    return round(seen["video"]["gap"], 1), round(seen["audio"]["gap"], 1)


def memory(when):
    """Print what each unit uses."""
    for unit in UNITS:
        cgroup = int(server.succeed(f"systemctl show -p MemoryCurrent --value {unit}")) >> 20
        process = server.succeed(f"systemctl show -p MainPID --value {unit}").strip()
        rss = server.succeed(f"awk '/VmRSS/ {{ print int($2 / 1024) }}' /proc/{process}/status")
        print(f"{unit}, {when}: {rss.strip()} MB resident, {cgroup} MB in its cgroup")


start_all()

with subtest("two people meet"):
    for unit in (*UNITS, "nginx"):
        server.wait_for_unit(f"{unit}.service")
    memory("idle")
    certificate = server.succeed("cat /var/lib/meet-tls/cert.pem")
    people.succeed(f"cat > /run/ca.pem <<'END'\n{certificate}END")
    join("alice", "bob")
    sees("alice", "bob")
    sees("bob", "alice")
