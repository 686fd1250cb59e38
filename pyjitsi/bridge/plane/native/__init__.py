"""The compiled part of the data plane: ciphers, packet path and sockets, in threads without the GIL.

``state.pxd`` has the structures, ``cipher`` SRTP, ``tables`` lookups and numbers, ``shard`` the way of a packet,
``wire`` the sockets, ``handles`` what Python holds. Headers, descriptors, projections and feedback are compiled from
the modules of plain Python beside this folder.
"""
