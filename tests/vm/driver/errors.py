"""What goes wrong with a machine."""


class MachineError(AssertionError):
    """A command, a wait or a boot failed; the text names the machine and ends with the tail of its journal."""
