"""Our bridge and Janus under the same load, side by side: ``make bench``.

``__main__`` runs rounds of A and B in turn, in the two network namespaces of ``net``; ``load`` is the load's process,
``ours`` and ``janus`` let its ``peer``s into a server, ``serve`` is the bridge with a door for COLIBRI2, ``table``
makes sense of it all.
"""
