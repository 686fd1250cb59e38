# What the packet path keeps, in C: no Python object is touched for a packet, but for the compiled projections.
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from pyjitsi.bridge.plane.native.checks cimport Checks
from pyjitsi.bridge.plane.native.cipher cimport Cipher

cdef enum:
    WINDOW = 128        # SRTP's replay window
    SEEN = 1024         # numbers of a video stream against which duplicates by RTX are told
    MISSING = 128       # numbers of a stream that are asked for at once
    ARENA = 262144      # bytes of packets of a stream that may be sent again: as much as 2.5 Mbit/s bring in a second;
    FIRST_ARENA = 16384 # it gets more than these when it fills them sooner
    KEPT_SIZE = 512     # bytes that such a packet has at least, on the average: there is a slot for so many
    SENT = 512          # of what a route sent, and
    FIRST_SENT = 32     # of them to begin with
    ARRIVED = 512       # transport-wide numbers of a sender that were not told of yet
    REPORTS = 128       # sender reports that may be answered
    CONTROL_SSRCS = 64  # of one endpoint that send RTCP
    NACKED = 1000       # numbers that a receiver may ask for in a second; as the interpreted plane has it
    ENCODINGS = 8
    SEGMENTS = 32       # datagrams of one receiver that leave together
    HEADS = 2048        # bytes of their heads
    LEAD = 32           # of a payload's beginning that may differ by receiver: descriptors, and what RTX repeats
    MAX_DATAGRAM = 1500
    NO_PICTURE = -2     # where a packet's picture id stays as it came

cdef enum:
    D_AUTH, D_REPLAY, D_SHORT, D_UNKNOWN_PT, D_UNKNOWN_SSRC, D_MALFORMED, D_MUTED, D_UNKNOWN_RTX, D_OVERSIZE, D_NOT_LOUDEST,
    D_RATE, D_NACKS, DROPS

cdef enum:
    K_UNKNOWN, K_AUDIO, K_VIDEO, K_RTX

cdef struct Missing:
    int64_t number
    double next
    int tries

cdef struct Slot:
    int64_t number
    uint64_t position
    uint16_t size            # 0: nothing
    uint16_t payload_start
    uint8_t payload_type
    uint8_t marker

cdef struct Stream:
    int id
    uint32_t ssrc
    Source* source
    Peer* owner
    int encoding
    bint rtx
    double clock_rate
    int64_t highest          # SRTP's index, -1 before the first; the extended sequence number too
    uint32_t window[WINDOW]
    int64_t base
    uint64_t received
    double jitter
    double transit
    bint has_report
    uint64_t report_ntp
    uint32_t report_rtp
    double report_at
    int64_t nack_highest
    int missing_count
    Missing missing[MISSING]
    uint32_t seen[SEEN]
    uint64_t meter_bytes[16] # by spatial * 4 + temporal layer
    uint32_t meter_frames[16]
    int heights[4]           # of the spatial layers, 0 where not told
    int stacked
    void* gaps               # a compiled Gaps, likewise; NULL for video
    void* loudness           # a compiled Loudness, likewise
    void* structure          # a compiled Structure, kept alive by Python; NULL for audio and RTX
    double seen_at
    Slot* slots
    int slot_count
    unsigned char* arena
    int arena_size
    double arena_since       # when it was last begun from the front,
    int64_t arena_first      # and with which number
    uint64_t written

cdef struct Source:
    int id
    Peer* owner
    bint video
    bint always              # audio that is forwarded whatever its level
    Stream* streams[ENCODINGS]
    Route** routes
    int count
    int room
    double keyframe_at       # when Python was last told that one is wanted

cdef struct Sent:
    double at                # 0: nothing
    int64_t number
    uint32_t timestamp
    int picture
    int16_t tl0
    uint16_t sequence
    uint8_t encoding
    uint8_t marker

cdef struct Route:
    Peer* receiver
    Source* source
    void* projection         # a compiled Projection, kept alive by Python; NULL for audio and relays
    void* voice              # a compiled Voice, likewise; NULL for video
    bint relay
    bint open
    int encoding
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint8_t mid[16]          # of the slot
    int mid_length
    int64_t index            # SRTP's, of what is sent
    int64_t rtx_index
    int rtx_sequence
    int again                # the number that a probe repeated last
    uint64_t packets
    uint64_t octets
    Sent* sent
    int sent_count

cdef struct Arrival:
    uint16_t number
    uint32_t ssrc
    double at

cdef struct Report:
    uint32_t middle
    double at

cdef struct ControlSsrc:
    uint32_t ssrc
    int64_t highest
    uint64_t bitmap

cdef struct BySsrc:
    uint32_t ssrc
    void* item

cdef struct SsrcTable:
    BySsrc* entries
    int mask
    int used

cdef struct Parcel:         # a datagram in the making
    int64_t place           # SRTP's index
    const unsigned char* body  # what follows the head, in the shard's store: all receivers have it in common
    uint16_t at             # where in ``heads`` its head is,
    uint16_t head           # how long that is: RTP's header, and the payload's beginning;
    uint16_t header         # RTP's header alone, which is not encrypted
    uint16_t size           # of the datagram, SRTP's tag included

cdef struct Train:          # datagrams that leave together; they are put together and sealed when they do
    double since            # when the first of them came
    int count
    int used                # of ``heads``
    Parcel parcels[SEGMENTS]
    unsigned char heads[HEADS]

cdef struct Peer:
    int id
    Cipher inbound
    Cipher outbound
    uint8_t kind[128]
    uint8_t codec[128]       # as keyframe.py numbers them
    uint8_t apt[128]
    uint8_t rtx_of[128]
    unsigned char keep[256]
    int transport_cc
    int audio_level
    int dependency
    int mid
    int red                  # RED's payload type
    void* loudest            # a compiled Loudest, likewise: its conference's
    SsrcTable streams
    SsrcTable routes
    bint mute_audio
    bint mute_video
    bint media_seen
    double last_media
    Checks checks
    double rtt
    # Where it is sent to; fd -1 captures for a test, -2 sends nothing.
    int fd
    unsigned char destination[28]
    int destination_size
    # Out.
    void* delivery           # a compiled Delivery, kept alive by Python
    bint told                # Python knows that there is feedback
    int out_size             # of the datagram that was made last
    # Probes.
    void* pacer              # a compiled Pacer, likewise
    bint paced
    int probe                # the cluster that is being sent, or 0
    bint padding             # what is being sent is nothing else
    int blank_sequence
    uint32_t blank_timestamp
    uint32_t blank_ssrc
    int64_t blank_index
    Report reports[REPORTS]
    int reports_next
    # In.
    Arrival* arrived         # ARRIVED of them, where there are any: most peers send nothing
    int arrived_count
    ControlSsrc control[CONTROL_SSRCS]
    int control_count
    uint32_t control_index   # of the SRTCP that was sent last
    # Limits, each of a second; 0 for none.
    uint64_t packet_limit, byte_limit
    double second            # when the current one began
    uint64_t second_packets, second_bytes
    int second_nacked        # numbers
    # Counters.
    uint64_t packets_received, bytes_received, packets_sent, bytes_sent
    uint64_t nacks_received, rtx_sent, plis_received
    uint64_t dropped[DROPS]
    Train* train             # made when first wanted
    bint urgent
    bint pending

cdef struct Key:
    unsigned char bytes[20]  # IPv6 or mapped IPv4 address, port, zone

cdef struct KeyEntry:
    Key key
    bint used
    Peer* peer
    void* inlet              # where the peer is another thread's
