"""What people notice when something dies in their meeting: ``make resilience``, or ``python -m tests.resilience``."""
