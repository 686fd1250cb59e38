"""What goes wrong on a machine."""


class MachineError(AssertionError):
    """A command or a wait failed; the text says on which machine, and what its journal says."""
