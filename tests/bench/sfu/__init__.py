"""Our bridge and Janus under the same load, side by side: ``make bench``.

``__main__`` lays out two network namespaces and runs rounds of A and B in turn; ``load`` is the load's process, ``ours`` and
``janus`` let it into a server, ``serve`` is the bridge with a COLIBRI2 door of its own, ``table`` makes sense of it all.
"""
