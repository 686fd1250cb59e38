"""How an endpoint's packets reach the bridge and are trusted: ICE (RFC 8445), DTLS-SRTP (RFC 5764), data channel.

Everything here is sans-I/O: objects take datagrams and ``now`` (monotonic seconds) and hand out datagrams, events and
the time of their next timer. ``ice.IceAgent`` says which addresses belong to an endpoint, ``dtls.DtlsTransport`` proves
who is there and yields the SRTP keys, ``sctp.DataChannelTransport`` carries the bridge channel inside DTLS.
"""
