#!/bin/sh
#
# link.sh PROGRAM FOLDER INSTALLED NAME - makes FOLDER/NAME a link to PROGRAM:
# relative when INSTALLED (FOLDER without DESTDIR) is its neighbour, so that it
# survives when both are moved; else absolute.

set -eu
if [ "${1%/*/*}" = "${3%/*}" ]; then
	target=${1%/*}
	target=../${target##*/}/${1##*/}
elif [ "${1%/*}" = "$3" ]; then
	target=${1##*/}
else
	target=$1
fi
ln -sf "$target" "$2/$4"
