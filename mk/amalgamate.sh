#!/bin/sh
#
# amalgamate.sh SOURCE ... - writes the whole program as one C file.
#
# First all headers, each once and after those that it includes, outside of any
# #if; then the sources as they are given, without their includes of our own
# headers.  compat.h is first, since it tells libc what to offer.  Includes of
# the system's headers stay where they are.

set -eu

cat <<'EOT'
/*
 * milter-manager in one file: cc -Os -o milter-manager milter-manager.c
 * Written by `bmake amalgamation`; change the sources, not this.
 *
EOT
sed 's/^/ * /; s/ *$//' LICENSE
cat <<'EOT'
 */

EOT
awk '
# The path of the header that file means by name, or "" when it is not ours.
function resolve(file, name,    dir, path, i) {
	dir = file
	sub(/[^\/]*$/, "", dir)
	for (i = 1; i <= 3; i++) {
		path = (i == 1 ? dir : i == 2 ? "src/" : "compat/") name
		if (exists(path))
			return path
	}
	printf "%s: \"%s\" is nowhere\n", file, name > "/dev/stderr"
	failed = 1
	return ""
}

function exists(path,    line, got) {
	if (!(path in known)) {
		got = (getline line < path)
		if (got >= 0)
			close(path)
		known[path] = got >= 0
	}
	return known[path]
}

function included(line) {
	if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/)
		return ""
	sub(/^[^"]*"/, "", line)
	sub(/".*/, "", line)
	return line
}

# Writes the headers that file includes, those that they include first.
function headers(file,    line, name, path, n, i, names) {
	n = 0
	while ((getline line < file) > 0)
		if ((name = included(line)) != "")
			names[++n] = name
	close(file)
	for (i = 1; i <= n; i++) {
		path = resolve(file, names[i])
		if (path == "" || path in done)
			continue
		done[path] = 1
		headers(path)
		body(path)
	}
}

function body(file,    line, blank) {
	printf "/* ---- %s ---- */\n", file
	blank = 1
	while ((getline line < file) > 0) {
		if (included(line) != "")
			continue
		# Each file has the licence in its first lines; once is enough.
		if (line == "/*-" || line ~ /^ \* SPDX-License-Identifier/) {
			licence = 1
			continue
		}
		if (licence && line == " */") {
			licence = 0
			continue
		}
		licence = 0
		if (line == "" && blank)
			continue
		blank = line == ""
		print line
	}
	close(file)
	if (!blank)
		print ""
}

BEGIN {
	for (i = 1; i < ARGC; i++)
		headers(ARGV[i])
	for (i = 1; i < ARGC; i++)
		body(ARGV[i])
	exit failed
}
' "$@"
