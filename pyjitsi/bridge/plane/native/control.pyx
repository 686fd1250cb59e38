"""RTCP of peers: reports and feedback become sums for Python, NACKs are answered here, key frames are asked for there."""

from libc.math cimport ldexp
from libc.stdint cimport uint32_t, uint64_t

from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.feedback cimport FeedbackReader
from pyjitsi.bridge.plane.native.cipher cimport unprotect_rtcp
from pyjitsi.bridge.plane.native.mailbox cimport T_FEEDBACK, T_KEYFRAME, T_LIMIT, T_REPORT, Event
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport table_find, word

cdef uint32_t REMB = 0x52454D42  # "REMB"
cdef double KEYFRAME_SPACING = 0.1


cdef class Control(Egress):
    """A shard's reading of RTCP."""

    def __cinit__(self):
        self.reader = FeedbackReader()

    cdef void rtcp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil:
        cdef int start = 0, end, kind, count, i
        cdef uint32_t index = 0, ssrc
        cdef ControlSsrc* control = NULL
        cdef Stream* stream
        cdef Route* route
        cdef Event* event
        cdef int bits
        if size < 8:
            peer.dropped[D_SHORT] += 1
            return
        size = unprotect_rtcp(&peer.inbound, data, size, &index)
        if size < 0:
            peer.dropped[D_AUTH] += 1
            return
        ssrc = word(data + 4)
        for i in range(peer.control_count):
            if peer.control[i].ssrc == ssrc:
                control = &peer.control[i]
        if control == NULL:
            i = peer.control_count if peer.control_count < CONTROL_SSRCS else index % CONTROL_SSRCS
            peer.control_count += peer.control_count < CONTROL_SSRCS
            control = &peer.control[i]
            control.ssrc, control.highest, control.bitmap = ssrc, -1, 0
        if control.highest >= 0 and index <= control.highest:
            if control.highest - index >= 64 or control.bitmap >> (control.highest - index) & 1:
                peer.dropped[D_REPLAY] += 1
                return
            control.bitmap |= <uint64_t>1 << (control.highest - index)
        else:
            bits = 64 if control.highest < 0 or index - control.highest >= 64 else <int>(index - control.highest)
            control.bitmap = (control.bitmap << bits if bits < 64 else 0) | 1
            control.highest = index
        while start < size:
            if start + 4 > size or data[start] >> 6 != 2:
                peer.dropped[D_MALFORMED] += 1
                return
            end = start + 4 + (data[start + 2] << 8 | data[start + 3]) * 4
            if end > size:
                peer.dropped[D_MALFORMED] += 1
                return
            kind, count = data[start + 1], data[start] & 31
            if kind == 200 and end - start >= 28:
                stream = <Stream*>table_find(&peer.streams, word(data + start + 4))
                if stream != NULL:
                    stream.report_ntp = <uint64_t>word(data + start + 8) << 32 | word(data + start + 12)
                    stream.report_rtp, stream.report_at, stream.has_report = word(data + start + 16), at, True
                self.report_blocks(peer, data, start + 28, end, count, at)
            elif kind == 201 and end - start >= 8:
                self.report_blocks(peer, data, start + 8, end, count, at)
            elif kind == 205 and count == 1 and end - start >= 12:
                peer.nacks_received += 1
                route = <Route*>table_find(&peer.routes, word(data + start + 8))
                start += 12
                while route != NULL and start + 4 <= end:
                    bits = data[start + 2] << 8 | data[start + 3]
                    count = data[start] << 8 | data[start + 1]
                    self.nacked(route, count, at)
                    for i in range(16):
                        if bits >> i & 1:
                            self.nacked(route, (count + i + 1) & 0xFFFF, at)
                    start += 4
            elif kind == 205 and count == 15:
                self.transport_feedback(peer, data, start + 4, end, at)
            elif kind == 206 and count == 1 and end - start >= 12:
                self.keyframe_wanted(peer, word(data + start + 8), at)
            elif kind == 206 and count == 15 and end - start >= 20 and word(data + start + 12) == REMB:
                event = self.tell(T_LIMIT, peer.id, 0, at, False)
                if event != NULL:
                    event.rate = <double>((data[start + 17] & 3) << 16 | data[start + 18] << 8 | data[start + 19])
                    event.rate = ldexp(event.rate, data[start + 17] >> 2)
            elif kind == 206 and count == 4:
                start += 12
                while start + 8 <= end:
                    self.keyframe_wanted(peer, word(data + start), at)
                    start += 8
            start = end

    cdef void report_blocks(self, Peer* peer, unsigned char* data, int start, int end, int count,
                            double at) noexcept nogil:
        cdef int i
        cdef uint32_t middle
        cdef double rtt
        cdef Event* event
        while count and start + 24 <= end:
            middle = word(data + start + 16)
            for i in range(REPORTS):
                if middle and peer.reports[i].middle == middle:
                    rtt = at - peer.reports[i].at - word(data + start + 20) / 65536.0
                    if 0 < rtt < 7:
                        peer.rtt = rtt
            if not peer.transport_cc and table_find(&peer.routes, word(data + start)) != NULL:
                event = self.tell(T_REPORT, peer.id, 0, at, False)
                if event != NULL:
                    event.lost, event.rate = data[start + 4], (<Delivery>peer.delivery).bitrate(at)
            start += 24
            count -= 1

    cdef void transport_feedback(self, Peer* peer, unsigned char* data, int start, int end, double at) noexcept nogil:
        cdef int status, number
        cdef bint known = False
        if not self.reader.open(data, start, end):
            peer.dropped[D_MALFORMED] += 1
            return
        number = self.reader.base
        while True:
            status = self.reader.next(data)
            if status < 0:
                peer.dropped[D_MALFORMED] += status != -1
                break
            if status == 0:
                known |= (<Delivery>peer.delivery).missing(number)
            else:
                known |= (<Delivery>peer.delivery).arrived(number, self.reader.ticks * 250e-6)
            number = (number + 1) & 0xFFFF
        if known and not peer.told:
            peer.told = self.tell(T_FEEDBACK, peer.id, 0, at, False) != NULL

    cdef void keyframe_wanted(self, Peer* peer, uint32_t ssrc, double at) noexcept nogil:
        cdef Route* route = <Route*>table_find(&peer.routes, ssrc)
        peer.plis_received += 1
        if route != NULL:
            self.ask_keyframe(route, at)

    cdef void nacked(self, Route* route, int sequence, double at) noexcept nogil:
        """Send a packet again; where it was sent and is gone, its receiver needs a key frame."""
        if route.receiver.second_nacked >= NACKED:
            route.receiver.dropped[D_NACKS] += 1
            return
        route.receiver.second_nacked += 1
        if not self.resend(route, sequence, at) and self.gone(route, sequence):
            if at - route.source.keyframe_at > KEYFRAME_SPACING:
                route.source.keyframe_at = at
                self.ask_keyframe(route, at)

    cdef void ask_keyframe(self, Route* route, double at) noexcept nogil:
        cdef Event* event = self.tell(T_KEYFRAME, route.source.owner.id, route.source.id, at, True)
        if event != NULL:
            event.count = route.receiver.id
