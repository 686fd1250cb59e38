"""One client of the load: real ICE and DTLS by aiortc, packets by hand.

Sent are VP8-labelled packets in bursts of one frame, each with the time of its sending. Received packets are read from
the socket in batches, before asyncio and aiortc would spend their time on them; they are counted, and one receiver in
several opens them, to check them and to tell how long they took.
"""

import asyncio
import re
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcdtlstransport, rtcrtpsender
from pylibsrtp import Error

from pyjitsi.rtp import rtcp

ONLY_GCM = [rtcdtlstransport.SRTP_AEAD_AES_128_GCM]
FRAMES = 30  # a second
KEYFRAME_EVERY = 90
STAMP = struct.Struct("!QI")  # nanoseconds, and a counter
DESCRIPTOR = b"\x10"
KEYFRAME = b"\x10\0\0\x9d\x01\x2a"  # and width and height
SO_TIMESTAMPNS = 35
SHORT = 200  # bytes: audio is shorter, video of any layer longer


def prepare() -> None:
    """Once a process: AES-128-GCM alone, and no media of aiortc's own."""
    rtcdtlstransport.SRTP_PROFILES[:] = ONLY_GCM

    async def nothing(*_: Any) -> None:
        await asyncio.Event().wait()

    rtcrtpsender.RTCRtpSender._run_rtp = nothing  # pyright: ignore
    rtcrtpsender.RTCRtpSender._run_rtcp = nothing  # pyright: ignore


@dataclass
class Count:
    """What a receiver saw."""

    packets: int = 0
    octets: int = 0
    opened: int = 0
    refused: int = 0
    delays: list[float] = field(default_factory=list[float])
    audio_delays: list[float] = field(default_factory=list[float])


class Peer:
    """``checks``: it opens what it gets; ``counts_rtcp``: it counts requests for key frames."""

    def __init__(self, *, checks: bool = False, counts_rtcp: bool = False) -> None:
        self.pc: RTCPeerConnection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.checks: bool = checks
        self.counts_rtcp: bool = counts_rtcp
        self.keyframes_asked: int = 0
        self.count: Count = Count()
        self.sequence: dict[int, int] = {}

    async def answer(self, offer: str) -> str:
        """Take an offer; returns the answer's SDP."""
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp

    async def connected(self) -> None:
        """Wait for ICE and DTLS. Raises TimeoutError."""
        there = asyncio.Event()
        self.pc.on("connectionstatechange", lambda: there.set() if self.pc.connectionState == "connected" else None)
        if self.pc.connectionState != "connected":
            async with asyncio.timeout(30):
                await there.wait()
        self._take_sockets()

    @property
    def _dtls(self) -> Any:
        return self.pc.getTransceivers()[0].sender.transport

    def _take_sockets(self) -> None:
        loop = asyncio.get_running_loop()
        connection = self._dtls.transport._connection
        for protocol in connection._protocols:
            opened: socket.socket = protocol.transport.get_extra_info("socket")
            raw = socket.socket(fileno=socket.dup(opened.fileno()))
            raw.setblocking(False)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            if self.checks:
                raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            loop._remove_reader(opened.fileno())  # type: ignore[attr-defined] # pyright: ignore
            loop.add_reader(raw, self._read, raw, protocol)

    def _read(self, raw: socket.socket, protocol: Any) -> None:
        count, checks = self.count, self.checks
        try:
            while True:
                more: list[tuple[int, int, bytes]] = []
                if checks:
                    data, more, _, sender = raw.recvmsg(2048, 64)
                else:
                    data, sender = raw.recvfrom(2048)
                if data[0] < 128:
                    protocol.datagram_received(data, sender)
                elif 192 <= data[1] <= 223:
                    if self.counts_rtcp:
                        self._count_rtcp(data)
                else:
                    count.packets += 1
                    count.octets += len(data)
                    if checks:
                        self._open(data, more)
        except BlockingIOError:
            pass

    def _count_rtcp(self, data: bytes) -> None:
        try:
            parts = list(rtcp.split(self._dtls._rx_srtp.unprotect_rtcp(data)))
        except Error:
            return
        self.keyframes_asked += sum(bool(rtcp.keyframe_wanted(part)) for part in parts)

    def _open(self, data: bytes, more: list[tuple[int, int, bytes]]) -> None:
        count = self.count
        try:
            packet = self._dtls._rx_srtp.unprotect(data)
        except Error:
            count.refused += 1
            return
        count.opened += 1
        at = packet.find(b"stamp")
        if at > 0 and more:
            seconds, nanoseconds = struct.unpack("qq", more[0][2][:16])
            sent, _ = STAMP.unpack_from(packet, at + 5)
            delays = count.audio_delays if len(packet) < SHORT else count.delays
            delays.append(seconds + nanoseconds * 1e-9 - sent * 1e-9)

    async def send(self, ssrc: int, payload_type: int, payload: bytes, timestamp: int, *, marker: bool) -> None:
        """Send a packet with the time in its payload."""
        number = self.sequence[ssrc] = (self.sequence.get(ssrc, -1) + 1) & 0xFFFF
        header = struct.pack(
            "!BBHII", 0x80, payload_type | (0x80 if marker else 0), number, timestamp & 0xFFFFFFFF, ssrc
        )
        await self._dtls._send_rtp(header + payload)

    async def video(
        self, ssrc: int, payload_type: int, bitrate: int, until: float, *, size: int = 1180, height: int = 720
    ) -> int:
        """Send frames until a time; returns how many packets that were."""
        size = min(size, bitrate // 8 // FRAMES)
        each = bitrate / 8 / size / FRAMES
        keyframe = KEYFRAME + struct.pack("<HH", height * 16 // 9, height)
        due, sent, frame, began = 0.0, 0, 0, time.monotonic()
        filler = bytes(size)
        while time.monotonic() < until:
            due += each
            packets, due = int(due), due - int(due)
            for index in range(packets):
                head = DESCRIPTOR if index == 0 else b"\0"
                if index == 0:
                    head += keyframe if frame % KEYFRAME_EVERY == 0 else b"\x11\0\0"
                payload = head + b"stamp" + STAMP.pack(time.time_ns(), sent)
                await self.send(ssrc, payload_type, payload + filler[len(payload) :], frame * 3000,
                                marker=index == packets - 1)  # fmt: skip
                sent += 1
            frame += 1
            await asyncio.sleep(max(0.0, began + frame / FRAMES - time.monotonic()))
        return sent

    async def audio(self, ssrc: int, payload_type: int, until: float) -> int:
        """Send 50 packets a second until a time; returns how many."""
        sent, began = 0, time.monotonic()
        while time.monotonic() < until:
            payload = b"stamp" + STAMP.pack(time.time_ns(), sent) + bytes(60)
            await self.send(ssrc, payload_type, payload, sent * 960, marker=False)
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / 50 - time.monotonic()))
        return sent


def ice_of(sdp: str) -> tuple[str, str, str, list[str]]:
    """ufrag, password, fingerprint and candidate lines of an SDP."""

    def one(name: str) -> str:
        found = re.search(rf"a={name}:(\S+(?: \S+)?)", sdp)
        assert found is not None, name
        return found.group(1)

    fingerprints = dict(re.findall(r"a=fingerprint:(\S+) (\S+)", sdp))
    return one("ice-ufrag"), one("ice-pwd"), fingerprints["sha-256"], re.findall(r"a=(candidate:.*)", sdp)
