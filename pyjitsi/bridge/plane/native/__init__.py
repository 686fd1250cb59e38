"""The compiled part of the data plane: ciphers, packet path and sockets, in threads without the GIL.

``state.pxd`` has the structures, ``cipher`` SRTP, ``tables`` lookups and numbers, ``wire`` the sockets. A packet's way
is ``shard``, on the layers ``control`` (RTCP), ``egress`` and ``mailbox``. Python holds ``engine``,
``peers``, ``sources`` and ``routes``.
Headers, descriptors, projections and feedback are compiled from the modules of plain Python beside this folder.
"""
