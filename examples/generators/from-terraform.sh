#!/bin/sh -eu
# The output `hosts` has the form that cmc wants already; the tags are collected from it.
terraform -chdir="$1" output -json hosts | jq '{host: ., tag: ([.[].tags[] | {(.): {}}] | add)}'
