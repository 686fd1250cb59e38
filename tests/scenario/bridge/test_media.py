"""Two real WebRTC clients on a real bridge."""

from tests.scenario.bridge.conftest import Join


async def test_two_clients_hear_and_see_each_other(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.watch()
    await two.watch()
    for receiver, sender in ((one, two), (two, one)):
        mine = sender.mine
        assert mine is not None
        await receiver.until(lambda r=receiver, m=mine: r.gets(m.audio, 50), f"sound of {sender.id}")
        await receiver.until(lambda r=receiver, m=mine: r.gets(m.video, 30), f"picture of {sender.id}")
        assert receiver.pc.connectionState == "connected"
        assert receiver.messages[0]["colibriClass"] == "ServerHello"
        forwarded = receiver.heard("ForwardedSources")
        assert forwarded[-1]["forwardedSources"] == [f"{sender.id}-v0"]
        numbers = sorted({packet.sequence_number for packet in receiver.received[mine.video]})
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the picture has a hole"


async def test_nothing_of_a_picture_is_sent_before_it_is_asked_for(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    assert one.mine is not None and two.mine is not None
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, 60), "sound")
    assert not one.received[two.mine.video]
    sought = two.heard("SenderSourceConstraints")
    assert sought[-1] == {"colibriClass": "SenderSourceConstraints", "sourceName": "bbbb0002-v0", "maxHeight": 0}
