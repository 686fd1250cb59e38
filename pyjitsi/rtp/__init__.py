"""Media formats, sans-I/O, in plain Python: RTP, RTCP, header extensions, codec descriptors, sequence arithmetic.

Nothing here holds a socket or reads a clock. Every parser takes any bytes and answers with a value or an ``RtpError``.
"""
