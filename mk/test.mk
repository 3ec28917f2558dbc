# test.mk - the test programs, and the suite under kyua.
#
# bmake test			the suite over the program of this variant
# bmake test TESTS=t_conf	one test program, or program:case
# bmake test TEST_BACKEND=poll	every daemon and tool of the suite, and the
#				tests of the loop, over that back end
# bmake test TEST_PROGRAM=path	the suite over another build of the program
# bmake test TEST_REAL=0	without t_differential_*, t_chain, t_postfix
#
# A test finds the program in $MM_PROGRAM and the back end that was asked for,
# if any, in $MM_TEST_BACKEND.  mk/test.sh tells the rest.

TESTS?=
TEST_BACKEND?=
TEST_REAL?=	1
TEST_PROGRAM?=	${PROGRAM}

T=		$B/tests
ATF_FLAGS=	$$(pkg-config --cflags --libs atf-c 2>/dev/null || echo -latf-c)
TEST_CPPFLAGS=	${MM_CPPFLAGS} -Itests/atf -Itests/fuzz
TEST_COMPILE=	${CC} ${MM_CFLAGS} ${CFLAGS} ${TEST_CPPFLAGS} ${CPPFLAGS} \
		${MM_LDFLAGS} ${LDFLAGS}
HAVE_LIBMILTER=	printf '\#include <libmilter/mfapi.h>\n' | \
		${CC} ${CPPFLAGS} -E -x c - >/dev/null 2>&1

.for f in ${TESTS_C}
TEST_FILES+=	$T/${f:T:R}
$T/${f:T:R}: ${f} ${LIB} ${HDRS} ${TEST_HDRS}
	@mkdir -p ${@D}
	${TEST_COMPILE} -o $@ ${f} ${LIB} ${ATF_FLAGS} ${LIBS}
.endfor

.for f in ${TEST_PROGS:N*/h_libmilter_*:N*/h_preload_*}
TEST_HELP+=	$T/${f:T:R}
$T/${f:T:R}: ${f} ${LIB} ${HDRS} ${TEST_HDRS}
	@mkdir -p ${@D}
	${TEST_COMPILE} -o $@ ${f} ${LIB} ${LIBS}
.endfor

# Without libmilter these are left out, and their users skip themselves.
.for f in ${TEST_PROGS:M*/h_libmilter_*}
TEST_HELP+=	$T/${f:T:R}
$T/${f:T:R}: ${f} ${LIB} ${HDRS} ${TEST_HDRS}
	@mkdir -p ${@D}
	@if ${HAVE_LIBMILTER}; then \
		set -x; ${TEST_COMPILE} -o $@ ${f} ${LIB} -lmilter -lpthread \
		    ${LIBS}; \
	else echo "$@: no libmilter, left out"; fi
.endfor

# Loaded into other people's programs, so without any flag of ours.
.for f in ${TEST_PROGS:M*/h_preload_*}
TEST_HELP+=	$T/${f:T:R}
$T/${f:T:R}: ${f}
	@mkdir -p ${@D}
	${CC} -std=c99 -O1 -fPIC -shared -Icompat -o $@ ${f}
.endfor

# Shell tests keep their suffix: t_x.c and t_x.sh may stand side by side.
.for f in ${TESTS_SH}
TEST_FILES+=	$T/${f:T}
$T/${f:T}: ${f}
	@mkdir -p ${@D}
	cp ${f} $@ && chmod +x $@
.endfor
.for f in ${TEST_DATA}
TEST_HELP+=	$T/${f:T}
$T/${f:T}: ${f}
	@mkdir -p ${@D}
	cp ${f} $@ && chmod a+rX $@
.endfor

# Which test programs there are, those with the longest cases first, so that
# none of these is left to run alone at the end; left alone when nothing changed.
TESTS_LONG=	t_session_random.sh t_load.sh t_table_daemon.sh t_chain.sh
$T/Kyuafile: mk/files.mk mk/test.mk
	@mkdir -p ${@D}
	@{ echo 'syntax(2)'; echo 'test_suite("milter-manager")'; \
	for t in ${TESTS_LONG} \
	    ${TESTS_SH:T:${TESTS_LONG:@t@N$t@:ts:}} ${TESTS_C:T:R}; do \
		echo "atf_test_program{name=\"$$t\"}"; done; } > $@

# What the demonstration needs, too: no ATF in it.
test-helpers: ${PROGRAM} ${TEST_HELP}

tests: test-helpers ${TEST_FILES} $T/Kyuafile

test: tests
	@MM_TEST_BACKEND='${TEST_BACKEND}' MM_TEST_REAL='${TEST_REAL}' \
	    sh mk/test.sh $T '${TEST_PROGRAM}' \
	    ${TESTS}

# Runs over what `bmake amalgamation` writes, compiled without a flag.
test-amalgamation: tests build/amalgamation/milter-manager
	@MM_TEST_BACKEND='${TEST_BACKEND}' MM_TEST_REAL='${TEST_REAL}' \
	    sh mk/test.sh $T \
	    build/amalgamation/milter-manager ${TESTS}

# What some tests use beside the packages that are installed: once.
test-tools:
	@sh mk/sendmail.sh

# 400 sessions under valgrind.
test-leaks: tests
	@sh mk/test-leaks.sh $T '${TEST_PROGRAM}'

# Everything, run after run; closes with the total of all of them.
test-all:
	@sh mk/test-all.sh '${MAKE}'

# Real mail through several real milters, on the terminal.
demo: test-helpers
	@sh mk/demo.sh $T '${PROGRAM}'

.PHONY: test-helpers tests test test-amalgamation test-tools test-leaks \
	test-all demo
