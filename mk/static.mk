# static.mk - the small build: static, over musl where musl-gcc is there.

STATIC_CC?=	musl-gcc
# A table of jumps takes more room than the comparisons it stands for, as what
# the next line turns off does than the speed it gives is worth here.  The
# page size is what the data in the file may be moved by, not a page in memory:
# with 4096 up to as many bytes of the file are nothing but padding.
STATIC_CFLAGS?=	-Oz -flto -flto-partition=one -fno-jump-tables \
		-fno-caller-saves -fno-shrink-wrap \
		-fno-tree-switch-conversion -fno-tree-loop-im \
		-ffunction-sections -fdata-sections \
		-fno-asynchronous-unwind-tables -fno-unwind-tables \
		-fno-stack-protector -fno-pie
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
	${STATIC_CC} -std=c99 ${STATIC_CFLAGS} ${CFLAGS} ${MM_CPPFLAGS} \
	    ${CPPFLAGS} ${STATIC_LDFLAGS} ${LDFLAGS} -o $@ ${SRCS} ${LIBS}

# What is large in the program as it was built.
size: ${PROGRAM}
	@size ${OBJS} | sort -n -k 4
	@size ${PROGRAM}

.PHONY: static size
