#!/bin/sh
# Says each interval which of the web hosts answer.
set -eu
while :; do
    for target in $(echo "$TARGETS" | tr ',' ' '); do
        if nc -z -w 2 "$target" 443; then echo "$target up"; else echo "$target down"; fi
    done
    sleep "${2:-60}"
done
