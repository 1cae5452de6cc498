#!/bin/sh
# Answers every connection on the port with a greeting.
while :; do
    printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%s\n' "$GREETING" | nc -l -p "$1" -q 1
done
