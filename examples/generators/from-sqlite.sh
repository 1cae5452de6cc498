#!/bin/sh -eu
# A host per row, its tags from another table.
sqlite3 -json "$1" "SELECT name, os, arch, address, (SELECT json_group_array(tag) FROM host_tag WHERE host = name) AS tags FROM host" | jq '{host: (map({(.name): (del(.name) | .tags |= fromjson)}) | add), tag: (map(.tags | fromjson[] | {(.): {}}) | add)}'
