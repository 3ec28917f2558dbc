# bench.mk - CPU a session, as a ratio to a plain relay.

bench: all build/bench/relay
	sh bench/bench.sh "$$(pwd)/milter-manager" "$$(pwd)/build/bench/relay" \
	    ${BENCH_SESSIONS}

build/bench/relay: bench/relay.c compat/strlcpy.c compat/compat.h
	mkdir -p build/bench
	${CC} -std=c99 -O2 -Icompat -o $@ bench/relay.c compat/strlcpy.c

.PHONY: bench
