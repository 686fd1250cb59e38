-- Prosody's modules see what Prosody puts into their environment.
std = "lua54"
read_globals = { "module" }
globals = { "prosody" }
max_line_length = 120
codes = true
