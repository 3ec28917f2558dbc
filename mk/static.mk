# static.mk - the small build: static, over musl where musl-gcc is there.

STATIC_CC?=	musl-gcc
# A table of jumps takes more room than the comparisons it stands for, as what
# the lines after it turn off does than the speed it gives is worth here.  The
# page size is what the data in the file may be moved by, not a page in memory:
# with 4096 up to as many bytes of the file are nothing but padding.
STATIC_CFLAGS?=	-Oz -flto -flto-partition=one -fno-jump-tables \
		-fno-caller-saves -fno-shrink-wrap \
		-fno-tree-switch-conversion -fno-tree-loop-im \
		-fno-move-loop-invariants -fno-thread-jumps \
		-fno-tree-dominator-opts -fno-tree-tail-merge \
		-fno-ipa-sra -fno-tree-fre -fno-partial-inlining \
		-fno-optimize-sibling-calls \
		-ffunction-sections -fdata-sections \
		-fno-asynchronous-unwind-tables -fno-unwind-tables \
		-fno-stack-protector -fno-pie
# Nothing here counts in floating point; where the compiler knows of these
# registers, functions like printf(3) need not save them.
STATIC_REGISTERS?= -mgeneral-regs-only
STATIC_LDFLAGS?= -static -no-pie -Wl,--gc-sections -Wl,--build-id=none \
		-Wl,-z,norelro -Wl,-z,noseparate-code \
		-Wl,-z,common-page-size=256 -s

STATIC=		build/static/milter-manager

static:
	@command -v ${STATIC_CC} >/dev/null || { \
	    echo "static: ${STATIC_CC} is not there; install musl-tools," \
	        "or set STATIC_CC" >&2; exit 1; }
	@${MAKE} ${STATIC}
	@sh mk/static.sh ${STATIC}

${STATIC}: ${SRCS} ${HDRS} mk/static.mk
	@mkdir -p ${@D}
	flags=$$(${STATIC_CC} ${STATIC_REGISTERS} -E -x c /dev/null \
	    >/dev/null 2>&1 && echo "${STATIC_REGISTERS}" || :); \
	${STATIC_CC} -std=c99 ${STATIC_CFLAGS} $$flags ${CFLAGS} ${MM_CPPFLAGS} \
	    ${CPPFLAGS} ${STATIC_LDFLAGS} ${LDFLAGS} -o $@ ${SRCS} ${LIBS}

# What is large in the program as it was built.
size: ${PROGRAM}
	@size ${OBJS} | sort -n -k 4
	@size ${PROGRAM}

.PHONY: static size
