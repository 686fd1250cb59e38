"""The data plane's C under AddressSanitizer and UndefinedBehaviorSanitizer, fed with bytes that are nearly right.

``build`` compiles what Cython made once more, apart from what the service runs; ``targets`` say what is done with an
input; ``replay`` runs seeds and simple mutations of them (the suite's short run), ``python -m tests.fuzz.native`` runs
them guided by coverage (``make fuzz``).
"""
