# The dependencies of pyproject.toml by their names in nixpkgs' python3Packages. A test compares the two.
[
  "aiohttp"
  "aiortc"
  "bonsai"
  "cryptography"
  "ifaddr"
  "prometheus-client"
  "pydantic"
  "pydantic-settings"
  "pyjwt"
  "pylibsrtp"
  "pyopenssl"
  "slixmpp"
  "structlog"
]
