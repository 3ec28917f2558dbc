# fuzz.mk - the fuzz targets: over their corpus with any compiler, or under
# libFuzzer for a while (bmake fuzz FUZZ_SECONDS=600).

FUZZ_CC?=	clang
FUZZ_SECONDS?=	60
F=		$B/fuzz
FUZZERS=	${FUZZ_SRCS:N*/fuzz_main.c:T:R}

.for f in ${FUZZERS}
FUZZ_FILES+=	$F/${f}
$F/${f}: tests/fuzz/${f}.c tests/fuzz/fuzz_main.c ${LIB} ${HDRS} ${FUZZ_HDRS}
	@mkdir -p ${@D}
	${TEST_COMPILE} -o $@ tests/fuzz/${f}.c tests/fuzz/fuzz_main.c ${LIB} \
	    ${LIBS}

build/fuzz/${f}: tests/fuzz/${f}.c ${SRCS} ${HDRS} ${FUZZ_HDRS}
	@mkdir -p ${@D}
	${FUZZ_CC} -std=c99 -O1 -g -fsanitize=fuzzer,address,undefined \
	    ${CFLAGS} ${MM_CPPFLAGS} ${CPPFLAGS} -o $@ tests/fuzz/${f}.c \
	    ${SRCS:Nsrc/main.c} ${LDFLAGS} ${LIBS}
.endfor

fuzz-corpus: ${FUZZ_FILES}
	@sh mk/fuzz.sh corpus $F ${FUZZERS}

fuzz: ${FUZZERS:S|^|build/fuzz/|}
	@sh mk/fuzz.sh ${FUZZ_SECONDS} build/fuzz ${FUZZERS}

.PHONY: fuzz-corpus fuzz
