#!/usr/bin/python3
"""Compares with the real nginx: the configuration that it runs is imported."""

import unittest

from tests.e2e.live.live_case import HEADER_BYTES, LiveCase, free_ports, get_all

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  keepalive_requests 1000000;
  ignore_invalid_headers off;
  upstream cache {{
    hash $http_x_key{consistent};
{servers}    keepalive 128;
  }}
  server {{
    listen 127.0.0.1:{front};
    location / {{
      proxy_pass http://cache;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream off;
    }}
  }}
{backs}}}
"""


class NginxTest(LiveCase):
    def beside(self, consistent):
        front, *ports = free_ports(1 + self.random.randint(3, 25))
        weights = [self.random.choice([1, 1, 2, 3, 10]) for _ in ports]
        path = self.write("nginx.conf", CONFIGURATION.format(
            folder=self.folder, front=front,
            consistent=" consistent" if consistent else "",
            servers="".join(
                f"    server 127.0.0.1:{port} weight={weight} max_fails=0;\n"
                for port, weight in zip(ports, weights)),
            backs="".join(
                f"  server {{ listen 127.0.0.1:{port}; "
                f"return 200 127.0.0.1:{port}; }}\n" for port in ports)))
        self.start(["/usr/sbin/nginx", "-c", path, "-p", self.folder])
        self.await_port(front)
        keys = self.keys(HEADER_BYTES)
        ring = self.import_ring("--from=nginx", path, "cache")
        self.compare(ring, keys, get_all(front, keys))

    def test_hash_consistent(self):
        self.beside(consistent=True)

    def test_hash(self):
        self.beside(consistent=False)


if __name__ == "__main__":
    unittest.main()
