"""The floor for a call: a Unix socket, blocking reads, a length and a body, sent back as they came."""

from __future__ import annotations

import socket
import struct
import sys

LENGTH = struct.Struct("<I")

connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(sys.argv[1])
reader = connection.makefile("rb")
while header := reader.read(LENGTH.size):
    body = reader.read(LENGTH.unpack(header)[0])
    connection.sendall(header + body)
