"""One Ethernet for all machines: a hub on unix sockets, as QEMU's ``-netdev stream`` speaks (length, then frame)."""

import selectors
import socket
import struct
import threading
from pathlib import Path

HEADER = struct.Struct(">I")


class Hub:
    """Repeats every frame to all others; one thread."""

    def __init__(self, folder: Path) -> None:
        self.path: Path = folder / "hub.sock"
        self._listener: socket.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        self._selector: selectors.DefaultSelector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ports: dict[socket.socket, bytearray] = {}
        self._ending: threading.Event = threading.Event()
        self._thread: threading.Thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop repeating."""
        self._ending.set()
        self._thread.join(2)
        for each in (self._listener, *self._ports):
            each.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(0.2):
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj is self._listener:
                    port, _ = self._listener.accept()
                    self._ports[port] = bytearray()
                    self._selector.register(port, selectors.EVENT_READ)
                else:
                    self._read(key.fileobj)

    def _read(self, port: socket.socket) -> None:
        try:
            data = port.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self._drop(port)
            return
        held = self._ports[port]
        held += data
        end = 0
        while len(held) - end >= HEADER.size:
            (length,) = HEADER.unpack_from(held, end)
            if len(held) - end < HEADER.size + length:
                break
            end += HEADER.size + length
        frames = bytes(held[:end])
        del held[:end]
        for other in [each for each in self._ports if each is not port] if frames else ():
            try:
                other.sendall(frames)
            except OSError:
                self._drop(other)

    def _drop(self, port: socket.socket) -> None:
        self._selector.unregister(port)
        self._ports.pop(port, None)
        port.close()
