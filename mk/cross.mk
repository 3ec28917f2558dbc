# cross.mk - compiles and links for other systems and other processors, and
# runs the unit tests on big-endian ones.  Zig's C compiler carries the headers
# and symbols of all of them; it comes from PyPI at a pinned version and hash
# into build/tools, and `bmake clean` leaves it there.

# Descriptors and sockets are left out: the emulator hands on some of the
# host's numbers (SO_ERROR, and the bytes of addresses in /proc/net/tcp, which
# t_peers reads) as they are.  t_memory and t_detect_memory have the
# sources they test in themselves, with an allocator that fails.
TESTS_CROSS?=	${TESTS_C:N*/t_event*:N*/t_net*:N*/t_*memory.c:N*/t_peers.c}

cross:
	@sh mk/cross.sh "${SRCS}" "${TESTS_CROSS}"

.PHONY: cross
