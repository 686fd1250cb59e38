"""Configurations of nginx and Caddy from what the modules evaluated to, as NixOS would write them."""

from typing import Any

NGINX = """user www-data;
worker_processes 1;
error_log stderr;
pid /run/nginx.pid;
events { worker_connections 4096; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
HOSTS}
"""
PROXY_HEADERS = """      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
"""


def _location(path: str, location: dict[str, Any]) -> str:
    lines = [f"    location {path} {{"]
    if location["proxyPass"]:
        lines += [f"      proxy_pass {location['proxyPass']};", "      proxy_http_version 1.1;"]
    if location["proxyWebsockets"]:
        lines += ["      proxy_set_header Upgrade $http_upgrade;"]
        lines += ["      proxy_set_header Connection $connection_upgrade;"]
    if location["recommendedProxySettings"]:
        lines.append(PROXY_HEADERS.rstrip())
    if location["root"]:
        lines.append(f"      root {location['root']};")
    if location["return"]:
        lines.append(f"      return {location['return']};")
    lines += [f"      {line}" for line in location["extraConfig"].splitlines()]
    return "\n".join([*lines, "    }\n"])


def nginx_conf(hosts: dict[str, Any], certificates: str = "/var/lib/acme") -> str:
    """nginx.conf of virtual hosts; ACME's certificates are expected in ``certificates``."""
    text = ""
    for name, host in hosts.items():
        locations = "".join(_location(path, location) for path, location in host["locations"].items())
        cert = host["sslCertificate"] or f"{certificates}/{name}/fullchain.pem"
        key = host["sslCertificateKey"] or f"{certificates}/{name}/key.pem"
        plain = "  server {{\n    listen 80;\n    listen [::]:80;\n    server_name {};\n{}  }}\n"
        if host["forceSSL"] or host["enableACME"]:
            text += plain.format(name, "    location / { return 301 https://$host$request_uri; }\n")
            text += (
                f"  server {{\n    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n    server_name {name};\n"
                f"    ssl_certificate {cert};\n    ssl_certificate_key {key};\n{locations}  }}\n"
            )
        else:
            text += plain.format(name, locations)
    return NGINX.replace("HOSTS", text)


def caddyfile(hosts: dict[str, Any]) -> str:
    """Caddyfile of virtual hosts."""
    return "".join(f"{name} {{\n{host['extraConfig']}}}\n" for name, host in hosts.items())
